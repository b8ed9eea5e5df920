"""Record sets as columns: each field a column of small integers, one for each distinct value."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.identity.linkage import columns
from services.identity.linkage.columns import Kind

Ints = NDArray[np.int64]
Row = Mapping[str, str]

UNKNOWN = -1


@dataclasses.dataclass(frozen=True)
class Column:
    """One field of all records: `codes` point into `values`, and are -1 where the record does not know."""

    name: str
    kind: Kind
    codes: Ints
    values: Sequence[str]
    shares: NDArray[np.float64]
    """Share of the records that know the field, 0 to 1, with each value."""


@dataclasses.dataclass(frozen=True)
class Records:
    """All records of one set, or those of two, the first set's `split` records first."""

    size: int
    split: int
    columns: Mapping[str, Column]


def read(rows: Sequence[Row], *, split: int = 0) -> Records:
    """Rows as columns; fields that nobody states are left out."""
    texts = _texts(rows)
    made = {name: column(name, columns.FIELDS[name][0], values) for name, values in texts.items()}
    return Records(len(rows), split, {name: each for name, each in made.items() if len(each.values)})


def column(name: str, kind: Kind, texts: Sequence[str]) -> Column:
    """A column of comparable texts, of which the empty one is unknown."""
    numbers: dict[str, int] = {"": UNKNOWN}
    codes = np.fromiter((numbers.setdefault(text, len(numbers) - 1) for text in texts), np.int64, len(texts))
    del numbers[""]
    counts = np.bincount(codes[codes >= 0], minlength=len(numbers)).astype(np.float64)
    return Column(name, kind, codes, tuple(numbers), counts / max(1.0, counts.sum()))


def _texts(rows: Sequence[Row]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    present = {heading for row in rows[:1] for heading in row} | {heading for row in rows[-1:] for heading in row}
    for field, (kind, names) in columns.FIELDS.items():
        headings = [name for name in names if name in present]
        if headings:
            found[field] = _folded(kind, (_first(row, headings) for row in rows))
    full = [name for name in columns.FULL_NAMES if name in present]
    if full and not {"given_name", "family_name"} & found.keys():
        whole = [columns.plain(_first(row, full)).split() for row in rows]
        found["given_name"] = _folded(Kind.GIVEN, (" ".join(words[:-1]) for words in whole))
        found["family_name"] = _folded(Kind.FAMILY, (" ".join(words[-1:]) for words in whole))
    if "given_name" in found and "family_name" in found:
        _put_right(found["given_name"], found["family_name"])
    return found


def _first(row: Row, headings: Iterable[str]) -> str:
    return next((row[heading] for heading in headings if row.get(heading)), "")


def _folded(kind: Kind, texts: Iterable[str]) -> list[str]:
    seen: dict[str, str] = {}
    return [seen[text] if text in seen else seen.setdefault(text, columns.fold(kind, text)) for text in texts]


def _put_right(given: list[str], family: list[str]) -> None:
    """Moves a single name to where the data have it more often: a family name alone is often written first."""
    as_family = collections.Counter(family)
    as_given = collections.Counter(one for one, other in zip(given, family, strict=True) if other)
    for at, (one, other) in enumerate(zip(given, family, strict=True)):
        if one and not other and as_family[one] > as_given[one]:
            given[at], family[at] = "", one
