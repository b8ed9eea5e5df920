"""Loads the synthetic place into a running stack: `python -m devstack.loading --people 2000`."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import click
from rich import console, progress

from chassis import errors
from devstack import paths
from devstack.loading import encounters, load, record, settled
from devstack.place import numbering
from devstack.place.place import Place

screen = console.Console(stderr=True)


@click.command(help=__doc__)
@click.option("--people", type=click.IntRange(1, numbering.MOST_PEOPLE), default=2_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same place.")
@click.option("--root", type=click.Path(path_type=Path), default=paths.STACK, help="Folder of the stack.")
def main(people: int, seed: int, root: Path) -> None:
    """Load a place; what is there already is not loaded again."""
    began = time.monotonic()
    try:
        place, known = load.of(root, size=people, seed=seed)
        loaded = run(root, place, known)
    except (errors.Failure, encounters.RefusedError, record.OtherPlaceError, settled.NotSettledError) as failure:
        screen.print(f"[red]✗[/] {failure}", highlight=False)
        sys.exit(1)
    screen.print(
        f"[green]✓[/] {len(known.people):,} people ({loaded.people:,} new), {loaded.encounters:,} new contacts, "
        f"{loaded.directory} changes of the directory, in {time.monotonic() - began:.1f} s",
        highlight=False,
    )


def run(root: Path, place: Place, known: record.Record) -> load.Loaded:
    """Load with a progress bar for each stage. Raises what load.load does."""
    columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn())
    with progress.Progress(*columns, progress.TimeElapsedColumn(), console=screen, transient=True) as bars:
        stages: dict[str, progress.TaskID] = {}

        def advance(stage: str, count: int, total: int) -> None:
            if stage not in stages:
                already = len(known.people) - count if stage == "people" else 0
                stages[stage] = bars.add_task(stage, total=total or None, completed=max(0, already))
            bars.advance(stages[stage], count)

        return asyncio.run(load.load(root, place, known, advance))


if __name__ == "__main__":
    main()
