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


class Marks(NamedTuple):
    """`joined` is a name without its spaces, as a word; `plain` is set where one word is all there is."""

    joined: Ints
    plain: Flags
    unnamed: Flags


class GivenNames:
    """Given names; not to be shared between threads."""

    def __init__(self, values: Sequence[Given], words: Words) -> None:
        self._words = words
        self._stated = Grown(values, lambda some: _numbered(words, [names for names, _ in some]))
        self._written = Grown(values, lambda some: _numbered(words, [compare_names.written(each) for each, _ in some]))
        self._marks = Grown(values, self._marked)

    def _marked(self, values: Sequence[Given]) -> Marks:
        joined = np.fromiter((self._words["".join(names)] for names, _ in values), np.int64, len(values))
        plain = np.fromiter((len(names) < 2 for names, _ in values), np.bool_, len(values))
        return Marks(joined, plain, np.fromiter((unnamed for _, unnamed in values), np.bool_, len(values)))

    @property
    def stated(self) -> Lists:
        """The words of each name in their order."""
        return self._stated.now

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

    @property
    def written(self) -> Lists:
        """The words of each name and, where there are several, all in one."""
        return self._written.now

    @property
    def marks(self) -> Marks:
        """The marks of each name."""
        return self._marks.now


class FamilyNames:
    """Family names, of each person the present one first; not to be shared between threads."""

    def __init__(self, values: Sequence[Families], words: Words) -> None:
        self._words = words
        self._written = Grown(values, lambda some: _numbered(words, [_all(map(compare_names.written, each)) for each in some]))
        self._heard = Grown(values, lambda some: _numbered(words, list(map(_heard, some))))
        self._marks = Grown(values, self._marked)

    def _marked(self, values: Sequence[Families]) -> Marks:
        joined = (self._words["".join(names[0]) if names else ""] for names in values)
        plain = (len(names) == 1 and len(names[0]) == 1 for names in values)
        size = len(values)
        return Marks(np.fromiter(joined, np.int64, size), np.fromiter(plain, np.bool_, size), np.zeros(size, np.bool_))

    @property
    def written(self) -> Lists:
        """The words of all names and, where a name has several, all in one."""
        return self._written.now

    def sounds(self, codes: Ints) -> Lists:
        """The sounds by which people of these names are found."""
        heard = self._heard.now.at(codes)
        return Lists.sets(heard.whose, self._words.sound(heard.flat), len(codes))

    @property
    def marks(self) -> Marks:
        """The marks of the present name."""
        return self._marks.now


def _heard(families: Families) -> Collection[str]:
    """As blocking has it: the parts that are long enough, and each name as a whole."""
    if len(families) == 1 and len(families[0]) == 1:
        return families[0]
    return {word for name in families for word in name if len(word) > 2} | {"".join(name) for name in families}


def _all(several: Iterable[Collection[str]]) -> list[str]:
    return list(itertools.chain.from_iterable(several))


def _numbered(words: Words, lists: Sequence[Collection[str]]) -> Lists:
    return Lists.of([list(map(words.__getitem__, each)) for each in lists])
