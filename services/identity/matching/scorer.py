"""The learned scorer: a forest of small decision trees, read from a versioned file and evaluated here.

It was trained offline (services/identity/training); nothing is learnt while the service runs. One row is scored in
plain Python, many at once by numpy, and both give the very same numbers.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy
import numpy.typing

from services.identity.matching import features
from services.identity.matching.features import Row

MODELS = Path(__file__).parent / "models"
CURRENT = MODELS / "uk-1.json"
"""The model in force."""

_REMEMBERED = 65_536

Matrix = numpy.typing.NDArray[numpy.int16]
Numbers = numpy.typing.NDArray[numpy.float64]


class UnreadableModelError(ValueError):
    """A model file that this version of the matcher cannot use."""


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """A decision tree as parallel lists, the root first: at each node go left while the feature is at most the limit.

    A child below zero is the leaf ~child.
    """

    feature: tuple[int, ...]
    limit: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    leaves: tuple[float, ...]

    def leaf(self, row: Row) -> float:
        """The value at which a row arrives."""
        node = 0 if self.feature else -1
        while node >= 0:
            node = self.left[node] if row[self.feature[node]] <= self.limit[node] else self.right[node]
        return self.leaves[~node]


class Scorer:
    """Says how likely a pair is one person, from its row of features. Safe to share between threads."""

    def __init__(self, trees: tuple[Tree, ...], *, version: str, record: Mapping[str, Any]) -> None:
        self.version = version
        self.record = record
        self._trees = trees
        self._arrays = [_Arrays.of(tree) for tree in trees]
        # People differ in few ways: most rows have been seen before.
        self.log_odds = functools.lru_cache(maxsize=_REMEMBERED)(self._log_odds)

    @staticmethod
    @functools.lru_cache(maxsize=8)
    def load(path: Path = CURRENT) -> Scorer:
        """The scorer of a model file; raises UnreadableModelError."""
        return read(json.loads(path.read_text(encoding="utf-8")))

    def _log_odds(self, row: Row) -> float:
        """Natural logarithm of the odds that the pair is one person."""
        total = 0.0
        for tree in self._trees:
            total += tree.leaf(row)
        return total

    def probability(self, row: Row) -> float:
        """Probability that the pair is one person, were nobody else in question."""
        return 1 / (1 + math.exp(-self.log_odds(row)))

    def log_odds_of(self, matrix: Matrix) -> Numbers:
        """The same for many rows: one row a line, columns as `features.NAMES`."""
        total = numpy.zeros(len(matrix), dtype=numpy.float64)
        for tree in self._arrays:
            total += tree.leaves_of(matrix)
        return total

    def probabilities(self, matrix: Matrix) -> Numbers:
        """Probabilities of many rows."""
        odds: Numbers = 1 / (1 + numpy.exp(-self.log_odds_of(matrix)))
        return odds


@dataclasses.dataclass(frozen=True, slots=True)
class _Arrays:
    """A tree for numpy; a leaf is a node that leads to itself, so that all rows may walk equally far."""

    feature: numpy.typing.NDArray[numpy.intp]
    limit: Numbers
    left: numpy.typing.NDArray[numpy.intp]
    right: numpy.typing.NDArray[numpy.intp]
    value: Numbers
    depth: int

    @classmethod
    def of(cls, tree: Tree) -> _Arrays:
        inner, leaves = len(tree.feature), len(tree.leaves)
        ends = list(range(inner, inner + leaves))

        def place(child: int) -> int:
            return child if child >= 0 else inner + ~child

        return cls(
            feature=numpy.array([*tree.feature, *[0] * leaves], dtype=numpy.intp),
            limit=numpy.array([*tree.limit, *[0.0] * leaves]),
            left=numpy.array([*map(place, tree.left), *ends], dtype=numpy.intp),
            right=numpy.array([*map(place, tree.right), *ends], dtype=numpy.intp),
            value=numpy.array([*[0.0] * inner, *tree.leaves]),
            depth=_depth(tree),
        )

    def leaves_of(self, matrix: Matrix) -> Numbers:
        lines = numpy.arange(len(matrix))
        node = numpy.zeros(len(matrix), dtype=numpy.intp)
        for _ in range(self.depth):
            goes_left = matrix[lines, self.feature[node]] <= self.limit[node]
            node = numpy.where(goes_left, self.left[node], self.right[node])
        found: Numbers = self.value[node]
        return found


def _depth(tree: Tree) -> int:
    deepest = [0] * len(tree.feature)
    # Children stand behind their parents, so that going backwards meets each child first.
    for node in reversed(range(len(tree.feature))):
        deepest[node] = 1 + max(deepest[child] if child >= 0 else 0 for child in (tree.left[node], tree.right[node]))
    return deepest[0] if deepest else 0


def read(model: Mapping[str, Any]) -> Scorer:
    """The scorer of a model as its file holds it; raises UnreadableModelError where it speaks of other features."""
    if tuple(model.get("features", ())) != features.NAMES:
        raise UnreadableModelError("the model was trained on other features than this version of the matcher has")
    trees = tuple(Tree(**{name: tuple(values) for name, values in tree.items()}) for tree in model["trees"])
    return Scorer(trees, version=str(model["version"]), record=model.get("record", {}))
