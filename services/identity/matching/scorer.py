"""The learned scorer: a forest of small decision trees, read from a versioned file and evaluated here.

It was trained offline (services/identity/training); nothing is learnt while the service runs. Few rows are scored in
another way than many at once, and both give the very same numbers.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy

from services.identity.matching import features, forest
from services.identity.matching.features import Row
from services.identity.matching.forest import Matrix, Numbers, Tree

MODELS = Path(__file__).parent / "models"
CURRENT = MODELS / "uk-2.json"
"""The model in force."""

# From here on numpy is quicker than one number for all trees.
_FEW = 25


class UnreadableModelError(ValueError):
    """A model file that this version of the matcher cannot use."""


class Scorer:
    """Says how likely a pair is one person, from its row of features. Safe to share between threads."""

    def __init__(self, trees: tuple[Tree, ...], *, version: str, record: Mapping[str, Any]) -> None:
        self.version = version
        self.record = record
        self._forest = forest.Forest(trees, columns=len(features.NAMES))

    @staticmethod
    @functools.lru_cache(maxsize=8)
    def load(path: Path = CURRENT) -> Scorer:
        """The scorer of a model file; raises UnreadableModelError."""
        return read(json.loads(path.read_text(encoding="utf-8")))

    def log_odds(self, row: Row) -> float:
        """Natural logarithm of the odds that the pair is one person."""
        return self._forest.totals_of_few((row,))[0]

    def of_list(self, rows: Sequence[Row]) -> list[float]:
        """The same for the candidates of one trace, in whichever of the two ways is quicker."""
        if len(rows) < _FEW:
            return self._forest.totals_of_few(rows)
        found: list[float] = self.log_odds_of(numpy.array(rows, dtype=numpy.int16)).tolist()
        return found

    def probability(self, row: Row) -> float:
        """Probability that the pair is one person, were nobody else in question."""
        return 1 / (1 + math.exp(-self.log_odds(row)))

    def log_odds_of(self, matrix: Matrix) -> Numbers:
        """The same for many rows: one row a line, columns as `features.NAMES`."""
        return self._forest.totals(matrix)

    def probabilities(self, matrix: Matrix) -> Numbers:
        """Probabilities of many rows."""
        odds: Numbers = 1 / (1 + numpy.exp(-self.log_odds_of(matrix)))
        return odds


def read(model: Mapping[str, Any]) -> Scorer:
    """The scorer of a model as its file holds it; raises UnreadableModelError where it has other features or levels."""
    if tuple(model.get("features", ())) != features.NAMES or model.get("levels") != features.LEVELS:
        raise UnreadableModelError("the model was trained on other features than this version of the matcher has")
    if any(len(tree["leaves"]) > forest.MOST_LEAVES for tree in model["trees"]):
        raise UnreadableModelError(f"a tree of the model has more than {forest.MOST_LEAVES} leaves")
    trees = tuple(Tree(**{name: tuple(values) for name, values in tree.items()}) for tree in model["trees"])
    return Scorer(trees, version=str(model["version"]), record=model.get("record", {}))
