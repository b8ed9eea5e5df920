"""What is known of each given name and of each family name, in the numbers of their words."""

import itertools
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from services.identity.bulk.grown import Grown, Ints, Lists
from services.identity.bulk.words import Flags, Words
from services.identity.matching import compare_names

Given = tuple[tuple[str, ...], bool]
"""The words of a given name, and whether it is a placeholder."""
Families = tuple[tuple[str, ...], ...]


class Unnamed(NamedTuple):
    """Whether a placeholder stands for the name."""

    flags: Flags


class Present(NamedTuple):
    """The present name without its spaces as a word, 0 for none, and whether one word is all there is of all names."""

    word: Ints
    plain: Flags


class GivenNames:
    """Given names; not to be shared between threads."""

    def __init__(self, values: Sequence[Given], words: Words) -> None:
        self._values, self._words = values, words
        self._stated = Grown(values, lambda some: _numbered(words, [names for names, _ in some]))
        self._unnamed = Grown(values, lambda some: Unnamed(np.array([unnamed for _, unnamed in some], np.bool_)))

    @property
    def stated(self) -> Lists:
        """The words of each name in their order."""
        return self._stated.now

    @property
    def unnamed(self) -> Flags:
        """Whether a placeholder stands for the name."""
        return self._unnamed.now.flags

    def sounds(self, codes: Ints, most: int | None = None) -> Lists:
        """The sounds of the words of these names, but of initials; of so many words of each at most."""
        stated = self.stated.at(codes)
        which = self._words.letters.length[stated.flat] > 1
        if most:
            which &= stated.places < most
        return Lists.sets(stated.whose[which], self._words.sound(stated.flat[which]), len(codes))

    def initials(self, codes: Ints) -> Lists:
        """The first letters of the first two words of these names."""
        stated = self.stated.at(codes)
        which = stated.places < 2
        return Lists.sets(stated.whose[which], self._words.letters.first[stated.flat[which]], len(codes))

    def written(self, codes: Ints) -> Lists:
        """The words of these names and, where there are several, all in one."""
        used, back = np.unique(codes, return_inverse=True)
        return _numbered(self._words, [compare_names.written(self._values[code][0]) for code in used.tolist()]).at(back)


class FamilyNames:
    """Family names, of each person the present one first; not to be shared between threads."""

    def __init__(self, values: Sequence[Families], words: Words) -> None:
        self._words = words
        self._written = Grown(
            values, lambda some: _numbered(words, [_all(map(compare_names.written, each)) for each in some])
        )
        self._whole = Grown(values, lambda some: _numbered(words, [list(map("".join, each)) for each in some]))
        self._heard = Grown(values, lambda some: _numbered(words, list(map(_heard, some))))
        self._present = Grown(values, self._presented)

    def _presented(self, values: Sequence[Families]) -> Present:
        words = [self._words["".join(names[0]) if names else ""] for names in values]
        plain = [len(names) == 1 and len(names[0]) == 1 for names in values]
        return Present(np.array(words, np.int64), np.array(plain, np.bool_))

    @property
    def written(self) -> Lists:
        """The words of all names and, where a name has several, all in one."""
        return self._written.now

    @property
    def whole(self) -> Lists:
        """All names, each without its spaces."""
        return self._whole.now

    def sounds(self, codes: Ints) -> Lists:
        """The sounds by which people of these names are found."""
        heard = self._heard.now.at(codes)
        return Lists.sets(heard.whose, self._words.sound(heard.flat), len(codes))

    @property
    def present(self) -> Present:
        """The present name of each."""
        return self._present.now


def _heard(families: Families) -> Collection[str]:
    """As blocking has it: the parts that are long enough, and each name as a whole."""
    if len(families) == 1 and len(families[0]) == 1:
        return families[0]
    return {word for name in families for word in name if len(word) > 2} | {"".join(name) for name in families}


def _all(several: Iterable[Collection[str]]) -> list[str]:
    return list(itertools.chain.from_iterable(several))


def _numbered(words: Words, lists: Sequence[Collection[str]]) -> Lists:
    flat = np.fromiter(map(words.__getitem__, itertools.chain.from_iterable(lists)), np.int64)
    return Lists(np.fromiter(map(len, lists), np.int64, len(lists)), flat)
