"""Fits a model to judged rows and writes it as the matcher reads it; LightGBM is needed here, and only here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy

from services.identity.matching import features
from services.identity.training.rows import Judged

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 24,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 63,
    "seed": 20260101,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
ROUNDS = 120


def fit(judged: Sequence[Judged], weights: Sequence[float] | None = None) -> list[dict[str, list[Any]]]:
    """The trees of a model that says whether a row is the same person. The same rows give the same trees."""
    matrix = numpy.array([each.row for each in judged], dtype=numpy.float64)
    truth = numpy.array([each.same for each in judged], dtype=numpy.float64)
    data = lightgbm.Dataset(matrix, truth, weight=weights, feature_name=list(features.NAMES))
    booster = lightgbm.train(PARAMETERS, data, ROUNDS)
    return [_tree(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]


def _tree(root: dict[str, Any]) -> dict[str, list[Any]]:
    """LightGBM's nested tree as parallel lists (see scorer.Tree)."""
    tree: dict[str, list[Any]] = {"feature": [], "limit": [], "left": [], "right": [], "leaves": []}

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            tree["leaves"].append(round(node["leaf_value"], 6))
            return ~(len(tree["leaves"]) - 1)
        place = len(tree["feature"])
        tree["feature"].append(node["split_feature"])
        # Features are whole numbers, so that half-way between two of them is where they part.
        tree["limit"].append(int(node["threshold"] // 1) + 0.5)
        tree["left"].append(None)
        tree["right"].append(None)
        tree["left"][place] = add(node["left_child"])
        tree["right"][place] = add(node["right_child"])
        return place

    add(root)
    return tree
