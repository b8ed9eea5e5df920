"""CSV files of people: read and checked row by row, so that a bad row stops nothing and comes back with its reason."""

import csv
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from chassis.errors import Invalid
from services.identity import nhs_number
from services.identity.matching import contacts, dates

REASON = "rejected_because"
"""The heading under which a file of rejects gives the reason; it is ignored when the file is fed back."""

LONGEST = 1_000
"""Characters that a field may have at most; nobody's name is longer, and a broken quote makes one of half a file."""

Check = Callable[[str, str], str]
"""Says of a heading and a text what is wrong; empty where nothing is."""


@dataclasses.dataclass(frozen=True)
class Reject:
    """A row that is not used, as it was, and why."""

    line: int
    cells: tuple[str, ...]
    reason: str


@dataclasses.dataclass(frozen=True)
class Sheet:
    """What a file says: columns of texts of one length, without blanks at their ends; `ids` names the rows."""

    headings: tuple[str, ...]
    ids: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    rejects: tuple[Reject, ...]
    unknown: tuple[str, ...]
    """Headings that are of no use here."""

    def rows(self) -> list[dict[str, str]]:
        """The rows as mappings."""
        names = list(self.columns)
        return [dict(zip(names, cells, strict=True)) for cells in zip(*self.columns.values(), strict=True)]


def read(path: Path, *, ids: Sequence[str], known: Callable[[str], bool], check: Check) -> Sheet:
    """Reads a file. `ids` are the headings that may name a row, of which it must have one.

    Raises Invalid where the file as a whole cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _read(path, lines, ids, known, check)
    except UnicodeDecodeError as failure:
        raise Invalid.of(path.name, "is not written in UTF-8") from failure


def _read(path: Path, lines: Iterable[str], ids: Sequence[str], known: Callable[[str], bool], check: Check) -> Sheet:
    # Longer fields are read too, so that they are rejected row by row.
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(lines)
    headings = tuple(heading.strip() for heading in next(reader, []))
    if not headings:
        raise Invalid.of(path.name, "is empty: its first line has to name its columns")
    if doubled := sorted({heading for heading in headings if headings.count(heading) > 1}):
        raise Invalid.of(path.name, f"has two columns of the name {doubled[0]}")
    name = next((each for each in ids if each in headings), "")
    if not name:
        raise Invalid.of(path.name, f"has no column {' or '.join(ids)}")
    return _Reading(headings, headings.index(name), known, check).read(reader)


@dataclasses.dataclass(frozen=True)
class _Row:
    line: int
    cells: tuple[str, ...]
    texts: list[str]


class _Reading:
    """One file while it is read."""

    def __init__(self, headings: tuple[str, ...], at: int, known: Callable[[str], bool], check: Check) -> None:
        self._headings = headings
        self._at = at
        self._used = [place for place, heading in enumerate(headings) if known(heading)]
        self._check = check
        self._rejects: list[Reject] = []

    def read(self, reader: Iterator[list[str]]) -> Sheet:
        rows = self._once(self._sound(self._shaped(reader)))
        columns = list(zip(*(row.texts for row in rows), strict=True)) if rows else [() for _ in self._headings]
        of_no_use = [heading for place, heading in enumerate(self._headings) if place not in {*self._used, self._at}]
        return Sheet(
            headings=self._headings,
            ids=tuple(columns[self._at]),
            columns={self._headings[place]: tuple(columns[place]) for place in self._used},
            rejects=tuple(sorted(self._rejects, key=lambda reject: reject.line)),
            unknown=tuple(heading for heading in of_no_use if heading != REASON),
        )

    def _shaped(self, reader: Iterator[list[str]]) -> list[_Row]:
        """Rows that have the cells of the first line, none of them endless."""
        found = []
        for line, cells in enumerate(reader, start=2):
            row = _Row(line, tuple(cells), [cell.strip() for cell in cells])
            if len(cells) != len(self._headings):
                if cells:
                    self._reject(row, f"has {len(cells)} cells where the first line has {len(self._headings)}")
            elif max(map(len, cells)) > LONGEST:
                self._reject(row, f"a field is longer than {LONGEST} characters")
            else:
                found.append(row)
        return found

    def _sound(self, rows: list[_Row]) -> list[_Row]:
        """Rows in which no field is malformed; each distinct text is looked at once."""
        for place in self._used:
            heading = self._headings[place]
            texts = {row.texts[place] for row in rows}
            wrong = {text: reason for text in texts if text and (reason := self._check(heading, text))}
            if wrong:
                for row in rows:
                    if row.texts[place] in wrong:
                        self._reject(row, f"{heading}: {wrong[row.texts[place]]}")
                rows = [row for row in rows if row.texts[place] not in wrong]
        return rows

    def _once(self, rows: list[_Row]) -> list[_Row]:
        """Rows that are named, and by a name that no earlier one has."""
        seen: set[str] = set()
        found = []
        for row in rows:
            name = row.texts[self._at]
            if not name:
                self._reject(row, f"{self._headings[self._at]} is missing")
            elif name in seen:
                self._reject(row, f"{self._headings[self._at]} stands on an earlier row already")
            else:
                seen.add(name)
                found.append(row)
        return found

    def _reject(self, row: _Row, reason: str) -> None:
        self._rejects.append(Reject(row.line, row.cells, reason))


def registered(heading: str, text: str) -> str:
    """What is wrong with a field of a record of registered people."""
    if heading == "nhs_number":
        return _number(text)
    return asked(heading, text)


def asked(heading: str, text: str) -> str:
    """The same for who is asked about: a number that is none is left out there, and the rest decides."""
    if heading == "birth_date":
        return dates.problem(text)
    return contacts.postcode_problem(text) if heading in {"postcode", "prev_postcode"} else ""


def anything(heading: str, text: str) -> str:
    """The same for record sets of other registers, where values are compared letter by letter, slips and all."""
    if heading in {"birth_date", "date_of_birth", "dob"} and not any(letter.isdigit() for letter in text):
        return "has no digit"
    return ""


def _number(text: str) -> str:
    """A wrong check digit is a slip of the pen, and evidence: only what cannot be a number is wrong."""
    digits = nhs_number.normalise(text)
    whole = len(digits) == 10 and digits.isascii() and digits.isdigit() and len(set(digits)) > 1
    return "" if whole else nhs_number.problem(text, environment="")


def write_rejects(path: Path, headings: Sequence[str], rejects: Sequence[Reject]) -> None:
    """Writes rejected rows as they were, with the reason in a last column; put right, the file can be fed back."""
    kept = [place for place, heading in enumerate(headings) if heading != REASON]
    rows = []
    for each in rejects:
        padded = [*each.cells, *[""] * (len(headings) - len(each.cells))]
        # Cells beyond the last heading come after the reason: nothing of the row is lost.
        rows.append([*(padded[place] for place in kept), each.reason, *each.cells[len(headings) :]])
    write(path, [*(headings[place] for place in kept), REASON], rows)


def write(path: Path, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a file as a whole: who reads it finds the old one or the new one, never half of one."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(headings)
        writer.writerows(rows)
    part.replace(path)
