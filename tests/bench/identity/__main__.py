"""`make bench-identity`: measures ours and Splink 5 in turn on the same data, and prints both.

Figures come from modules of this folder; to add some, write a module that yields them and name it in `_parts`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click
from rich.console import Console

from tests.bench.identity import accuracy, figures, online, practice, rate, report
from tests.bench.identity import page as pages
from tests.bench.identity.figures import Figure
from tests.bench.report import CHECKOUT

console = Console(stderr=True)


def _parts(
    directory: Path, registered: int, queries: int, more: int, picture: Path | None
) -> Mapping[str, Callable[[], Iterable[Figure]]]:
    """What can be measured, by the name under which --only asks for it."""

    def rates() -> Iterable[Figure]:
        folder = practice.invented(directory, registered=registered, queries=queries)
        yield from rate.figures(folder, queries, directory)

    def traces() -> Iterable[Figure]:
        return map(figures.of_row, online.rows(registered, more), online.AIMS)

    return {"accuracy": lambda: accuracy.figures(directory, picture), "rate": rates, "online": traces}


@click.command()
@click.option("--registered", default=100_000, show_default=True, help="People of the invented register.")
@click.option("--queries", default=50_000, show_default=True, help="Of how many is asked in bulk.")
@click.option("--more", default=0, help="Trace online in a register of so many people as well, such as 1000000.")
@click.option("--only", multiple=True, help="A part: accuracy, rate, online; may be given more than once.")
@click.option("--page", is_flag=True, help="Write figures and plot to docs/reference/matching.md as well.")
@click.option("--strict", is_flag=True, help="Exit with 1 when a figure is not what it must be.")
def main(*, registered: int, queries: int, more: int, only: tuple[str, ...], page: bool, strict: bool) -> None:
    """Measure, print the table and write build/bench-identity.json."""
    begun = time.perf_counter()
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as directory:
        picture = pages.PICTURE if page else None
        for name, measured in _parts(Path(directory), registered, queries, more, picture).items():
            if not only or name in only:
                console.print(f"measuring {name}")
                found += measured()
    report.show(found)
    if not practice.present():
        console.print(f"practice sets are not at {practice.FOLDER}: their figures were left out")
    if page:
        pages.write(found)
    path = report.write(found, time.perf_counter() - begun)
    console.print(f"written to {path.relative_to(CHECKOUT)}")
    sys.exit(1 if strict and not all(each.reaches(each.must) for each in found) else 0)


if __name__ == "__main__":
    main()
