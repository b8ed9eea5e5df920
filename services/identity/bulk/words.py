"""Words by number, with what is known of each: its letters, its sound, the stem of a pet form, the forms of its name."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from services.identity.bulk.grown import Grown, Ints
from services.identity.matching import nicknames, spelling

Flags = NDArray[np.bool_]


class Letters(NamedTuple):
    """How many letters a text has, its first and last as code points, and a bit for each that occurs.

    Several letters may share a bit.
    """

    length: Ints
    first: Ints
    last: Ints
    bits: Ints


class Sound(NamedTuple):
    """The number of a word's sound."""

    number: Ints


class Texts(dict[str, int]):
    """A number for each text; that of the empty one is 0. Texts are numbered as they are asked for."""

    def __init__(self) -> None:
        super().__init__({"": 0})
        self.texts = [""]
        self._letters = Grown(self.texts, letters)

    def __missing__(self, text: str) -> int:
        number = self[text] = len(self.texts)
        self.texts.append(text)
        return number

    @property
    def letters(self) -> Letters:
        """Of each text its letters."""
        return self._letters.now

    def each(self, numbers: Ints) -> list[str]:
        """The texts of these numbers."""
        return list(map(self.texts.__getitem__, numbers.tolist()))

    def slips(self, one: Ints, other: Ints, most: int) -> Ints:
        """How many slips lie between the texts of each pair; one more than `most` where there are more."""
        known = self.letters
        bits, others = known.bits[one], known.bits[other]
        # A slip changes one letter: only texts of nearly the same letters are read.
        near = np.bitwise_count(bits & ~others) <= most
        near &= np.bitwise_count(others & ~bits) <= most
        near &= np.abs(known.length[one] - known.length[other]) <= most
        found = np.full(len(one), most + 1)
        rest = np.flatnonzero(near)
        left, right = self.each(one[rest]), self.each(other[rest])
        found[rest] = process.cpdist(left, right, scorer=OSA.distance, score_cutoff=most, dtype=np.int64)
        return found


class Words(Texts):
    """The words of names."""

    def __init__(self) -> None:
        super().__init__()
        self.sounds = Texts()
        self._sound = Grown(self.texts, self._sounds)
        self._stem = Grown(self.texts, lambda words: letters(list(map(nicknames.stem, words))))

    @property
    def sound(self) -> Ints:
        """Of each word the number of its sound among `sounds`."""
        return self._sound.now.number

    @property
    def stem(self) -> Ints:
        """Of each word the letters of its stem, as Letters.bits."""
        return self._stem.now.bits

    def _sounds(self, words: Sequence[str]) -> Sound:
        heard = map(spelling.sound, words)
        return Sound(np.fromiter(map(self.sounds.__getitem__, heard), np.int64, len(words)))

    def share_a_form(self, one: Ints, other: Ints) -> Flags:
        """Of each pair whether both are forms of one name, as nicknames.KNOWN has them."""
        groups = [list(map(nicknames.groups, self.each(words))) for words in (one, other)]
        return ~np.fromiter(map(frozenset.isdisjoint, *groups), np.bool_, len(one))


def letters(texts: Sequence[str]) -> Letters:
    """The letters of texts."""
    length = np.fromiter(map(len, texts), np.int64, len(texts))
    # A blank after each, so that an empty one has somewhere to look.
    points = np.frombuffer(" ".join([*texts, ""]).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    starts = np.cumsum(length + 1) - length - 1
    bits = np.where(points == ord(" "), 0, np.int64(1) << points % 62)
    none = length == 0
    first, last = (np.where(none, 0, points[at]) for at in (starts, starts + np.maximum(length, 1) - 1))
    return Letters(length, first, last, np.bitwise_or.reduceat(bits, starts) if len(texts) else length)
