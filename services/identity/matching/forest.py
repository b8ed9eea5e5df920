"""Decision trees, all of which a row goes through at once.

Rows are judged as in QuickScorer (Lucchese and others, SIGIR 2015): each answer to a question of a tree rules out
the leaves of one side, whatever the answers above it were; a row arrives at the first leaf that no answer rules out.
The answers of a few features together have few combinations, and what each rules out is known beforehand.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Sequence

import numpy
import numpy.typing

from services.identity.matching.features import Row

Matrix = numpy.typing.NDArray[numpy.int16]
Numbers = numpy.typing.NDArray[numpy.float64]
_Masks = numpy.typing.NDArray[numpy.uint32]
_Places = numpy.typing.NDArray[numpy.int64]

MOST_LEAVES = 32
"""Leaves of a tree, one bit of a mask for each."""

# As many rows as stay in the processor's own memory with the masks that they need.
_AT_ONCE = 512
_COMBINATIONS = 512
# From so many rows on it is quicker to add tree by tree.
_MANY = 64
# Multiplied by it, each power of two has other highest five bits (a de Bruijn sequence): the place of a single bit.
_SEQUENCE = 0x077CB531


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """A decision tree as parallel lists, the root first: at each node go left while the feature is at most the limit.

    A child below zero is the leaf ~child; leaves are numbered from left to right.
    """

    feature: tuple[int, ...]
    limit: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    leaves: tuple[float, ...]

    def below(self, child: int) -> int:
        """The leaves at or below a child, one bit each."""
        if child < 0:
            return 1 << ~child
        return self.below(self.left[child]) | self.below(self.right[child])


class Forest:
    """Trees over the same features, for many rows at a time."""

    def __init__(self, trees: tuple[Tree, ...], *, columns: int) -> None:
        asked = [_Column(trees, column) for column in range(columns)]
        self._numbers = [(each.column, each.limits, each.numbers()) for each in asked if each.limits]
        self._groups = [_Group(some, len(trees)) for some in _grouped(asked)]
        self._starts = numpy.arange(len(trees), dtype=numpy.uint32) * numpy.uint32(MOST_LEAVES)
        values = numpy.zeros((len(trees), MOST_LEAVES))
        for number, tree in enumerate(trees):
            for leaf, value in enumerate(tree.leaves):
                values[number, (_SEQUENCE << leaf) % 2**32 >> 27] = value
        self._values = values.ravel()

    def totals(self, matrix: Matrix) -> Numbers:
        """For each row the sum of the leaves at which it arrives, in the order of the trees."""
        if not len(self._starts):
            return numpy.zeros(len(matrix))
        places = [group.places(matrix) for group in self._groups]
        parts = [
            self._totals([each[start : start + _AT_ONCE] for each in places], min(_AT_ONCE, len(matrix) - start))
            for start in range(0, len(matrix), _AT_ONCE)
        ]
        return numpy.concatenate(parts) if parts else numpy.zeros(0)

    def totals_of_few(self, rows: Sequence[Row]) -> list[float]:
        """The very same for rows so few that numpy's calls would cost more than its work: all trees in one number."""
        size = 4 * len(self._starts)
        remaining = bytearray().join(self._remaining(row).to_bytes(size, "little") for row in rows)
        left: _Masks = numpy.frombuffer(remaining, "<u4").reshape(len(rows), len(self._starts))
        found: list[float] = self._sums(left).tolist()
        return found

    def _remaining(self, row: Row) -> int:
        """The leaves that no answer rules out, 32 bits a tree, the first tree's lowest."""
        left = (1 << 32 * len(self._starts)) - 1
        for column, limits, masks in self._numbers:
            left &= masks[bisect.bisect_left(limits, row[column])]
        return left

    def _totals(self, places: list[_Places], rows: int) -> Numbers:
        left: _Masks = numpy.full((rows, len(self._starts)), 2**32 - 1, numpy.uint32)
        for group, place in zip(self._groups, places, strict=True):
            left &= group.masks[place]
        return self._sums(left)

    def _sums(self, left: _Masks) -> Numbers:
        """The sums for the leaves that remain, of which the first of each tree is where a row arrives."""
        if not len(self._starts):
            return numpy.zeros(len(left))
        left &= ~left + numpy.uint32(1)
        left *= numpy.uint32(_SEQUENCE)
        left >>= numpy.uint32(27)
        return _added(self._values[left + self._starts])


def _added(arrived: Numbers) -> Numbers:
    """Sums of the lines, added one after the other as one row alone is: the numbers are the very same."""
    if len(arrived) < _MANY:
        totals: Numbers = numpy.cumsum(arrived, axis=1)[:, -1]
        return totals
    totals = numpy.zeros(len(arrived))
    for tree in numpy.ascontiguousarray(arrived.T):
        totals += tree
    return totals


class _Column:
    """What the trees ask of one feature: between which limits it lies, and which leaves each answer leaves."""

    def __init__(self, trees: tuple[Tree, ...], column: int) -> None:
        self.column = column
        limits = self.limits = sorted({limit for tree in trees for limit in _limits(tree, column)})
        self._lowest = math.floor(min(limits, default=0))
        # Features are whole numbers: between which limits each lies is known beforehand.
        numbers = range(self._lowest, math.ceil(max(limits, default=0)) + 2)
        self._places = numpy.array([bisect.bisect_left(limits, number) for number in numbers])
        self.masks: _Masks = numpy.full((len(limits) + 1, len(trees)), 2**32 - 1, numpy.uint32)
        for number, tree in enumerate(trees):
            for node, feature in enumerate(tree.feature):
                if feature == column:
                    place = bisect.bisect_left(limits, tree.limit[node])
                    # Above its limit a feature rules out what lies to the left.
                    self.masks[place + 1 :, number] &= numpy.uint32(2**32 - 1 - tree.below(tree.left[node]))

    def numbers(self) -> list[int]:
        """The leaves that each answer leaves, as one number: 32 bits a tree, the first tree's lowest."""
        return [int.from_bytes(mask.astype("<u4").tobytes(), "little") for mask in self.masks]

    def places(self, matrix: Matrix) -> _Places:
        """Between which limits each row lies."""
        return self._places.take(matrix[:, self.column] - self._lowest, mode="clip")


class _Group:
    """Features that are looked up together: the leaves that each combination of their answers leaves."""

    def __init__(self, columns: list[_Column], trees: int) -> None:
        self._columns = columns
        self.masks: _Masks = numpy.full((1, trees), 2**32 - 1, numpy.uint32)
        for each in columns:
            self.masks = (self.masks[:, None] & each.masks[None]).reshape(-1, trees)

    def places(self, matrix: Matrix) -> _Places:
        """Which combination each row has."""
        found = numpy.zeros(len(matrix), numpy.int64)
        for each in self._columns:
            found *= len(each.masks)
            found += each.places(matrix)
        return found


def _grouped(columns: list[_Column]) -> list[list[_Column]]:
    """Columns of which something is asked, as many together as have few enough combinations."""
    groups: list[list[_Column]] = []
    size = _COMBINATIONS
    for each in columns:
        if len(each.masks) < 2:
            continue
        size *= len(each.masks)
        if size > _COMBINATIONS:
            groups.append([])
            size = len(each.masks)
        groups[-1].append(each)
    return groups


def _limits(tree: Tree, column: int) -> list[float]:
    return [limit for feature, limit in zip(tree.feature, tree.limit, strict=True) if feature == column]
