"""Decides all traces at once, exactly as decide.conclude decides one."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk.people import Ints
from services.identity.bulk.rows import Floats, Levels
from services.identity.matching import decide
from services.identity.matching.compare import Comparison
from services.identity.matching.decide import MOST_CANDIDATES, Outcome, Rules, Stage

Flags = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A candidate by position in the register; `levels` is a comparison without names, for the reasons."""

    near: int
    score: float
    levels: Comparison


@dataclasses.dataclass(frozen=True, slots=True)
class Decided:
    """The answer to one who asks, by position; `match` is the position of the registered person, or -1."""

    asking: int
    outcome: Outcome
    match: int
    candidates: tuple[Shown, ...]
    stage: Stage
    explanation: str


_NOBODY = "nobody in the register is likely enough"


def nobody(asking: int) -> Decided:
    """The answer where nobody comes into question."""
    return Decided(asking, Outcome.NONE, -1, (), Stage.WEIGHED, _NOBODY)


def decide_all(asking: Ints, near: Ints, log_odds: Floats, levels: Levels, rules: Rules) -> Iterator[Decided]:
    """The answers to those who ask and for whom somebody comes into question, in their order.

    `near` are positions in a register that is sorted by person id, which breaks ties.
    """
    agreeing = levels.of(decide.agreeing)
    odds = np.where(agreeing > 0, np.exp(log_odds), 0.0)
    starts = np.flatnonzero(np.r_[True, asking[1:] != asking[:-1]]) if len(asking) else asking
    counts = np.diff(np.r_[starts, len(asking)])
    score = np.minimum(0.9999, odds / np.repeat(1.0 + np.add.reduceat(odds, starts), counts)) if len(asking) else odds
    order = np.lexsort((near, -score, asking))
    table = _Table(near[order], score[order], levels.at[order], levels.distinct, rules)
    for start, count, who in zip(starts.tolist(), counts.tolist(), asking[starts].tolist(), strict=True):
        yield table.decided(who, start, start + count)


class _Table:
    """Candidates with the best of each trace first, and what follows from each combination of levels."""

    def __init__(self, near: Ints, score: Floats, at: Ints, distinct: Sequence[Comparison], rules: Rules) -> None:
        self._near = near.tolist()
        self._scores = score.tolist()
        self._at = at.tolist()
        self._levels = distinct
        self._rules = rules
        self._forbidden = [decide.forbidden(each) for each in distinct]
        self._exact = [
            (Stage.NUMBER, [decide.number_trace(each) for each in distinct]),
            (Stage.NAMES, [decide.names_trace(each) for each in distinct]),
        ]

    def decided(self, asking: int, start: int, end: int) -> Decided:
        """The answer for the candidates of these rows."""
        return self._by_exact_trace(asking, start, end) or self._by_weight(asking, start, end)

    def _by_exact_trace(self, asking: int, start: int, end: int) -> Decided | None:
        for stage, agrees in self._exact:
            found = [row for row in range(start, end) if agrees[self._at[row]]]
            if len(found) == 1 and not self._forbidden[self._at[found[0]]]:
                row = found[0]
                best = Shown(self._near[row], 1.0, self._levels[self._at[row]])
                others = self._worth_showing(each for each in range(start, end) if each != row)
                shown = (best, *others)[:MOST_CANDIDATES]
                return Decided(asking, Outcome.MATCH, best.near, shown, stage, f"exact trace by {stage}")
        return None

    def _by_weight(self, asking: int, start: int, end: int) -> Decided:
        shown = self._worth_showing(range(start, end))
        outcome, why = decide.by_weight(self._scores[start:end], self._forbidden[self._at[start]], self._rules)
        match = self._near[start] if outcome is Outcome.MATCH else -1
        return Decided(asking, outcome, match, shown, Stage.WEIGHED, why)

    def _worth_showing(self, rows: Iterator[int] | range) -> tuple[Shown, ...]:
        found: list[Shown] = []
        for row in rows:
            # The best stand first, so that nobody after one who is not worth showing is.
            if self._scores[row] < decide.WORTH_SHOWING or len(found) == MOST_CANDIDATES:
                break
            found.append(Shown(self._near[row], self._scores[row], self._levels[self._at[row]]))
        return tuple(found)
