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
    known, weighed = _weigh(rows, 0, telling)
    telling("joining")
    found = clusters.join(len(rows), weighed)
    open_ = (weighed.logit >= _REVIEW_FROM) & (found[weighed.left] != found[weighed.right])
    doubtful = np.flatnonzero(open_)
    doubtful = doubtful[np.argsort(-weighed.logit[doubtful], kind="stable")]
    return Duplicates(tuple(found.tolist()), _told(known, weighed, doubtful))


def pairs(left: Sequence[Row], right: Sequence[Row], telling: Telling = lambda _: None) -> Links:
    """Links between two sets, each of which holds a person at most once."""
    if not left or not right:
        return Links((), ())
    known, weighed = _weigh([*left, *right], len(left), telling)
    telling("choosing")
    linked = assignment.links(weighed)
    return Links(_told(known, weighed, linked), _told(known, weighed, assignment.doubtful(weighed, linked)))


def _weigh(rows: Sequence[Row], split: int, telling: Telling) -> tuple[Records, Weighed]:
    telling("reading")
    known = records.read(rows, split=split)
    telling("finding pairs")
    left, right = meeting.pairs(known)
    telling("weighing")
    return known, mixture.weigh(known, left, right)


def _told(known: Records, weighed: Weighed, at: Ints) -> tuple[Pair, ...]:
    scores = 1 / (1 + np.exp(-np.clip(weighed.logit[at], -50, 50)))
    return tuple(
        Pair(int(left), int(right) - known.split, float(score), _reasons(known, weighed, int(place)))
        for left, right, score, place in zip(weighed.left[at], weighed.right[at], scores, at, strict=True)
    )


def _reasons(known: Records, weighed: Weighed, at: int) -> tuple[str, ...]:
    told = (likeness.sentence(column, int(weighed.levels[name][at])) for name, column in known.columns.items())
    return tuple(sentence for sentence in told if sentence)
