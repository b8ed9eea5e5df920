"""Links whole record sets: duplicates within one, or links between two, with scores and plain reasons."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from services.identity.linkage import assignment, clusters, likeness, meeting, mixture, records
from services.identity.linkage.mixture import Weighed
from services.identity.linkage.records import Ints, Records, Row

Telling = Callable[[str], None]
"""Told the name of each step as it begins."""

_REVIEW_FROM = -3.0


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """Two rows by their positions, of two sets each in its own; `score` is 0..1."""

    left: int
    right: int
    score: float
    reasons: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Duplicates:
    """The cluster of each row, and the pairs of different clusters that a human should look at, the likeliest first."""

    clusters: tuple[int, ...]
    review: tuple[Pair, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Links:
    """One-to-one links, and the pairs that a human should look at, both with the likeliest first."""

    links: tuple[Pair, ...]
    review: tuple[Pair, ...]


def dedupe(rows: Sequence[Row], telling: Telling = lambda _: None) -> Duplicates:
    """Rows of the same person; their order does not matter but for the numbers of clusters."""
    if not rows:
        return Duplicates((), ())
    order = _in_order(rows)
    known, weighed = _weigh([rows[at] for at in order], 0, telling)
    telling("joining")
    found = clusters.join(len(rows), weighed)
    open_ = (weighed.logit >= _REVIEW_FROM) & (found[weighed.left] != found[weighed.right])
    doubtful = np.flatnonzero(open_)
    doubtful = doubtful[np.argsort(-weighed.logit[doubtful], kind="stable")]
    back = np.argsort(order)
    return Duplicates(tuple(found[back].tolist()), _told(known, weighed, doubtful, order, order))


def pairs(left: Sequence[Row], right: Sequence[Row], telling: Telling = lambda _: None) -> Links:
    """Links between two sets, each of which holds a person at most once."""
    if not left or not right:
        return Links((), ())
    orders = _in_order(left), _in_order(right)
    known, weighed = _weigh([*(left[at] for at in orders[0]), *(right[at] for at in orders[1])], len(left), telling)
    telling("choosing")
    linked = assignment.links(weighed)
    doubtful = assignment.doubtful(weighed, linked)
    return Links(_told(known, weighed, linked, *orders), _told(known, weighed, doubtful, *orders))


def _in_order(rows: Sequence[Row]) -> Sequence[int]:
    """An order that depends on what rows say alone: samples are then the same in whatever order they come."""
    return sorted(range(len(rows)), key=lambda at: sorted(rows[at].items()))


def _weigh(rows: Sequence[Row], split: int, telling: Telling) -> tuple[Records, Weighed]:
    telling("reading")
    known = records.read(rows, split=split)
    telling("finding pairs")
    left, right = meeting.pairs(known)
    telling("weighing")
    return known, mixture.weigh(known, left, right)


def _told(known: Records, weighed: Weighed, at: Ints, lefts: Sequence[int], rights: Sequence[int]) -> tuple[Pair, ...]:
    scores = 1 / (1 + np.exp(-np.clip(weighed.logit[at], -50, 50)))
    return tuple(
        Pair(lefts[int(left)], rights[int(right) - known.split], float(score), _reasons(known, weighed, int(place)))
        for left, right, score, place in zip(weighed.left[at], weighed.right[at], scores, at, strict=True)
    )


def _reasons(known: Records, weighed: Weighed, at: int) -> tuple[str, ...]:
    told = (likeness.sentence(column, int(weighed.levels[name][at])) for name, column in known.columns.items())
    return tuple(sentence for sentence in told if sentence)
