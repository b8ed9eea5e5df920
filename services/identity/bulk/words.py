"""Words by number, with what is known of each: its letters, its sound, the stem of a pet form, the forms of a name."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from services.identity.bulk.grown import Grown, Ints, Wanted
from services.identity.matching import nicknames, spelling

Flags = NDArray[np.bool_]

# Each is asked of a word once here: no second copy is kept by what remembers it for single traces.
_sound, _stem, _groups = spelling.sound.__wrapped__, nicknames.stem.__wrapped__, nicknames.groups.__wrapped__


class Letters(NamedTuple):
    """How many letters a text has, its first and last as code points, and a bit for each that occurs.

    Several letters may share a bit.
    """

    length: Ints
    first: Ints
    last: Ints
    bits: Ints


class _Number(NamedTuple):
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
    """The words of names; what takes long is worked out for those that are asked about."""

    def __init__(self) -> None:
        super().__init__()
        self.sounds = Texts()
        self._groups: dict[frozenset[int], int] = {frozenset(): 0}
        self._sound = Wanted(self.texts, self._sounds)
        self._stem = Wanted(self.texts, lambda words: letters(list(map(_stem, words))))
        self._forms = Wanted(self.texts, self._of_groups)

    def sound(self, words: Ints) -> Ints:
        """The number of each word's sound among `sounds`."""
        return self._sound.of(words).number

    def stem(self, words: Ints) -> Ints:
        """The letters of each word's stem, as Letters.bits."""
        return self._stem.of(words).bits

    def share_a_form(self, one: Ints, other: Ints) -> Flags:
        """Of each pair whether both are forms of one name, as nicknames.KNOWN has them."""
        found = np.zeros(len(one), np.bool_)
        # Number 0 is no form of any name; of most words it is enough to know that of the other.
        right = self._forms.of(other).number
        some = np.flatnonzero(right)
        left = self._forms.of(one[some]).number
        some, left = some[left > 0], left[left > 0]
        sets = list(self._groups)
        groups = ([sets[number] for number in side.tolist()] for side in (left, right[some]))
        found[some] = ~np.fromiter(map(frozenset.isdisjoint, *groups), np.bool_, len(some))
        return found

    def _sounds(self, words: Sequence[str]) -> _Number:
        heard = map(_sound, words)
        return _Number(np.fromiter(map(self.sounds.__getitem__, heard), np.int64, len(words)))

    def _of_groups(self, words: Sequence[str]) -> _Number:
        groups = [self._groups.setdefault(_groups(word), len(self._groups)) for word in words]
        return _Number(np.array(groups, np.int64))


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
