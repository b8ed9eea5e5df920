"""How the story looks in a terminal: numbered steps with their times, and panels beside each other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

INDENT = 4


class StepFailed(Exception):
    """A step of the story did not come to pass; the text names the step."""


class Screen:
    """Prints the story; times are wall-clock."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._step = 0

    def title(self, text: str, below: str) -> None:
        """The head of the story."""
        self.console.print()
        self.console.print(Rule(Text(text, style="bold")))
        self.console.print(Text(below, style="dim", justify="center"))

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A step: named while it runs, ticked with its time when it is done. Raises StepFailed when it fails."""
        self._step += 1
        started = time.monotonic()
        self.console.print()
        try:
            with self.console.status(Text(what)):
                yield
        except Exception as failure:
            self.console.print(Text.assemble(("✗ ", "red"), (f"{self._step}. {what}", "bold")))
            raise StepFailed(f"step {self._step}, {what}: {failure or type(failure).__name__}") from failure
        seconds = time.monotonic() - started
        took = f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
        self.console.print(Text.assemble(("✓ ", "green"), (f"{self._step}. {what}", "bold"), (f"  {took}", "dim")))

    def say(self, text: str, *, style: str = "") -> None:
        """A line or paragraph under the step."""
        self.console.print(Padding(Text(text, style=style), (0, 0, 0, INDENT)))

    def facts(self, rows: Iterable[tuple[str, object]]) -> None:
        """Names and values under the step."""
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        for name, value in rows:
            table.add_row(name, Text(str(value)))
        self.console.print(Padding(table, (0, 0, 0, INDENT)))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table under the step."""
        table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
        for row in rows:
            table.add_row(*(Text(str(cell)) for cell in row))
        self.console.print(Padding(table, (0, 0, 0, INDENT)))

    def beside(self, left: tuple[str, str], right: tuple[str, Sequence[str]]) -> None:
        """Two panels: a text as it is, and a list."""
        points = [Text(f"• {line}") for line in right[1]]
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=3)
        grid.add_column(ratio=2)
        grid.add_row(
            Panel(Text(left[1].strip()), title=Text(left[0]), title_align="left", border_style="green"),
            Panel(Group(*points), title=Text(right[0]), title_align="left", border_style="yellow"),
        )
        self.console.print(Padding(grid, (0, 0, 0, INDENT)))
