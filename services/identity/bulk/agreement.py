"""How far pairs of people agree, field by field: each pair of values is compared once, by what compares them online."""

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from services.identity.bulk import names, spellings
from services.identity.bulk.people import Coded, Given, Ints, People, Value
from services.identity.matching import compare, compare_names
from services.identity.matching.levels import Birth, Gender, Middle, Name, Number, Phone, Postcode

Result = TypeVar("Result")

KINDS: Sequence[type[enum.StrEnum]] = (Number, Name, Name, Middle, Birth, Gender, Postcode, Phone)
"""The levels of each field of compare.FIELDS; a level is kept as its position among them."""

# Levels of different kinds may be equal as texts, so that each kind has positions of its own.
_AT = {kind: {level: position for position, level in enumerate(kind)} for kind in dict.fromkeys(KINDS)}


@dataclasses.dataclass(frozen=True)
class Agreement:
    """Of each pair the levels in the order of compare.FIELDS, and what the names share, as positions in `shared`.

    `*_alike` are those of Comparison. In `shared` the first text is empty: names that share nothing.
    """

    levels: Sequence[Ints]
    family_shared: Ints
    given_shared: Ints
    shared: Sequence[str]
    family_alike: Ints
    given_alike: Ints


def of(people: People, left: Ints, right: Ints) -> Agreement:
    """The agreement of each pair of positions."""
    named = names.Agreement(people, left, right)
    levels = (
        _numbers(people, left, right),
        named.family,
        named.given,
        _further(people.given, left, right),
        _births(people, left, right),
        _plain(people.gender, left, right, Gender),
        _each(people.postcodes, left, right, lambda one, other: _AT[Postcode][compare.postcodes(one, other)]),
        _phones(people.phone, left, right),
    )
    shared = named.family_shared, named.given_shared, named.shared
    return Agreement(levels, *shared, named.family_alike, named.given_alike)


def _each(column: Coded[Value], left: Ints, right: Ints, of: Callable[[Value, Value], int]) -> Ints:
    firsts, seconds, back = spellings.distinct(column.codes[left], column.codes[right])
    values = column.values
    pairs = zip(firsts.tolist(), seconds.tolist(), strict=True)
    return np.fromiter((of(values[one], values[other]) for one, other in pairs), np.int64, len(firsts))[back]


def _plain(column: Coded[str], left: Ints, right: Ints, kind: type[enum.StrEnum]) -> Ints:
    """Fields that are the same or different."""
    one, other = column.codes[left], column.codes[right]
    known = column.table(bool, one, other) > 0
    found = np.where(one == other, _AT[kind][kind("same")], _AT[kind][kind("different")])
    return np.where(known[one] & known[other], found, _AT[kind][kind("unknown")])


def _phones(column: Coded[str], left: Ints, right: Ints) -> Ints:
    """Who asks stands on the left."""
    found = _plain(column, left, right, Phone)
    one, other = column.codes[left], column.codes[right]
    known = column.table(bool, one, other) > 0
    found[known[one] & ~known[other]] = _AT[Phone][Phone.UNREGISTERED]
    return found


def _numbers(people: People, left: Ints, right: Ints) -> Ints:
    column = people.number
    one, other = column.codes[left], column.codes[right]
    known = column.table(bool, one, other) > 0
    both = known[one] & known[other]
    found = np.where(both, _AT[Number][Number.SAME], _AT[Number][Number.UNKNOWN])
    apart = both & (one != other)
    found[apart] = _two_numbers(column, one[apart], other[apart])
    return found


def _two_numbers(column: Coded[str], one: Ints, other: Ints) -> Ints:
    """compare.numbers of two that are known and not the same."""
    firsts, seconds = ([column.values[code] for code in codes.tolist()] for codes in (one, other))
    slip = spellings.slips(firsts, seconds, 1) == 1
    sound = valid(column, np.unique(np.r_[one, other]))
    both = np.array([sound[first] and sound[second] for first, second in zip(firsts, seconds, strict=True)], np.bool_)
    apart = np.where(both, _AT[Number][Number.DIFFERENT], _AT[Number][Number.UNKNOWN])
    return np.where(slip, _AT[Number][Number.SLIP], apart)


def valid(column: Coded[str], codes: Ints) -> Mapping[str, bool]:
    """Whether check digits are right (NHS Data Dictionary: NHS NUMBER), of ten digits that are not all the same."""
    numbers = [column.values[code] for code in codes.tolist()]
    digits = np.frombuffer("".join(numbers).encode(), np.uint8).reshape(-1, 10).astype(np.int64) - ord("0")
    # The weighted sum of all ten, the last by 1, is a multiple of 11; a check digit of 10 cannot be written.
    right = digits @ np.arange(10, 0, -1) % 11 == 0
    return dict(zip(numbers, right.tolist(), strict=True))


def _further(column: Coded[Given], left: Ints, right: Ints) -> Ints:
    """Most people state one given name, and of those nothing further is known."""
    one, other = column.codes[left], column.codes[right]
    several = column.table(lambda value: len(value[0]) > 1, one, other) > 0
    both = several[one] & several[other]
    found = np.full(len(left), _AT[Middle][Middle.UNKNOWN])
    found[both] = _each(
        column, left[both], right[both], lambda one, other: _AT[Middle][compare_names.further(one[0], other[0])]
    )
    return found


def _births(people: People, left: Ints, right: Ints) -> Ints:
    """Most pairs of dates are the same, or differ in year and day: only the others are looked at one by one."""
    column = people.birth_date
    one, other = column.codes[left], column.codes[right]
    years = column.table(lambda date: date.year if date else 0, one, other)
    days = column.table(lambda date: 100 * date.month + date.day if date and date.whole else 0, one, other)
    apart = (years[one] > 0) & (years[other] > 0) & (days[one] > 0) & (days[other] > 0)
    apart &= (years[one] != years[other]) & (days[one] != days[other])
    found = np.full(len(left), _AT[Birth][Birth.DIFFERENT])
    rest = ~apart
    found[rest] = _each(
        column, left[rest], right[rest], lambda first, second: _AT[Birth][compare.birth_dates(first, second)]
    )
    return found
