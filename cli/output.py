"""What commands print: tables for people, JSON for programs; never both."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """The option `--json`, which the command receives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def as_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def line(value: Mapping[str, Any]) -> None:
    """Print a value as one line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; text in it is shown as it is, whatever brackets it has."""
    import rich.table
    import rich.text

    made = rich.table.Table(*columns, title=title, title_justify="left")
    for row in rows:
        made.add_row(*(rich.text.Text(str(cell)) for cell in row))
    screen().print(made)


def say(text: str) -> None:
    """Print a line with rich's markup, to standard error: it is not the command's answer."""
    screen(stderr=True).print(text, highlight=False)


@contextlib.contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while the block runs, advanced by what it yields; nothing where nobody looks."""
    import rich.progress as bars

    console = screen(stderr=True)
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


def screen(*, stderr: bool = False) -> Any:
    """A rich console; wide where nobody looks, so that no cell is cut in a pipe."""
    import rich.console

    found = rich.console.Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else rich.console.Console(stderr=stderr, highlight=False, width=200)
