"""The keys of blocking.keys as integers, for all people at once: who shares one shares the other."""

import dataclasses
import itertools
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk.people import Coded, Ints, People, Value
from services.identity.matching import spelling
from services.identity.matching.dates import BirthDate

Words = NDArray[np.uint64]
Numbers = dict[str, int]
"""A number for each text that is part of a key."""

# Odd constants of splitmix64: keys of different parts meet by chance once in 2^64, and then are compared for nothing.
_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@dataclasses.dataclass(frozen=True)
class _Part:
    """What a kind of key is made of: parts of people, any number for each; `whose` are positions of people."""

    whose: Ints
    values: Ints

    def with_(self, other: "_Part") -> "_Pairs":
        """Each part of a person together with each other part of the same one."""
        starts = np.searchsorted(other.whose, self.whose)
        counts = np.searchsorted(other.whose, self.whose, side="right") - starts
        mine = np.repeat(np.arange(len(self.whose)), counts)
        theirs = np.repeat(starts - np.r_[0, np.cumsum(counts)[:-1]], counts) + np.arange(len(mine))
        return _Pairs(self.whose[mine], (self.values[mine], other.values[theirs]))


@dataclasses.dataclass(frozen=True)
class _Pairs:
    whose: Ints
    values: tuple[Ints, ...]

    def with_(self, other: _Part) -> "_Pairs":
        joined = _Part(self.whose, np.arange(len(self.whose))).with_(other)
        places, last = joined.values
        return _Pairs(joined.whose, (*(each[places] for each in self.values), last))


def of(people: People, numbers: Numbers, start: int = 0) -> tuple[Ints, Words]:
    """Positions of people from `start` on, and a key of each; a person has several.

    Keys are comparable with those that were made with the same `numbers`, which grow.
    """
    parts = _Parts(people, numbers, start)
    kinds: Sequence[_Part | _Pairs] = (
        parts.number,
        parts.phone,
        parts.unordered.with_(parts.sounds),
        parts.date.with_(parts.all_sounds),
        parts.date.with_(parts.outwards),
        parts.codes.with_(parts.sounds),
        parts.codes.with_(parts.initials).with_(parts.year),
        parts.outwards.with_(parts.sounds).with_(parts.initials),
        parts.sounds.with_(parts.first_sounds).with_(parts.year),
        parts.sounds.with_(parts.initials).with_(parts.day),
    )
    mixed = [_mixed(number, each.values) for number, each in enumerate(kinds)]
    return np.concatenate([each.whose for each in kinds]) + start, np.concatenate(mixed)


def _mixed(kind: int, values: Ints | tuple[Ints, ...]) -> Words:
    several = values if isinstance(values, tuple) else (values,)
    # Kinds are far apart, so that a small number of one kind is not a small number of another.
    found = np.full(len(several[0]), kind, np.uint64) * _STEP
    for each in several:
        found = (found + _STEP) ^ each.astype(np.uint64)
        found = (found ^ (found >> np.uint64(30))) * _FIRST
        found = (found ^ (found >> np.uint64(27))) * _SECOND
        found ^= found >> np.uint64(31)
    return found


class _Parts:
    """The parts of which keys are made, as blocking has them."""

    def __init__(self, people: People, numbers: Numbers, start: int) -> None:
        self._numbers = numbers
        self._start = start
        self.number, self.phone = self._whole(people.number), self._whole(people.phone)
        self.sounds = self._part(people.families, _sounds)
        # Given names and family names make one kind of key with the whole date.
        self.all_sounds = _united(self.sounds, self._part(people.given, lambda value: _heard(value[0])))
        self.first_sounds = self._part(people.given, lambda value: _heard(value[0][:2]))
        self.initials = self._part(people.given, lambda value: {word[0] for word in value[0][:2]})
        self.outwards = self._part(people.postcodes, lambda value: {outward for outward, _ in value})
        self.codes = self._part(people.postcodes, lambda value: {"".join(code) for code in value if code[1]})
        self.date = self._dates(people.birth_date, _digits)
        self.unordered = self._dates(people.birth_date, _unordered)
        self.year = self._dates(people.birth_date, lambda date: date.year)
        self.day = self._dates(people.birth_date, lambda date: 100 * date.month + date.day if date.whole else 0)

    def _part(self, column: Coded[Value], texts: Callable[[Value], Collection[str]]) -> _Part:
        used, codes = np.unique(column.codes[self._start :], return_inverse=True)
        found = [texts(column.values[code]) for code in used.tolist()]
        counts = np.fromiter(map(len, found), np.int64, len(found))
        starts = np.cumsum(counts) - counts
        flat = list(itertools.chain.from_iterable(found))
        for text in dict.fromkeys(flat):
            self._numbers.setdefault(text, len(self._numbers))
        numbers = np.fromiter(map(self._numbers.__getitem__, flat), np.int64, len(flat))
        many = counts[codes]
        whose = np.repeat(np.arange(len(codes)), many)
        offsets = np.arange(len(whose)) - np.repeat(np.cumsum(many) - many, many)
        return _Part(whose, numbers[np.repeat(starts[codes], many) + offsets] if len(whose) else whose)

    def _dates(self, column: Coded[BirthDate | None], of: Callable[[BirthDate], int]) -> _Part:
        used, codes = np.unique(column.codes[self._start :], return_inverse=True)
        dates = (column.values[code] for code in used.tolist())
        values = np.fromiter((of(date) if date else 0 for date in dates), np.int64, len(used))[codes]
        whose = np.flatnonzero(values)
        return _Part(whose, values[whose])

    def _whole(self, column: Coded[str]) -> _Part:
        """Of a field that is a key by itself, the code will do."""
        codes = column.codes[self._start :]
        whose = np.flatnonzero(column.table(bool, codes)[codes])
        return _Part(whose, codes[whose])


def _heard(words: tuple[str, ...]) -> set[str]:
    return {spelling.sound(word) for word in words if len(word) > 1}


def _sounds(families: tuple[tuple[str, ...], ...]) -> set[str]:
    parts = {word for name in families for word in name if len(word) > 2}
    return {spelling.sound(word) for word in parts | {"".join(name) for name in families}}


def _digits(date: BirthDate) -> int:
    return 10_000 * date.year + 100 * date.month + date.day if date.whole else 0


def _unordered(date: BirthDate) -> int:
    return 10_000 * date.year + 100 * min(date.month, date.day) + max(date.month, date.day) if date.whole else 0


def _united(one: _Part, other: _Part) -> _Part:
    whose, values = np.r_[one.whose, other.whose], np.r_[one.values, other.values]
    most = int(values.max(initial=0)) + 1
    both = np.unique(whose * most + values)
    return _Part(both // most, both % most)
