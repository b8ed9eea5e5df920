"""Answers made of Splink's weighed pairs at a threshold, and the threshold at which they are best."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tests.bench.identity.peer import Predicted
from tests.bench.identity.truth import Quality

Answer = TypeVar("Answer")

THRESHOLDS = tuple(float(weight) for weight in range(-6, 31))


def weight(probability: float) -> float:
    """The match weight, base 2, of a probability."""
    return math.log2(probability / (1 - probability))


def best(answer: Callable[[float], Answer], quality: Callable[[Answer], Quality], precision: float = 0.0) -> Answer:
    """The answer of the threshold that gives the best F1 at such a precision; where none has it, the best F1 of all."""
    judged = [(quality(found), found) for found in map(answer, THRESHOLDS)]
    allowed = [each for each in judged if each[0].precision >= precision] or judged
    return max(allowed, key=lambda each: each[0].f1)[1]


def surest(predicted: Predicted, threshold: float, *, of_left: bool) -> dict[str, str]:
    """Of each record on one side, the likeliest on the other."""
    ones, others = (predicted.left, predicted.right) if of_left else (predicted.right, predicted.left)
    found: dict[str, str] = {}
    for at in _falling(predicted.weight, threshold):
        found.setdefault(ones[at], others[at])
    return found


def one_to_one(predicted: Predicted, threshold: float) -> list[tuple[str, str]]:
    """Links in which no record stands twice, the surest first."""
    taken: set[str] = set()
    found = []
    for at in _falling(predicted.weight, threshold):
        one, other = predicted.left[at], predicted.right[at]
        if one not in taken and other not in taken:
            taken |= {one, other}
            found.append((one, other))
    return found


def connected(predicted: Predicted, threshold: float, records: Sequence[str]) -> dict[str, str]:
    """Clusters as Splink makes them: whatever hangs together at the threshold."""
    into = {record: record for record in records}

    def root(record: str) -> str:
        while into[record] != record:
            into[record] = into[into[record]]
            record = into[record]
        return record

    for at in _falling(predicted.weight, threshold):
        into[root(predicted.left[at])] = root(predicted.right[at])
    return {record: root(record) for record in records}


def _falling(weight: NDArray[np.float64], threshold: float) -> Iterator[int]:
    order = np.argsort(-weight, kind="stable")
    return iter(order[: int((weight >= threshold).sum())].tolist())
