"""What follows from each value of a list that grows: worked out once for each, and kept as numbers beside the list."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Value = TypeVar("Value")
Known = TypeVar("Known", bound=tuple[NDArray[Any], ...])


class Lists(NamedTuple):
    """Any number of numbers for each value: how many each has, and all of them one after the other."""

    counts: Ints
    flat: Ints

    @classmethod
    def sets(cls, whose: Ints, numbers: Ints, size: int) -> "Lists":
        """The numbers of each of so many, each number once and in order."""
        most = int(numbers.max(initial=0)) + 1
        both = np.sort(whose * most + numbers)
        if len(both):
            both = both[np.r_[True, both[1:] != both[:-1]]]
        return cls(np.bincount(both // most, minlength=size), both % most)

    @property
    def starts(self) -> Ints:
        """Where the numbers of each begin."""
        found: Ints = np.cumsum(self.counts) - self.counts
        return found

    @property
    def whose(self) -> Ints:
        """Whose each number is."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def places(self) -> Ints:
        """The place of each number in its own list, from 0 on."""
        return np.arange(len(self.flat)) - np.repeat(self.starts, self.counts)

    @property
    def first(self) -> Ints:
        """The first number of each, 0 where it has none."""
        found = np.zeros(len(self.counts), np.int64)
        some = self.counts > 0
        found[some] = self.flat[self.starts[some]]
        return found

    def at(self, codes: Ints) -> "Lists":
        """The lists of these values, in this order."""
        counts = self.counts[codes]
        many = Lists(counts, np.empty(int(counts.sum()), np.int64))
        return Lists(counts, self.flat[np.repeat(self.starts[codes], counts) + many.places])


def combined(*lists: Lists) -> tuple[Ints, list[Ints]]:
    """Of lists of the same values each number of the one with each of the others: whose, and the numbers."""
    counts = np.prod([each.counts for each in lists], axis=0)
    whose = np.repeat(np.arange(len(counts)), counts)
    left = np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = []
    for each in lists:
        # One number is most that most have, and then there is nothing to count.
        if each.counts.max(initial=0) > 1:
            many = each.counts[whose]
            found.append(each.flat[each.starts[whose] + left % many])
            left //= many
        else:
            found.append(each.flat[each.starts[whose]])
    return whose, found


class _Column:
    """A column that grows in place: what is there stays where it is, and a fork that adds to it copies nothing else."""

    def __init__(self, values: NDArray[Any]) -> None:
        self._room, self._size = values, len(values)

    def add(self, values: NDArray[Any]) -> None:
        size = self._size + len(values)
        if size > len(self._room):
            # Room that is not used takes no memory.
            room = np.empty((2 * size, *values.shape[1:]), values.dtype)
            room[: self._size] = self.now
            self._room = room
        self._room[self._size : size] = values
        self._size = size

    @property
    def now(self) -> NDArray[Any]:
        return self._room[: self._size]


class Grown(Generic[Value, Known]):
    """Columns of what is known of each value; not to be shared between threads."""

    def __init__(self, values: Sequence[Value], of: Callable[[Sequence[Value]], Known]) -> None:
        self._values, self._of = values, of
        self._size = 0
        self._now = of([])
        self._columns = [_Column(column) for column in self._now]

    @property
    def now(self) -> Known:
        """What is known of all values that there are by now."""
        if self._size < len(self._values):
            for column, more in zip(self._columns, self._of(self._values[self._size :]), strict=True):
                column.add(more)
            self._size = len(self._values)
            # A named tuple takes its fields one by one.
            self._now = type(self._now)(*(column.now for column in self._columns))
        return self._now


class Wanted(Generic[Value, Known]):
    """Columns of what is known of values that are asked for, each worked out when first it is; as Grown otherwise."""

    def __init__(self, values: Sequence[Value], of: Callable[[Sequence[Value]], Known]) -> None:
        self._values, self._of = values, of
        self._there = _Column(np.zeros(0, np.bool_))
        self._columns = [_Column(column) for column in of([])]
        self._make: Callable[..., Known] = type(of([]))

    def of(self, codes: Ints) -> Known:
        """What is known of each of these values."""
        more = len(self._values) - len(self._there.now)
        if more:
            for column in (self._there, *self._columns):
                column.add(np.zeros(more, column.now.dtype))
        missing = codes[~self._there.now[codes]]
        if len(missing):
            missing = np.unique(missing)
            found = self._of([self._values[code] for code in missing.tolist()])
            for column, new in zip(self._columns, found, strict=True):
                column.now[missing] = new
            self._there.now[missing] = True
        return self._make(*(column.now[codes] for column in self._columns))
