"""CSV files of people: read and checked row by row, so that a bad row stops nothing and comes back with its reason."""

import csv
import dataclasses
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
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


class _Reading:
    """One file while it is read, column by column: most rows are as they should be."""

    def __init__(self, headings: tuple[str, ...], at: int, known: Callable[[str], bool], check: Check) -> None:
        self._headings = headings
        self._at = at
        self._used = [place for place, heading in enumerate(headings) if known(heading)]
        self._check = check
        self._rejects: list[Reject] = []

    def read(self, reader: Iterable[list[str]]) -> Sheet:
        lines, rows = self._shaped(list(reader))
        columns = [_side_by_side(cells) for cells in zip(*rows, strict=True)] if rows else [() for _ in self._headings]
        wrong = self._wrong(columns)
        self._once(columns[self._at], wrong)
        if wrong:
            self._rejects += [Reject(lines[place], tuple(rows[place]), reason) for place, reason in wrong.items()]
            right = [place not in wrong for place in range(len(rows))]
            columns = [tuple(itertools.compress(column, right)) for column in columns]
        of_no_use = [heading for place, heading in enumerate(self._headings) if place not in {*self._used, self._at}]
        return Sheet(
            headings=self._headings,
            ids=columns[self._at],
            columns={self._headings[place]: columns[place] for place in self._used},
            rejects=tuple(sorted(self._rejects, key=lambda reject: reject.line)),
            unknown=tuple(heading for heading in of_no_use if heading != REASON),
        )

    def _shaped(self, rows: list[list[str]]) -> tuple[Sequence[int], list[list[str]]]:
        """Rows that have the cells of the first line, and the lines on which they stand."""
        many = len(self._headings)
        lines = [line for line, cells in enumerate(rows, start=2) if len(cells) == many]
        if len(lines) == len(rows):
            return lines, rows
        for line, cells in enumerate(rows, start=2):
            if cells and len(cells) != many:
                reason = f"has {len(cells)} cells where the first line has {many}"
                self._rejects.append(Reject(line, tuple(cells), reason))
        return lines, [rows[line - 2] for line in lines]

    def _wrong(self, columns: Sequence[Sequence[str]]) -> dict[int, str]:
        """The places of rows with an endless or malformed field, and why; each distinct text is looked at once."""
        found: dict[int, str] = {}
        for column in columns:
            if max(map(len, column), default=0) > LONGEST:
                endless = (place for place, text in enumerate(column) if len(text) > LONGEST)
                found |= dict.fromkeys(endless, f"a field is longer than {LONGEST} characters")
        for place in self._used:
            heading, column = self._headings[place], columns[place]
            texts = (text for text in set(column) if text and len(text) <= LONGEST)
            wrong = {text: reason for text in texts if (reason := self._check(heading, text))}
            if wrong:
                for row, text in enumerate(column):
                    if text in wrong:
                        found.setdefault(row, f"{heading}: {wrong[text]}")
        return found

    def _once(self, names: Sequence[str], wrong: dict[int, str]) -> None:
        """Adds the rows that are not named, or by a name that an earlier one has."""
        heading = self._headings[self._at]
        if not wrong and len(set(names)) == len(names) and "" not in names:
            return
        seen: set[str] = set()
        for place, name in enumerate(names):
            if place not in wrong:
                if not name:
                    wrong[place] = f"{heading} is missing"
                elif name in seen:
                    wrong[place] = f"{heading} stands on an earlier row already"
                seen.add(name)


def _side_by_side(cells: Iterable[str]) -> tuple[str, ...]:
    """The texts of a column without blanks at their ends, one after the other in memory and not row by row.

    Who reads a column, or forks and reads one, comes by fewer pages.
    """
    texts = list(map(str.strip, cells))
    joined = "\n".join(texts)
    return tuple(joined.split("\n") if joined.count("\n") == len(texts) - 1 else texts)


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
    digits = text if len(text) == 10 else nhs_number.normalise(text)
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
