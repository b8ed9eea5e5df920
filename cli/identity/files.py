"""What the commands on files have in common: their options, a bar while they work, and what they say at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli import output

if TYPE_CHECKING:
    from services.identity.offline.progress import Summary, Telling

F = TypeVar("F", bound=Callable[..., Any])

IN = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


def rejects_option(command: F) -> F:
    """The option `--rejects`."""
    return click.option(
        "--rejects",
        type=OUT,
        help="Write rows that could not be used here, with the reason; put right, they can be fed back."
        " Those of two files go into FILE-1 and FILE-2.",
    )(command)


def review_option(command: F) -> F:
    """The option `--review`."""
    return click.option("--review", type=OUT, help="Write pairs that a human should look at here.")(command)


@contextmanager
def bar(steps: int) -> Iterator[Telling]:
    """A progress bar on standard error, which moves with each step; nothing where nobody looks."""
    import rich.progress

    columns = (
        rich.progress.TextColumn("{task.description}"),
        rich.progress.BarColumn(),
        rich.progress.MofNCompleteColumn(),
        rich.progress.TimeElapsedColumn(),
    )
    screen = output.screen(stderr=True)
    # Drawn anew at each step only: a thread that draws in between would keep the work from using a second processor.
    made = rich.progress.Progress(
        *columns, console=screen, transient=True, auto_refresh=False, disable=not screen.is_terminal
    )
    with made as shown:
        task = shown.add_task("starting", total=steps)

        def tell(step: str) -> None:
            shown.update(task, description=step, advance=1, refresh=True)

        yield tell


def report(summary: Summary, *, as_json: bool) -> None:
    """Says what was found, and what was left out."""
    if as_json:
        output.as_json({**summary.counts, "notices": list(summary.notices)})
        return
    for notice in summary.notices:
        output.say(f"[yellow]![/] {escaped(notice)}")
    output.say(", ".join(f"{name} {count:,}" for name, count in summary.counts.items()))


def escaped(text: str) -> str:
    """Text of a file as it is, whatever brackets it has."""
    import rich.markup

    return rich.markup.escape(text)
