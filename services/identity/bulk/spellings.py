"""How far many pairs of different words agree: the rules of compare_names for all of them at once."""

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from services.identity.bulk.grown import Ints
from services.identity.bulk.words import Flags, Words
from services.identity.matching import compare_names, nicknames
from services.identity.matching.levels import Name

AT = {level: position for position, level in enumerate(Name)}
"""The position of each level of names, by which it is kept."""


def distinct(one: Ints, other: Ints) -> tuple[Ints, Ints, Ints]:
    """Each pair of codes once, and where each pair has come to."""
    most = int(other.max(initial=0)) + 1
    pairs, back = np.unique(one * most + other, return_inverse=True)
    return pairs // most, pairs % most, back


def one_name(known: Words, one: Ints, other: Ints) -> Flags:
    """Of each pair of words whether they are one name as compare_names finds it where names are exchanged."""
    length = known.letters.length
    shorter = np.minimum(length[one], length[other])
    found: Flags = (one == other) | (known.sound(one) == known.sound(other))
    rest = np.flatnonzero(~found & (shorter > 3))
    found[rest] = known.slips(one[rest], other[rest], 2) <= 2
    rest = np.flatnonzero(~found)
    found[rest] = known.share_a_form(one[rest], other[rest])
    found &= shorter > 1
    return found


class Pairs:
    """Pairs of words by number; the two of a pair are never the same. `alike` is that of each pair."""

    def __init__(self, known: Words, one: Ints, other: Ints) -> None:
        self._known, self._one, self._other = known, one, other
        self._texts = known.each(one), known.each(other)
        found = process.cpdist(*self._texts, scorer=JaroWinkler.similarity, dtype=np.float64)
        self.alike: NDArray[np.float64] = np.asarray(found)
        letters = known.letters
        self._shorter = np.minimum(letters.length[one], letters.length[other])
        self._same_initial = letters.first[one] == letters.first[other]

    def families(self) -> Ints:
        """The level of each pair of family names of one word."""
        apart = self._known.slips(self._one, self._other, 2)
        sound = self._known.sound(self._one) == self._known.sound(self._other)
        found = (
            ((apart == 1) & ((self._shorter > 2) | self._same_initial), Name.TYPO),
            (sound & (self._shorter > 2), Name.SOUNDS),
            ((apart <= 2) & (self._shorter > 6), Name.TYPO),
            ((self.alike >= compare_names.ALIKE) & (self._shorter > 4), Name.SOUNDS),
        )
        return np.select([where for where, _ in found], [AT[level] for _, level in found], AT[Name.DIFFERENT])

    def givens(self) -> Ints:
        """The level of each pair of first given names."""
        familiar = self._known.share_a_form(self._one, self._other)
        found = np.where(familiar, AT[Name.NICKNAME], self.families())
        rest = np.flatnonzero(found == AT[Name.DIFFERENT])
        resembling = (self._same_initial & (self.alike >= compare_names.RESEMBLING))[rest]
        found[rest[resembling | self._sound_within(rest)]] = AT[Name.RESEMBLES]
        found[rest[self._shorten(rest)]] = AT[Name.SHORT]
        initial = np.where(self._same_initial, AT[Name.INITIAL], AT[Name.DIFFERENT])
        return np.where(self._shorter == 1, initial, found)

    def _shorten(self, at: Ints) -> Flags:
        """nicknames.one_shortens_the_other of these pairs."""
        one, other = self._one[at], self._other[at]
        bits, stem = self._known.letters.bits, self._known.stem
        # Few words have all letters of the other's stem: only they are read letter by letter.
        maybe = np.flatnonzero(((stem(one) & ~bits[other]) == 0) | ((stem(other) & ~bits[one]) == 0))
        found = np.zeros(len(at), np.bool_)
        pairs = zip(self._known.each(one[maybe]), self._known.each(other[maybe]), strict=True)
        found[maybe] = [nicknames.one_shortens_the_other(first, second) for first, second in pairs]
        return found

    def _sound_within(self, at: Ints) -> Flags:
        """compare_names.one_sounds_within_the_other of these pairs."""
        one, other = self._known.sound(self._one[at]), self._known.sound(self._other[at])
        sounds = self._known.sounds
        letters = sounds.letters
        maybe = (letters.first[one] == letters.first[other]) | (letters.last[one] == letters.last[other])
        bits, others = letters.bits[one], letters.bits[other]
        maybe = np.flatnonzero(maybe & (((bits & ~others) == 0) | ((others & ~bits) == 0)))
        found = np.zeros(len(at), np.bool_)
        pairs = zip(sounds.each(one[maybe]), sounds.each(other[maybe]), strict=True)
        found[maybe] = [compare_names.one_sounds_within_the_other(first, second) for first, second in pairs]
        return found
