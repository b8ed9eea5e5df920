"""How far dates of birth agree: compare.birth_dates for columns of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk.grown import Grown, Ints
from services.identity.matching.dates import BirthDate
from services.identity.matching.levels import Birth

_AT = {level: position for position, level in enumerate(Birth)}
Flags = NDArray[np.bool_]


class Parts(NamedTuple):
    """The parts of each date, 0 where they are not known."""

    year: Ints
    month: Ints
    day: Ints


class BirthDates:
    """Dates of birth; not to be shared between threads."""

    def __init__(self, values: Sequence[BirthDate | None]) -> None:
        self._parts = Grown(values, _parts)

    @property
    def parts(self) -> Parts:
        """The parts of each."""
        return self._parts.now

    def agreement(self, one: Ints, other: Ints) -> Ints:
        """The level of each pair."""
        parts = self.parts
        left, right = (Parts(*(part[codes] for part in parts)) for codes in (one, other))
        whole = (left.day > 0) & (right.day > 0)
        same = left.year == right.year
        found = np.full(len(one), _AT[Birth.DIFFERENT])
        for where, of in ((whole & same, _same_year), (whole & ~same, _other_year), (~whole, _partly)):
            rest = np.flatnonzero(where)
            found[rest] = of(*(Parts(*(part[rest] for part in parts)) for parts in (left, right)))
        return found


def _parts(dates: Sequence[BirthDate | None]) -> Parts:
    each = [(date.year, date.month, date.day) if date else (0, 0, 0) for date in dates]
    return Parts(*np.array(each, np.int64).reshape(-1, 3).T)


def _same_year(left: Parts, right: Parts) -> Ints:
    month, day = left.month == right.month, left.day == right.day
    first, other_first = ((each.month == 1) & (each.day == 1) for each in (left, right))
    levels = (
        (month & day & first, Birth.NEW_YEAR),
        (month & day, Birth.EXACT),
        ((left.month == right.day) & (left.day == right.month), Birth.SWAPPED),
        (first | other_first, Birth.JANUARY),
        (_one_slip(left, right), Birth.DAY_OR_MONTH),
        (month | day, Birth.ONE_PART),
    )
    return _chosen(levels)


def _one_slip(left: Parts, right: Parts) -> Flags:
    """Whether one digit differs, or two neighbours are exchanged: the year is the same, and all have four more."""
    one, other = (_digits(100 * each.month + each.day) for each in (left, right))
    differ = one != other
    many = differ.sum(axis=1)
    crossed = differ[:, :-1] & (one[:, :-1] == other[:, 1:]) & (one[:, 1:] == other[:, :-1])
    found: Flags = (many == 1) | ((many == 2) & crossed.any(axis=1))
    return found


def _digits(four: Ints) -> Ints:
    found: Ints = four[:, None] // np.array([1000, 100, 10, 1]) % 10
    return found


def _other_year(left: Parts, right: Parts) -> Ints:
    same_day = (left.month == right.month) & (left.day == right.day)
    found = np.full(len(same_day), _AT[Birth.DIFFERENT])
    rest = np.flatnonzero(same_day)
    one, other = left.year[rest], right.year[rest]
    digits = np.sort(_digits(one), axis=1), np.sort(_digits(other), axis=1)
    near = np.isin(np.abs(one - other), (1, 2, 10)) | (digits[0] == digits[1]).all(axis=1)
    found[rest[near]] = _AT[Birth.YEAR]
    return found


def _partly(left: Parts, right: Parts) -> Ints:
    unknown = (left.year == 0) | (right.year == 0)
    month = (left.month == 0) | (right.month == 0) | (left.month == right.month)
    return _chosen(((unknown, Birth.UNKNOWN), ((left.year == right.year) & month, Birth.PARTIAL)))


def _chosen(levels: Sequence[tuple[Flags, Birth]]) -> Ints:
    """Of each the first level whose condition holds."""
    return np.select([where for where, _ in levels], [_AT[level] for _, level in levels], _AT[Birth.DIFFERENT])
