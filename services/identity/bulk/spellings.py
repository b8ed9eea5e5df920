"""How far many pairs of different words agree: the rules of compare_names for all of them at once."""

import functools
import operator
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from services.identity.bulk.people import Ints
from services.identity.matching import compare_names, nicknames, spelling
from services.identity.matching.levels import Name

Flags = NDArray[np.bool_]
Texts = Sequence[str]
Known = TypeVar("Known")

AT = {level: position for position, level in enumerate(Name)}
"""The position of each level of names, by which it is kept."""


def distinct(one: Ints, other: Ints) -> tuple[Ints, Ints, Ints]:
    """Each pair of codes once, and where each pair has come to."""
    most = int(max(one.max(initial=0), other.max(initial=0))) + 1
    pairs, back = np.unique(one * most + other, return_inverse=True)
    return pairs // most, pairs % most, back


def slips(one: Texts, other: Texts, most: int) -> Ints:
    """How many slips lie between the texts of each pair; one more than `most` where there are more."""
    return np.asarray(process.cpdist(one, other, scorer=OSA.distance, score_cutoff=most, dtype=np.int64))


def alike(one: Texts, other: Texts) -> NDArray[np.float64]:
    """How alike the texts of each pair are letter by letter, 0 to 1."""
    return np.asarray(process.cpdist(one, other, scorer=JaroWinkler.similarity, dtype=np.float64))


class Pairs:
    """Pairs of words, as positions in `words`; the two of a pair are never the same. `alike` is that of each pair."""

    def __init__(self, words: Texts, left: Ints, right: Ints) -> None:
        used, back = np.unique(np.r_[left, right], return_inverse=True)
        self._words = [words[at] for at in used.tolist()]
        self._left, self._right = back[: len(left)], back[len(left) :]
        self._one, self._other = self._each(self._words)
        self.alike = alike(self._one, self._other)
        self._sounds = self._each([spelling.sound(word) for word in self._words])
        self._shorter = np.minimum(*self._numbers(len))
        self._same_initial = np.equal(*self._numbers(lambda word: ord(word[0])))

    def _each(self, known: Sequence[Known]) -> tuple[list[Known], list[Known]]:
        """What is known of each word, for both words of each pair."""
        return [known[at] for at in self._left.tolist()], [known[at] for at in self._right.tolist()]

    def _numbers(self, of: Callable[[str], int]) -> tuple[Ints, Ints]:
        found = np.fromiter(map(of, self._words), np.int64, len(self._words))
        return found[self._left], found[self._right]

    def families(self) -> Ints:
        """The level of each pair of family names of one word."""
        apart = slips(self._one, self._other, 2)
        sound = np.fromiter(map(str.__eq__, *self._sounds), np.bool_, len(self._one))
        found = (
            ((apart == 1) & ((self._shorter > 2) | self._same_initial), Name.TYPO),
            (sound & (self._shorter > 2), Name.SOUNDS),
            ((apart <= 2) & (self._shorter > 6), Name.TYPO),
            ((self.alike >= compare_names.ALIKE) & (self._shorter > 4), Name.SOUNDS),
        )
        return np.select([where for where, _ in found], [AT[level] for _, level in found], AT[Name.DIFFERENT])

    def givens(self) -> Ints:
        """The level of each pair of first given names."""
        found = np.where(self._familiar(), AT[Name.NICKNAME], self.families())
        resembling = self._same_initial & (self.alike >= compare_names.RESEMBLING)
        maybe = resembling | self._may_be_short() | self._may_sound_within()
        rest = np.flatnonzero((found == AT[Name.DIFFERENT]) & maybe).tolist()
        found[rest] = [AT[self._form(at, resembling=bool(resembling[at]))] for at in rest]
        initial = np.where(self._same_initial, AT[Name.INITIAL], AT[Name.DIFFERENT])
        return np.where(self._shorter == 1, initial, found)

    def _familiar(self) -> Flags:
        one, other = self._each([nicknames.groups(word) for word in self._words])
        return ~np.fromiter(map(frozenset.isdisjoint, one, other), np.bool_, len(one))

    def _may_be_short(self) -> Flags:
        """Where the one has all letters of the other's stem: few are, and only they are read letter by letter."""
        one, other = self._numbers(_letters)
        stem, other_stem = self._numbers(lambda word: _letters(nicknames.stem(word)))
        found: Flags = ((stem & ~other) == 0) | ((other_stem & ~one) == 0)
        return found

    def _may_sound_within(self) -> Flags:
        """Where two sounds begin or end alike."""
        begin = self._numbers(lambda word: ord(spelling.sound(word)[0]))
        end = self._numbers(lambda word: ord(spelling.sound(word)[-1]))
        alike: Flags = np.equal(*begin) | np.equal(*end)
        return alike

    def _form(self, at: int, *, resembling: bool) -> Name:
        if nicknames.one_shortens_the_other(self._one[at], self._other[at]):
            return Name.SHORT
        one, other = self._sounds
        fits = resembling or compare_names.one_sounds_within_the_other(one[at], other[at])
        return Name.RESEMBLES if fits else Name.DIFFERENT


def _letters(word: str) -> int:
    """A bit for each letter; in other alphabets several letters may share one."""
    return functools.reduce(operator.or_, (1 << ord(letter) % 62 for letter in word), 0)
