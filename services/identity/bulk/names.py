"""How far the names of pairs of people agree, and what they share: compare_names for columns of them."""

from collections.abc import Callable, Sequence

import numpy as np

from services.identity.bulk import spellings
from services.identity.bulk.grown import Ints, combined
from services.identity.bulk.people import People
from services.identity.bulk.spellings import AT
from services.identity.bulk.words import Flags, Words
from services.identity.matching import compare_names, nicknames
from services.identity.matching.compare_names import NameAgreement
from services.identity.matching.levels import Name

_ONE_NAME = [AT[level] for level in compare_names.ONE_NAME]
_OTHER = [AT[level] for level in compare_names.OTHER]


class Agreement:
    """Levels of both names, the words they share or 0, and how alike they are letter by letter."""

    def __init__(self, people: People, left: Ints, right: Ints) -> None:
        self._people = people
        self._words = people.known.words
        self._families = people.families.codes[left], people.families.codes[right]
        self._givens = people.given.codes[left], people.given.codes[right]
        present, first = people.known.families.present.word, people.known.given.stated.first
        families = _Pairs(self._words, *(present[codes] for codes in self._families))
        given = _Pairs(self._words, *(first[codes] for codes in self._givens))
        self.family, self.family_shared = self._of_families(families)
        self.given, self.given_shared = self._of_given(given)
        self.family_alike, self.given_alike = families.alike(), given.alike()
        self._put(self._unnamed(), Name.UNNAMED, given_only=True)
        self._put(self._crossed(), Name.SWAPPED, given_only=False)

    def _of_families(self, pairs: "_Pairs") -> tuple[Ints, Ints]:
        level, shared = pairs.exact()
        level[pairs.apart] = pairs.apart_levels(spellings.Pairs.families)
        one, other = self._families
        plain, values = self._people.known.families.present.plain, self._people.families.values
        at = np.flatnonzero(pairs.apart & ~(plain[one] & plain[other]))
        one, other, back = spellings.distinct(one[at], other[at])
        levels, words = self._of_several(one, other), np.zeros(len(one), np.int64)
        for place in np.flatnonzero(levels < 0).tolist():
            found = compare_names.families(values[one[place]], values[other[place]])
            levels[place], words[place] = AT[found.level], self._words[found.shared]
        level[at], shared[at] = levels[back], words[back]
        return level, shared

    def _of_several(self, one: Ints, other: Ints) -> Ints:
        """The best level of any two of several names; -1 where names or parts of them are the same."""
        known = self._people.known.families
        pair, (left, right) = combined(known.whole.at(one), known.whole.at(other))
        first, second, back = spellings.distinct(left, right)
        found = np.full(len(one), AT[Name.DIFFERENT])
        # The same ones are put right below.
        np.minimum.at(found, pair, spellings.Pairs(self._words, first, second).families()[back])
        pair, (left, right) = combined(known.written.at(one), known.written.at(other))
        found[pair[left == right]] = -1
        return found

    def _of_given(self, pairs: "_Pairs") -> tuple[Ints, Ints]:
        level, shared = pairs.exact()
        level[pairs.apart] = pairs.apart_levels(spellings.Pairs.givens)
        values = self._people.given.values
        one, other = self._givens
        at = self._sharing_further(np.flatnonzero(pairs.apart), level)
        one, other, back = spellings.distinct(one[at], other[at])
        each = zip(one.tolist(), other.tolist(), strict=True)
        found = [compare_names.givens(values[first][0], values[second][0], nicknames.KNOWN) for first, second in each]
        level[at], shared[at] = self._numbered(found, back)
        return level, shared

    def _numbered(self, found: Sequence[NameAgreement], back: Ints) -> tuple[Ints, Ints]:
        level = np.array([AT[each.level] for each in found], np.int64)
        return level[back], np.array([self._words[each.shared] for each in found], np.int64)[back]

    def _sharing_further(self, apart: Ints, level: Ints) -> Ints:
        """Of the pairs whose first names are not the same, those whose further ones may say more."""
        stated, values = self._people.known.given.stated, self._people.given.values
        one, other = (codes[apart] for codes in self._givens)
        # Two who state one name each share no further one.
        some = np.flatnonzero((stated.counts[one] > 1) | (stated.counts[other] > 1))
        sides = stated.at(one[some]), stated.at(other[some])
        pair, (left, right) = combined(*sides)
        common = np.zeros(len(some), np.bool_)
        common[pair[left == right]] = True
        common &= ~np.isin(level[apart[some]], _ONE_NAME)
        letters = self._words.letters
        length, other_length = (np.bincount(side.whose, letters.length[side.flat], len(some)) for side in sides)
        first, other_first = (letters.first[side.first] for side in sides)
        # Of those that are as long and begin alike, few are the same without their spaces.
        for at in np.flatnonzero(~common & (length == other_length) & (first == other_first)).tolist():
            names = (values[side[some[at]]][0] for side in (one, other))
            common[at] = "".join(next(names)) == "".join(next(names))
        return apart[some[common]]

    def _unnamed(self) -> Flags:
        unnamed = self._people.known.given.unnamed
        one, other = self._givens
        return unnamed[one] | unnamed[other]

    def _crossed(self) -> Flags:
        """compare_names.crossed of each pair; who does not stand so in one direction is not asked in the other."""
        found = np.zeros(len(self.family), np.bool_)
        maybe = np.flatnonzero((self.family == AT[Name.DIFFERENT]) & np.isin(self.given, _OTHER))
        maybe = maybe[self._carries(self._families[0][maybe], self._givens[1][maybe])]
        maybe = maybe[self._carries(self._families[1][maybe], self._givens[0][maybe])]
        found[maybe] = True
        return found

    def _carries(self, families: Ints, given: Ints) -> Flags:
        known = self._people.known
        pair, (one, other) = combined(known.families.written.at(families), known.given.written(given))
        found = np.zeros(len(families), np.bool_)
        found[pair[spellings.one_name(self._words, one, other)]] = True
        return found

    def _put(self, where: Flags, level: Name, *, given_only: bool) -> None:
        self.given[where], self.given_shared[where] = AT[level], 0
        if not given_only:
            self.family[where], self.family_shared[where] = AT[level], 0


class _Pairs:
    """Pairs of words, of which each may be 0; `apart` is where they are two different ones."""

    def __init__(self, words: Words, one: Ints, other: Ints) -> None:
        self._one, self._known = one, (one > 0) & (other > 0)
        self.apart = self._known & (one != other)
        first, second, self._back = spellings.distinct(one[self.apart], other[self.apart])
        self._distinct = spellings.Pairs(words, first, second)

    def exact(self) -> tuple[Ints, Ints]:
        """Levels where the words are the same, and what is shared there."""
        level = np.where(self._known, AT[Name.EXACT], AT[Name.UNKNOWN])
        return level, np.where(self._known & ~self.apart, self._one, 0)

    def apart_levels(self, of: Callable[[spellings.Pairs], Ints]) -> Ints:
        """The level of each pair that is apart."""
        return of(self._distinct)[self._back]

    def alike(self) -> Ints:
        """compare_names.alike of each pair."""
        found = np.where(self._known, 10, -1)
        found[self.apart] = (10 * self._distinct.alike).astype(np.int64)[self._back]
        return found
