"""People in a CSV file, in the columns of the practice sets; a column that is missing is a field nobody knows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from joinedup.identity.v1 import identity_pb2

ROW = "row"
"""The column that names a row in what is written of it."""

IDS = ("query_id", "person_id", "record_id", "id", ROW)
"""Columns that may name a row; the first that is there does. Without any, a row is named by its place in the file."""

_NAMES = ("given_name", "middle_name", "family_name", "prev_family_name")
FIELDS = frozenset((*_NAMES, "nhs_number", "birth_date", "gender", "postcode", "prev_postcode", "phone"))
"""Columns that say something of a person; any other is left alone."""

Row = Mapping[str, str]


class Rows:
    """The rows of one file; each time they are read from the beginning, and never held as a whole."""

    def __init__(self, path: Path) -> None:
        """Reads the header. Raises click.UsageError where no column says anything of a person."""
        self.path = path
        with path.open(encoding="utf-8-sig", newline="") as lines:
            self.columns = [name.strip() for name in next(csv.reader(lines), [])]
        if not FIELDS.intersection(self.columns):
            raise click.UsageError(f"{path} has none of the columns {', '.join(sorted(FIELDS))}")
        self._id = next((name for name in IDS if name in self.columns), "")

    def __iter__(self) -> Iterator[tuple[str, Row]]:
        """Each row with its id."""
        with self.path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines)
            next(reader, None)
            for place, cells in enumerate((cells for cells in reader if cells), start=1):
                row = dict(zip(self.columns, cells, strict=False))
                yield row.get(self._id, "").strip() or str(place), row

    def count(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)


def demographics(row: Row) -> identity_pb2.Demographics:
    """What a row says of somebody, as it stands now."""
    given = [name for column in ("given_name", "middle_name") if (name := _text(row, column))]
    return identity_pb2.Demographics(
        nhs_number=_text(row, "nhs_number"),
        name=identity_pb2.Name(given=given, family=_text(row, "family_name")),
        birth_date=_text(row, "birth_date"),
        gender=_text(row, "gender").lower(),
        address=identity_pb2.Address(postcode=_text(row, "postcode")),
        telephone=_text(row, "phone"),
    )


def as_before(row: Row) -> identity_pb2.Demographics | None:
    """What was so before (family name, postcode), or None where the row says nothing of it.

    Only of somebody who is found again for certain, by NHS Number and date of birth: else it would be somebody new.
    """
    before = {name: _text(row, f"prev_{name}") for name in ("family_name", "postcode")}
    stated = demographics(row)
    if not any(before.values()) or not stated.nhs_number or len(stated.birth_date) != len("1984-03-09"):
        return None
    stated.name.family = before["family_name"] or stated.name.family
    stated.address.postcode = before["postcode"] or stated.address.postcode
    return stated


def _text(row: Row, column: str) -> str:
    return row.get(column, "").strip()
