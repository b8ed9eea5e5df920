"""Decision trees, all of which a row goes through at once.

Rows are judged as in QuickScorer (Lucchese and others, SIGIR 2015): each answer to a question of a tree rules out
the leaves of one side, whatever the answers above it were; a row arrives at the first leaf that no answer rules out.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Sequence

import numpy
import numpy.typing

from services.identity.matching.features import Row

Matrix = numpy.typing.NDArray[numpy.int16]
Numbers = numpy.typing.NDArray[numpy.float64]
_Masks = numpy.typing.NDArray[numpy.uint32]

MOST_LEAVES = 32
"""Leaves of a tree, one bit of a mask for each."""

_AT_ONCE = 1_024
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
        self._limits = [
            sorted({limit for tree in trees for limit in _limits(tree, column)}) for column in range(columns)
        ]
        self._masks = [numpy.full((len(limits) + 1, len(trees)), 2**32 - 1, numpy.uint32) for limits in self._limits]
        self._asked = [(column, numpy.array(limits)) for column, limits in enumerate(self._limits) if limits]
        self._values = numpy.zeros((len(trees), MOST_LEAVES))
        for number, tree in enumerate(trees):
            self._plant(number, tree)
        self._all = (1 << 32 * len(trees)) - 1
        self._numbers = [
            (column, limits, [int.from_bytes(mask.astype("<u4").tobytes(), "little") for mask in self._masks[column]])
            for column, limits in enumerate(self._limits)
            if limits
        ]

    def _plant(self, number: int, tree: Tree) -> None:
        for node, column in enumerate(tree.feature):
            place = bisect.bisect_left(self._limits[column], tree.limit[node])
            # Above its limit a feature rules out what lies to the left.
            self._masks[column][place + 1 :, number] &= numpy.uint32(2**32 - 1 - tree.below(tree.left[node]))
        for leaf, value in enumerate(tree.leaves):
            self._values[number, (_SEQUENCE << leaf) % 2**32 >> 27] = value

    def totals(self, matrix: Matrix) -> Numbers:
        """For each row the sum of the leaves at which it arrives, in the order of the trees."""
        parts = [self._totals(matrix[start : start + _AT_ONCE]) for start in range(0, len(matrix), _AT_ONCE)]
        return numpy.concatenate(parts) if parts else numpy.zeros(0)

    def totals_of_few(self, rows: Sequence[Row]) -> list[float]:
        """The very same for rows so few that numpy's calls would cost more than its work: all trees in one number."""
        remaining = b"".join(self._remaining(row).to_bytes(4 * len(self._values), "little") for row in rows)
        masks: _Masks = numpy.frombuffer(remaining, "<u4").reshape(len(rows), len(self._values))
        found: list[float] = self._added(masks).tolist()
        return found

    def _remaining(self, row: Row) -> int:
        """The leaves that no answer rules out, 32 bits a tree, the first tree's lowest."""
        left = self._all
        for column, limits, masks in self._numbers:
            left &= masks[bisect.bisect_left(limits, row[column])]
        return left

    def _totals(self, matrix: Matrix) -> Numbers:
        left: _Masks = numpy.full((len(matrix), len(self._values)), 2**32 - 1, numpy.uint32)
        for column, limits in self._asked:
            left &= self._masks[column][numpy.searchsorted(limits, matrix[:, column])]
        return self._added(left)

    def _added(self, left: _Masks) -> Numbers:
        trees = len(self._values)
        if not trees:
            return numpy.zeros(len(left))
        first = left & (~left + numpy.uint32(1))
        arrived = self._values[numpy.arange(trees), (first * numpy.uint32(_SEQUENCE)) >> numpy.uint32(27)]
        # Added one after the other, as they would be down one tree after the other: the numbers are the very same.
        totals: Numbers = numpy.cumsum(arrived, axis=1)[:, -1]
        return totals


def _limits(tree: Tree, column: int) -> list[float]:
    return [limit for feature, limit in zip(tree.feature, tree.limit, strict=True) if feature == column]
