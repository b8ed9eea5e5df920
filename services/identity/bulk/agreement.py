"""How far pairs of people agree, field by field: each pair of values is compared once, by what compares them online."""

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from services.identity.bulk.people import Coded, Families, Given, Ints, People, Value
from services.identity.matching import compare, compare_names, nicknames
from services.identity.matching.dates import BirthDate
from services.identity.matching.levels import Birth, Gender, Middle, Name, Number, Phone, Postcode
from services.identity.matching.normalise import Normalised

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
    names = _Names(people, left, right)
    levels = (
        _numbers(people, left, right),
        names.family,
        names.given,
        _further(people.given, left, right),
        _births(people, left, right),
        _plain(people.gender, left, right, Gender),
        _each(people.postcodes, left, right, lambda one, other: _AT[Postcode][compare.postcodes(one, other)]),
        _plain(people.phone, left, right, Phone),
    )
    return Agreement(levels, names.family_shared, names.given_shared, names.shared, *_alike(people, left, right))


def _distinct(one: Ints, other: Ints) -> tuple[Ints, Ints, Ints]:
    """Each pair of codes once, and where each pair has come to."""
    most = int(max(one.max(initial=0), other.max(initial=0))) + 1
    pairs, back = np.unique(one * most + other, return_inverse=True)
    return pairs // most, pairs % most, back


def _each(column: Coded[Value], left: Ints, right: Ints, of: Callable[[Value, Value], int]) -> Ints:
    firsts, seconds, back = _distinct(column.codes[left], column.codes[right])
    values = column.values
    pairs = zip(firsts.tolist(), seconds.tolist(), strict=True)
    return np.fromiter((of(values[one], values[other]) for one, other in pairs), np.int64, len(firsts))[back]


def _plain(column: Coded[str], left: Ints, right: Ints, kind: type[enum.StrEnum]) -> Ints:
    """Fields that are the same or different."""
    known = np.array([value != "" for value in column.values], np.bool_)
    one, other = column.codes[left], column.codes[right]
    found = np.where(one == other, _AT[kind][kind("same")], _AT[kind][kind("different")])
    return np.where(known[one] & known[other], found, _AT[kind][kind("unknown")])


def _numbers(people: People, left: Ints, right: Ints) -> Ints:
    column = people.number
    known = np.array([value != "" for value in column.values], np.bool_)
    one, other = column.codes[left], column.codes[right]
    both = known[one] & known[other]
    found = np.where(both, _AT[Number][Number.SAME], _AT[Number][Number.UNKNOWN])
    apart = both & (one != other)
    sound = valid(column, np.unique(np.r_[one[apart], other[apart]]))
    found[apart] = _each(column, left[apart], right[apart], lambda first, second: _two_numbers(sound, first, second))
    return found


def _two_numbers(right: Mapping[str, bool], one: str, other: str) -> int:
    whole = (Normalised(number=digits, number_valid=right[digits]) for digits in (one, other))
    return _AT[Number][compare.numbers(*whole)]


def valid(column: Coded[str], codes: Ints) -> Mapping[str, bool]:
    """Whether check digits are right (NHS Data Dictionary: NHS NUMBER), of ten digits that are not all the same."""
    numbers = [column.values[code] for code in codes.tolist()]
    digits = np.frombuffer("".join(numbers).encode(), np.uint8).reshape(-1, 10).astype(np.int64) - ord("0")
    # The weighted sum of all ten, the last by 1, is a multiple of 11; a check digit of 10 cannot be written.
    right = digits @ np.arange(10, 0, -1) % 11 == 0
    return dict(zip(numbers, right.tolist(), strict=True))


def _further(column: Coded[Given], left: Ints, right: Ints) -> Ints:
    """Most people state one given name, and of those nothing further is known."""
    several = np.array([len(words) > 1 for words, _ in column.values], np.bool_)
    both = several[column.codes[left]] & several[column.codes[right]]
    found = np.full(len(left), _AT[Middle][Middle.UNKNOWN])
    found[both] = _each(
        column, left[both], right[both], lambda one, other: _AT[Middle][compare_names.further(one[0], other[0])]
    )
    return found


def _births(people: People, left: Ints, right: Ints) -> Ints:
    """Most pairs of dates are the same, or differ in year and day: only the others are looked at one by one."""
    column = people.birth_date
    years, days = _year_and_day(column.values)
    one, other = column.codes[left], column.codes[right]
    apart = (years[one] > 0) & (years[other] > 0) & (days[one] > 0) & (days[other] > 0)
    apart &= (years[one] != years[other]) & (days[one] != days[other])
    found = np.full(len(left), _AT[Birth][Birth.DIFFERENT])
    rest = ~apart
    found[rest] = _each(
        column, left[rest], right[rest], lambda first, second: _AT[Birth][compare.birth_dates(first, second)]
    )
    return found


def _year_and_day(dates: Sequence[BirthDate | None]) -> tuple[Ints, Ints]:
    years = [date.year if date else 0 for date in dates]
    days = [100 * date.month + date.day if date and date.whole else 0 for date in dates]
    return np.array(years, np.int64), np.array(days, np.int64)


class _Names:
    """Agreement of both names: levels, and what they share."""

    def __init__(self, people: People, left: Ints, right: Ints) -> None:
        self._people = people
        self._numbers: dict[str, int] = {"": 0}
        self.family, self.family_shared = self._apart(people.families, left, right, self._family)
        self.given, self.given_shared = self._apart(people.given, left, right, self._given)
        self._put(self._unnamed(left, right), Name.UNNAMED, given_only=True)
        self._put(self._crossed(left, right), Name.SWAPPED, given_only=False)
        self.shared = tuple(self._numbers)

    def _apart(
        self, column: Coded[Value], left: Ints, right: Ints, of: Callable[[Value, Value], compare_names.NameAgreement]
    ) -> tuple[Ints, Ints]:
        def packed(one: Value, other: Value) -> int:
            found = of(one, other)
            return _AT[Name][found.level] + len(Name) * self._numbers.setdefault(found.shared, len(self._numbers))

        both = _each(column, left, right, packed)
        return both % len(Name), both // len(Name)

    def _family(self, one: Families, other: Families) -> compare_names.NameAgreement:
        return compare_names.families(one, other)

    def _given(self, one: Given, other: Given) -> compare_names.NameAgreement:
        return compare_names.givens(one[0], other[0], nicknames.KNOWN)

    def _unnamed(self, left: Ints, right: Ints) -> NDArray[np.bool_]:
        unnamed = np.array([value[1] for value in self._people.given.values], np.bool_)
        codes = self._people.given.codes
        return unnamed[codes[left]] | unnamed[codes[right]]

    def _crossed(self, left: Ints, right: Ints) -> NDArray[np.bool_]:
        other = [_AT[Name][level] for level in compare_names.OTHER]
        maybe = (self.family == _AT[Name][Name.DIFFERENT]) & np.isin(self.given, other)
        found = np.zeros(len(left), np.bool_)
        for at in np.flatnonzero(maybe).tolist():
            found[at] = compare_names.crossed(self._named(left[at]), self._named(right[at]), nicknames.KNOWN)
        return found

    def _named(self, at: int) -> Normalised:
        given, families = self._people.given, self._people.families
        return Normalised(given=given.values[given.codes[at]][0], families=families.values[families.codes[at]])

    def _put(self, where: NDArray[np.bool_], level: Name, *, given_only: bool) -> None:
        self.given[where], self.given_shared[where] = _AT[Name][level], 0
        if not given_only:
            self.family[where], self.family_shared[where] = _AT[Name][level], 0


def _alike(people: People, left: Ints, right: Ints) -> tuple[Ints, Ints]:
    families = Coded(people.families.codes, tuple("".join(each[0]) if each else "" for each in people.families.values))
    givens = Coded(people.given.codes, tuple(each[0][0] if each[0] else "" for each in people.given.values))
    return _letters(families, left, right), _letters(givens, left, right)


def _letters(column: Coded[str], left: Ints, right: Ints) -> Ints:
    """compare_names.alike of many pairs, by rapidfuzz's own loop."""
    words: dict[str, int] = {}
    codes = np.array([words.setdefault(value, len(words)) for value in column.values], np.int64)[column.codes]
    firsts, seconds, back = _distinct(codes[left], codes[right])
    texts = np.array([*words, ""], dtype=object)[:-1]
    found = process.cpdist(
        texts[firsts].tolist(), texts[seconds].tolist(), scorer=JaroWinkler.similarity, dtype=np.float64
    )
    known = np.array([word != "" for word in words], np.bool_)
    return np.where(known[firsts] & known[seconds], (10 * np.asarray(found)).astype(np.int64), -1)[back]
