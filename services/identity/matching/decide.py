"""Decides who a person is: exact traces first, then the learned scorer; in doubt a human looks, and a tie is doubt."""

import dataclasses
import enum
import math
import operator
from collections.abc import Iterable, Sequence

from services.identity.matching import features, rarity
from services.identity.matching.compare import Comparison, compare
from services.identity.matching.levels import Birth, Gender, Name, Number, Phone, Postcode
from services.identity.matching.normalise import Normalised
from services.identity.matching.rarity import Rarity
from services.identity.matching.scorer import Scorer

MOST_CANDIDATES = 5
WORTH_SHOWING = 0.001
"""The score from which a candidate is told at all."""


class Outcome(enum.StrEnum):
    """What a trace answers."""

    MATCH = "match"
    REVIEW = "review"
    NONE = "none"


class Stage(enum.StrEnum):
    """Which rule decided."""

    NUMBER = "NHS Number and date of birth"
    NAMES = "names, date of birth and address or telephone"
    WEIGHED = "weighed evidence"


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """Where the lines are drawn.

    `match` is the probability from which a match is automatic, `review` the one from which a human is asked;
    `register_size` how many people the register holds: among more people more agree by chance. `names` says how common
    each name is, and `scorer` is the model that weighs what agrees.
    """

    match: float = 0.90
    review: float = 0.05
    register_size: int = 500_000
    names: Rarity = rarity.BRITAIN
    scorer: Scorer = dataclasses.field(default_factory=Scorer.load)


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A registered person who may be the one asked about. `score` is 0..1; 1.0 only for an exact trace."""

    person_id: str
    score: float
    comparison: Comparison

    @property
    def reasons(self) -> tuple[str, ...]:
        """A plain sentence for each field that both know; no sentence names a value."""
        return self.comparison.reasons


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """The answer of a trace: `person_id` where it is a match, the candidates best first, and what decided."""

    outcome: Outcome
    person_id: str
    candidates: tuple[Candidate, ...]
    stage: Stage
    explanation: str


DEFAULTS = Rules()
_PERSON_ID = operator.itemgetter(0)


def trace(asked: Normalised, registered: Iterable[tuple[str, Normalised]], rules: Rules = DEFAULTS) -> Decision:
    """Says who is asked about, among the registered people whom blocking proposed. Their order does not matter.

    Whom a human has already found to be somebody else, the caller leaves out of `registered`.
    """
    return among(_compared(asked, registered), rules)


def exact(asked: Normalised, registered: Iterable[tuple[str, Normalised]]) -> Decision | None:
    """The exact trace alone, None where there is none. Whoever is not born on the very day need not be among them."""
    return _exact(_compared(asked, registered))


def _compared(asked: Normalised, registered: Iterable[tuple[str, Normalised]]) -> list[tuple[str, Comparison]]:
    return [(person_id, compare(asked, record)) for person_id, record in registered]


def among(compared: Sequence[tuple[str, Comparison]], rules: Rules) -> Decision:
    """The decision on candidates that were compared already. Where an exact trace finds the one, nobody is weighed."""
    if found := _exact(compared):
        return found
    in_order = sorted(compared, key=_PERSON_ID)
    rows = features.rows([each for _, each in in_order], rules.names, register_size=rules.register_size)
    return _weighed(_weigh(in_order, rules.scorer.of_list(rows)), rules)


def fit(asked: Normalised, record: Normalised, rules: Rules = DEFAULTS) -> float:
    """Log odds that the asked one is this record's person, were nobody else in question."""
    rows = features.rows([compare(asked, record)], rules.names, register_size=rules.register_size)
    return rules.scorer.of_list(rows)[0]


def _weigh(compared: Sequence[tuple[str, Comparison]], log_odds: Sequence[float]) -> list[Candidate]:
    # Where nothing agrees there is nothing to weigh, whatever else is not known.
    odds = [math.exp(each) if agreeing(found) else 0.0 for (_, found), each in zip(compared, log_odds, strict=True)]
    # One of the candidates is the person, or none is: their chances share what there is, so that a tie lowers both.
    total = 1.0 + math.fsum(odds)
    candidates = [
        Candidate(person_id, min(0.9999, each / total), found)
        for (person_id, found), each in zip(compared, odds, strict=True)
    ]
    return sorted(candidates, key=lambda candidate: (-candidate.score, candidate.person_id))


def _exact(compared: Sequence[tuple[str, Comparison]]) -> Decision | None:
    """The traces that the NHS does first: by number and date of birth, then by names, date of birth and more.

    They tell of the one they find and of nobody else: who lives there too is not what was asked.
    """
    for stage, agrees in ((Stage.NUMBER, number_trace), (Stage.NAMES, names_trace)):
        found = [candidate for candidate in compared if agrees(candidate[1])]
        if len(found) == 1 and not forbidden(found[0][1]):
            person_id, comparison = found[0]
            best = Candidate(person_id, 1.0, comparison)
            return Decision(Outcome.MATCH, person_id, (best,), stage, f"exact trace by {stage}")
    return None


def number_trace(found: Comparison) -> bool:
    """Whether number and date of birth agree in full."""
    return found.number is Number.SAME and found.birth_date in {Birth.EXACT, Birth.NEW_YEAR}


def names_trace(found: Comparison) -> bool:
    """Whether names, date of birth, and address or telephone number agree in full."""
    return (
        found.family is Name.EXACT
        and found.given is Name.EXACT
        and found.birth_date is Birth.EXACT
        and found.gender is not Gender.DIFFERENT
        and (found.postcode in {Postcode.EXACT, Postcode.PREVIOUS} or found.phone is Phone.SAME)
    )


def forbidden(found: Comparison) -> str:
    """Why this pair must never be matched without a human, however much agrees; empty where it may."""
    if reason := contradiction(found):
        return reason
    if found.given is Name.UNNAMED and found.number is not Number.SAME:
        return "a placeholder stands for the given name: a newborn twin agrees in all else"
    return "" if agreeing(found) >= _LEAST_AGREEING else "too little is known"


def contradiction(found: Comparison) -> str:
    """What says that they are two people, as those are who share a home or a name; empty where nothing does."""
    if found.number is Number.DIFFERENT:
        return "the NHS Numbers are two different ones"
    if found.given is Name.DIFFERENT:
        return "the given names are different: a twin or another member of the household agrees in all else"
    if found.birth_date is Birth.DIFFERENT and found.number is not Number.SAME:
        return "the dates of birth are different: a parent or child of the same name agrees in all else"
    return ""


# Number counts twice; given name, family name, date of birth, and address or telephone once. A date that is only near
# counts only at the same address: where few names are carried by many, cousins and strangers have near dates too.
_LEAST_AGREEING = 3
_SAME_DATE = frozenset({Birth.EXACT, Birth.NEW_YEAR, Birth.SWAPPED})
_NEAR_DATE = frozenset({Birth.DAY_OR_MONTH, Birth.JANUARY})
_SILENT = frozenset({"unknown", "different", "resembles", "unnamed"})


def agreeing(found: Comparison) -> int:
    """How many independent things agree, by which a match is allowed at all."""
    place = found.postcode in {Postcode.EXACT, Postcode.PREVIOUS, Postcode.TYPO} or found.phone is Phone.SAME
    names = sum(level.value not in _SILENT for level in (found.given, found.family))
    date = found.birth_date in _SAME_DATE or (place and found.birth_date in _NEAR_DATE)
    return names + date + place + 2 * (found.number is Number.SAME)


def _weighed(weighed: list[Candidate], rules: Rules) -> Decision:
    best = weighed[0] if weighed else None
    scores = [candidate.score for candidate in weighed]
    outcome, why = by_weight(scores, forbidden(best.comparison) if best else "", rules)
    person_id = best.person_id if best and outcome is Outcome.MATCH else ""
    return Decision(outcome, person_id, _worth_showing(weighed), Stage.WEIGHED, why)


def by_weight(scores: Sequence[float], forbidden: str, rules: Rules) -> tuple[Outcome, str]:
    """The outcome and why, by the scores of all candidates, the best first, and what forbids to match the first."""
    if not scores or sum(scores) < rules.review:
        return Outcome.NONE, "nobody in the register is likely enough"
    if scores[0] < rules.match:
        rival = len(scores) > 1 and scores[1] > scores[0] / 10
        return Outcome.REVIEW, "two people fit nearly as well" if rival else "the evidence is not strong enough"
    if forbidden:
        return Outcome.REVIEW, forbidden
    return Outcome.MATCH, "the evidence is strong and nobody else fits"


def _worth_showing(weighed: list[Candidate]) -> tuple[Candidate, ...]:
    return tuple(candidate for candidate in weighed if candidate.score >= WORTH_SHOWING)[:MOST_CANDIDATES]
