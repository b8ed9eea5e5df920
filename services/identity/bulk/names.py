"""How far the names of pairs of people agree, and what they share: compare_names for columns of them."""

from collections.abc import Callable, Iterable
from typing import Generic

import numpy as np

from services.identity.bulk import spellings
from services.identity.bulk.people import Coded, Families, Given, Ints, People, Value
from services.identity.bulk.spellings import AT, Flags
from services.identity.matching import compare_names, nicknames
from services.identity.matching.levels import Name

_ONE_NAME = [AT[level] for level in compare_names.ONE_NAME]
_OTHER = [AT[level] for level in compare_names.OTHER]


class Agreement:
    """Levels of both names, what they share as positions in `shared`, and how alike they are letter by letter."""

    def __init__(self, people: People, left: Ints, right: Ints) -> None:
        self._people = people
        self._numbers: dict[str, int] = {"": 0}
        families, given = _Words(people.families, left, right, _present), _Words(people.given, left, right, _first)
        self.family, self.family_shared = self._of_families(families)
        self.given, self.given_shared = self._of_given(given)
        self.family_alike, self.given_alike = families.alike(), given.alike()
        self._put(self._unnamed(left, right), Name.UNNAMED, given_only=True)
        self._put(self._crossed(left, right), Name.SWAPPED, given_only=False)
        self.shared = tuple(self._numbers)

    def _of_families(self, words: "_Words[Families]") -> tuple[Ints, Ints]:
        level, shared = self._exact(words)
        level[words.apart] = words.levels(spellings.Pairs.families)
        plain = words.both(lambda value: len(value) == 1 and len(value[0]) == 1)
        for at in np.flatnonzero(words.apart & ~plain).tolist():
            self._keep(compare_names.families(*words.values(at)), at, level, shared)
        return level[words.back], shared[words.back]

    def _of_given(self, words: "_Words[Given]") -> tuple[Ints, Ints]:
        level, shared = self._exact(words)
        level[words.apart] = words.levels(spellings.Pairs.givens)
        # Two who state one name each share no further one.
        further = words.apart & ~words.both(lambda value: len(value[0]) < 2)
        settled = np.isin(level, _ONE_NAME).tolist()
        for at in np.flatnonzero(further).tolist():
            one, other = (names for names, _ in words.values(at))
            common = not settled[at] and not set(one).isdisjoint(other)
            if common or "".join(one) == "".join(other):
                self._keep(compare_names.givens(one, other, nicknames.KNOWN), at, level, shared)
        return level[words.back], shared[words.back]

    def _exact(self, words: "_Words[Value]") -> tuple[Ints, Ints]:
        """Levels where the words are the same, and what is shared there."""
        level = np.where(words.known, AT[Name.EXACT], AT[Name.UNKNOWN])
        shared = np.zeros(len(level), np.int64)
        same = words.known & ~words.apart
        used, back = np.unique(words.one[same], return_inverse=True)
        shared[same] = np.array(self._shared(words.texts[code] for code in used.tolist()), np.int64)[back]
        return level, shared

    def _shared(self, texts: Iterable[str]) -> list[int]:
        return [self._numbers.setdefault(text, len(self._numbers)) for text in texts]

    def _keep(self, found: compare_names.NameAgreement, at: int, level: Ints, shared: Ints) -> None:
        level[at] = AT[found.level]
        (shared[at],) = self._shared([found.shared])

    def _unnamed(self, left: Ints, right: Ints) -> Flags:
        given = self._people.given
        one, other = given.codes[left], given.codes[right]
        unnamed = given.table(lambda value: value[1], one, other) > 0
        return unnamed[one] | unnamed[other]

    def _crossed(self, left: Ints, right: Ints) -> Flags:
        maybe = (self.family == AT[Name.DIFFERENT]) & np.isin(self.given, _OTHER)
        found = np.zeros(len(left), np.bool_)
        found[maybe] = list(map(self._stand_crossed, left[maybe].tolist(), right[maybe].tolist()))
        return found

    def _stand_crossed(self, one: int, other: int) -> bool:
        given, families = self._people.given.at, self._people.families.at
        return compare_names.crossed(families(one), given(one)[0], families(other), given(other)[0], nicknames.KNOWN)

    def _put(self, where: Flags, level: Name, *, given_only: bool) -> None:
        self.given[where], self.given_shared[where] = AT[level], 0
        if not given_only:
            self.family[where], self.family_shared[where] = AT[level], 0


class _Words(Generic[Value]):
    """Each pair of names once, by the word that counts most in each name; `back` says where each pair has come to.

    `one` and `other` point into `texts`; `known` is where both are there, `apart` where they are two different words.
    """

    def __init__(self, column: Coded[Value], left: Ints, right: Ints, word: Callable[[Value], str]) -> None:
        self._column = column
        self._left, self._right, self.back = spellings.distinct(column.codes[left], column.codes[right])
        numbers: dict[str, int] = {"": 0}
        of = column.table(lambda value: numbers.setdefault(word(value), len(numbers)), self._left, self._right)
        self.texts = tuple(numbers)
        self.one, self.other = of[self._left], of[self._right]
        self.known = (self.one > 0) & (self.other > 0)
        self.apart = self.known & (self.one != self.other)
        one, other, self._to = spellings.distinct(self.one[self.apart], self.other[self.apart])
        self._pairs = spellings.Pairs(self.texts, one, other)

    def both(self, holds: Callable[[Value], bool]) -> Flags:
        """Where something holds of both names."""
        flags = self._column.table(holds, self._left, self._right) > 0
        return flags[self._left] & flags[self._right]

    def values(self, at: int) -> tuple[Value, Value]:
        """Both names of a pair."""
        return self._column.values[self._left[at]], self._column.values[self._right[at]]

    def levels(self, of: Callable[[spellings.Pairs], Ints]) -> Ints:
        """The level of each pair that is apart."""
        return of(self._pairs)[self._to]

    def alike(self) -> Ints:
        """compare_names.alike of each pair."""
        found = np.where(self.known, 10, -1)
        found[self.apart] = (10 * self._pairs.alike).astype(np.int64)[self._to]
        return found[self.back]


def _present(names: Families) -> str:
    return "".join(names[0]) if names else ""


def _first(value: Given) -> str:
    return value[0][0] if value[0] else ""
