"""The scorer: one row and many give the same numbers, a model of other features is refused, and it is quick enough."""

import functools
import json
import math
import operator
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.matching import features, scorer
from services.identity.matching.compare import compare
from services.identity.matching.demographics import Demographics
from services.identity.matching.normalise import normalise
from services.identity.matching.rarity import BRITAIN
from services.identity.matching.scorer import Scorer

ANN = normalise(Demographics(given="Ann", family="Nankivell", birth_date="1984-03-09", postcode="TR13 9JF"))
TWIN = normalise(Demographics(given="Eve", family="Nankivell", birth_date="1984-03-09", postcode="TR13 9JF"))
ELSE = normalise(Demographics(given="Ann", family="Smith", birth_date="1950-01-02", postcode="M1 1AE"))
anything = st.lists(st.integers(-30, 30), min_size=len(features.NAMES), max_size=len(features.NAMES)).map(tuple)


@given(st.lists(anything, max_size=40))
@settings(max_examples=50)
def test_one_row_and_many_give_the_same_numbers(rows: list[features.Row]) -> None:
    found = Scorer.load()
    matrix = numpy.array(rows, dtype=numpy.int16).reshape(len(rows), len(features.NAMES))
    assert found.log_odds_of(matrix).tolist() == [found.log_odds(row) for row in rows] == found.of_list(rows)
    assert found.probabilities(matrix).tolist() == pytest.approx([found.probability(row) for row in rows])


@given(st.lists(anything, max_size=3))
@settings(max_examples=50)
def test_a_row_arrives_where_walking_down_each_tree_leads(rows: list[features.Row]) -> None:
    trees = json.loads(scorer.CURRENT.read_text(encoding="utf-8"))["trees"]
    walked = [functools.reduce(operator.add, (_walk(tree, row) for tree in trees), 0.0) for row in rows]
    assert Scorer.load().of_list(rows) == walked


def _walk(tree: dict[str, list[Any]], row: features.Row) -> float:
    node = 0 if tree["feature"] else -1
    while node >= 0:
        side = "left" if row[tree["feature"][node]] <= tree["limit"][node] else "right"
        node = tree[side][node]
    return float(tree["leaves"][~node])


def test_the_model_in_force_says_what_it_was_trained_on() -> None:
    record = Scorer.load().record
    assert record["rows"] > record["same"] > 10_000
    assert record["trained"]
    assert record["recipe"]["seed"]
    assert min(figures["found"] for figures in record["measured"]["tracing"].values()) > 0.95


def test_the_person_is_likelier_than_the_twin() -> None:
    rows = features.rows([compare(ANN, other) for other in (ANN, TWIN, ELSE)], BRITAIN, register_size=20_000)
    same, twin, other = (Scorer.load().probability(row) for row in rows)
    assert same > 0.9
    assert twin < 0.1
    assert other < 0.01


def test_a_row_tells_who_else_is_in_question() -> None:
    compared = [compare(ANN, other) for other in (ANN, TWIN, ELSE)]
    assert features.rows([], BRITAIN, register_size=1) == []
    alone = features.rows(compared[:1], BRITAIN, register_size=20_000)[0]
    among = features.rows(compared, BRITAIN, register_size=20_000)
    shown = [dict(zip(features.NAMES, row, strict=True)) for row in (alone, *among)]
    assert [row["housemates"] for row in shown] == [0, 1, 1, 2]
    assert [row["rivals"] for row in shown] == [0, 0, 1, 1]
    assert shown[0]["lead"] == features.ALONE
    assert shown[1]["lead"] > 0 > shown[2]["lead"]


def test_strangers_grow_with_the_register() -> None:
    small, large = (features.rows([compare(ANN, ANN)], BRITAIN, register_size=size)[0] for size in (1_000, 1_000_000))
    column = features.NAMES.index("strangers")
    assert large[column] - small[column] == 6


def test_every_leaf_of_a_tree_is_reached_by_both_ways() -> None:
    tree = {"feature": [0, 1], "limit": [0.5, 2.5], "left": [~0, ~1], "right": [1, ~2], "leaves": [-1.0, 0.25, 2.0]}
    constant: dict[str, list[float]] = {"feature": [], "limit": [], "left": [], "right": [], "leaves": [0.5]}
    model = {"version": "test", "features": list(features.NAMES), "levels": features.LEVELS, "trees": [tree, constant]}
    found = scorer.read(model)
    rows = [(*start, *[0] * (len(features.NAMES) - 2)) for start in ((0, 0), (1, 2), (1, 3))]
    assert [found.log_odds(row) for row in rows] == [-0.5, 0.75, 2.5]
    assert found.log_odds_of(numpy.array(rows, dtype=numpy.int16)).tolist() == [-0.5, 0.75, 2.5]
    assert found.probability(rows[0]) == pytest.approx(1 / (1 + math.exp(0.5)))


def test_a_model_of_other_features_is_not_read() -> None:
    with pytest.raises(scorer.UnreadableModelError, match="other features"):
        scorer.read({"version": "1", "features": ["number"], "trees": []})
    fewer = {**features.LEVELS, "phone": ["same", "different", "unknown"]}
    with pytest.raises(scorer.UnreadableModelError, match="other features"):
        scorer.read({"version": "1", "features": list(features.NAMES), "levels": fewer, "trees": []})
