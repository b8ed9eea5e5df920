"""Decides all traces at once, exactly as decide.among decides one."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk.grown import Ints
from services.identity.bulk.rows import Floats, Levels
from services.identity.matching import decide
from services.identity.matching.compare import Comparison
from services.identity.matching.decide import MOST_CANDIDATES, Outcome, Rules, Stage

Flags = NDArray[np.bool_]


class Shown(NamedTuple):
    """A candidate by position in the register; `levels` is a comparison without names, for the reasons."""

    near: int
    score: float
    levels: Comparison


class Decided(NamedTuple):
    """The answer to one who asks, by position; `match` is the position of the registered person, or -1."""

    asking: int
    outcome: Outcome
    match: int
    candidates: tuple[Shown, ...]
    stage: Stage
    explanation: str


# As Shown(*fields) and Decided(*fields) make them, without going through Python.
_shown = functools.partial(tuple.__new__, Shown)
_decided = functools.partial(tuple.__new__, Decided)
_EXACT = ((Stage.NUMBER, decide.number_trace), (Stage.NAMES, decide.names_trace))
_Verdict = tuple[Outcome, Stage, str]


@dataclasses.dataclass(frozen=True)
class Answers:
    """Answers as columns, which are quickly sent: of each who asks what was decided, as a position in `verdicts`, the
    position of the match or -1, and how many candidates are shown; and of these, one after the other, who they are,
    their scores and their levels as rows.packed has them.
    """

    verdicts: Sequence[_Verdict]
    decided: Ints
    match: Ints
    shown: Ints
    near: Ints
    score: Floats
    packed: Ints

    def each(self, start: int, combinations: Iterator[Comparison]) -> Iterator[Decided]:
        """One by one, where the first of those who ask stands at this position; these are the levels in `packed`."""
        candidates = map(_shown, zip(self.near.tolist(), self.score.tolist(), combinations, strict=False))
        shown = (tuple(itertools.islice(candidates, many)) if many else () for many in self.shown.tolist())
        decided = self.decided.tolist()
        outcome, stage, why = (map(each.__getitem__, decided) for each in zip(*self.verdicts, strict=True))
        answers = zip(itertools.count(start), outcome, self.match.tolist(), shown, stage, why, strict=False)
        return map(_decided, answers)


@dataclasses.dataclass(frozen=True)
class Candidates:
    """Who was compared: who asks, from 0 on and in order; who is near, by position in a register that is sorted by
    person id, which breaks ties; what was found; and the log odds of those at some positions, which are asked for only
    where no exact trace decides.
    """

    asking: Ints
    near: Ints
    packed: Ints
    levels: Levels
    log_odds: Callable[[Ints], Floats]


def decide_all(candidates: Candidates, size: int, rules: Rules) -> Answers:
    """The answers to so many who ask."""
    traces = _Traces(candidates, rules)
    decided, match = np.zeros(size, np.int64), np.full(size, -1)
    verdicts: list[_Verdict] = [_of(decide.by_weight((), "", rules))]
    decided[traces.who] = traces.verdicts(verdicts)
    matches = np.array([outcome is Outcome.MATCH for outcome, _, _ in verdicts], np.bool_)
    match[traces.who] = np.where(matches[decided[traces.who]], traces.first, -1)
    worth = traces.worth_showing()
    who = traces.order[worth]
    shown = np.bincount(candidates.asking[who], minlength=size)
    return Answers(verdicts, decided, match, shown, candidates.near[who], traces.score[worth], candidates.packed[who])


def _of(weighed: tuple[Outcome, str]) -> _Verdict:
    outcome, why = weighed
    return outcome, Stage.WEIGHED, why


class _Traces:
    """The traces for which somebody comes into question, each with its candidates from the best to the worst."""

    def __init__(self, candidates: Candidates, rules: Rules) -> None:
        asking, levels = candidates.asking, candidates.levels
        self._rules, self._asking, self._levels = rules, asking, levels
        self._starts = np.flatnonzero(np.r_[True, asking[1:] != asking[:-1]]) if len(asking) else asking
        self._counts = np.diff(np.r_[self._starts, len(asking)])
        self.who = asking[self._starts]
        self._forbidden = [decide.forbidden(each) for each in levels.distinct]
        self._exact, self._stage = self._by_exact_trace()
        score = self._scores(self._odds(candidates))
        score[self._exact[self._exact >= 0]] = 1.0
        # Who is near stands in order, and those of one score stay so.
        self.order = np.lexsort((-score, asking))
        self.score, self._at = score[self.order], levels.at[self.order]
        self.first = candidates.near[self.order][self._starts]

    def _odds(self, candidates: Candidates) -> Floats:
        """Of an exact trace nobody's, since nobody but the one it finds is told of."""
        odds = np.zeros(len(self._asking))
        weighed = np.flatnonzero(np.repeat(self._exact < 0, self._counts))
        odds[weighed] = np.exp(candidates.log_odds(weighed))
        odds[self._levels.of(decide.agreeing) == 0] = 0.0
        return odds

    def _scores(self, odds: Floats) -> Floats:
        """One of the candidates is the person, or none is, as in decide."""
        return np.minimum(0.9999, odds / np.repeat(1.0 + self._sums(odds), self._counts))

    def _sums(self, values: Floats) -> Floats:
        return np.add.reduceat(values, self._starts) if len(values) else values

    def _by_exact_trace(self) -> tuple[Ints, Ints]:
        """Of each trace the candidate who alone agrees so that nothing is to be weighed, or -1, and by which stage."""
        rows = np.arange(len(self._asking), dtype=np.float64)
        allowed = np.array([not why for why in self._forbidden], np.bool_)[self._levels.at]
        found, by = np.full(len(self._starts), -1), np.zeros(len(self._starts), np.int64)
        for stage, (_, agrees) in enumerate(_EXACT):
            flags = self._levels.of(agrees)
            alone = self._sums(flags) == 1
            # Where one alone agrees, the sum is that one.
            row = np.where(alone, self._sums(flags * rows), 0).astype(np.int64)
            here = (found < 0) & alone & allowed[row]
            found[here], by[here] = row[here], stage
        return found, by

    def verdicts(self, verdicts: list[_Verdict]) -> Ints:
        """What is decided of each trace, as a position in `verdicts`, to which this adds."""
        exact = len(verdicts) + self._stage
        verdicts += [(Outcome.MATCH, stage, f"exact trace by {stage}") for stage, _ in _EXACT]
        return np.where(self._exact >= 0, exact, self._by_weight(verdicts))

    def _by_weight(self, verdicts: list[_Verdict]) -> Ints:
        """Traces that no line of decide.by_weight tells apart are decided alike, so that one of them is looked at."""
        why = {text: number for number, text in enumerate(dict.fromkeys(self._forbidden))}
        forbidden = np.array([why[text] for text in self._forbidden], np.int64)[self._at[self._starts]]
        best = self.score[self._starts]
        second = np.where(self._counts > 1, self.score[np.minimum(self._starts + 1, len(self.score) - 1)], 0.0)
        likely, strong = self._sums(self.score) >= self._rules.review, best >= self._rules.match
        situation = 8 * forbidden + 4 * likely + 2 * strong + (second > best / 10)
        _, one, back = np.unique(situation, return_index=True, return_inverse=True)
        start = len(verdicts)
        verdicts += [_of(self._weighed(trace)) for trace in one.tolist()]
        return start + back

    def _weighed(self, trace: int) -> tuple[Outcome, str]:
        start = int(self._starts[trace])
        scores = self.score[start : start + int(self._counts[trace])].tolist()
        return decide.by_weight(scores, self._forbidden[self._at[start]], self._rules)

    def worth_showing(self) -> Ints:
        """Who is shown, one trace after the other and the best first."""
        rank = np.arange(len(self.score)) - np.repeat(self._starts, self._counts)
        return np.flatnonzero((self.score >= decide.WORTH_SHOWING) & (rank < MOST_CANDIDATES))
