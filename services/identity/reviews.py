"""Reviews: two records that may be one person, what a human decides about them, and what follows for tracing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from chassis import errors
from services.identity import domain
from services.identity.matching import normalise, spelling


class Decision(StrEnum):
    """What a human says of two records."""

    SAME = "same"
    DIFFERENT = "different"
    NOT_SURE = "not_sure"


class State(StrEnum):
    """How a review stands: what was decided last, or that nothing was."""

    OPEN = "open"
    NOT_SURE = "not_sure"
    SAME = "same"
    DIFFERENT = "different"


# What waits for somebody, the one that nobody has looked at first.
WAITING = (State.OPEN, State.NOT_SURE)
_ANY = MappingProxyType(
    {Decision.SAME: State.SAME, Decision.DIFFERENT: State.DIFFERENT, Decision.NOT_SURE: State.NOT_SURE}
)
# Nothing leads out of the last two here: what was merged is taken apart by an unmerge, which decides for itself.
TRANSITIONS: Mapping[State, Mapping[Decision, State]] = MappingProxyType(
    {State.OPEN: _ANY, State.NOT_SURE: _ANY, State.SAME: MappingProxyType({}), State.DIFFERENT: MappingProxyType({})}
)

# Why, in codes: a sentence could name a value, and would outlive the record that it quotes.
_ASKED = ("confirmed_with_person", "confirmed_with_source", "national_register")
REASONS: Mapping[Decision, tuple[str, ...]] = MappingProxyType(
    {
        Decision.SAME: ("details_agree", *_ASKED),
        Decision.DIFFERENT: ("relatives", "namesakes", *_ASKED),
        Decision.NOT_SURE: ("too_little_known", "waiting_for_answer", "contradictory"),
    }
)
# The reason of an unmerge; nobody gives it by hand.
UNMERGED = "unmerged"
# Between the two ids in a review's own.
_BETWEEN = "."


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """Two people in no order: whichever is named first, it is the same pair."""

    first: str
    second: str

    @classmethod
    def of(cls, one: str, other: str) -> Pair:
        """The pair of two people. ValueError for one person twice."""
        if one == other:
            raise ValueError("a pair is of two people")
        return cls(min(one, other), max(one, other))

    @classmethod
    def read(cls, review_id: str) -> Pair:
        """The pair behind a review's id. Raises NotFound for what is none."""
        first, _, second = review_id.partition(_BETWEEN)
        if not first or not second or first >= second:
            raise errors.NotFound("no such review")
        return cls(first, second)

    @property
    def review_id(self) -> str:
        """The id of the review of these two."""
        return f"{self.first}{_BETWEEN}{self.second}"


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision about a pair: what, why (a code), who and when."""

    decision: Decision
    reason: str
    practitioner_id: str
    organisation_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """A pair that a human has to look at, how likely it is (`score` 0 to 1), why, and what was decided.

    The last decision counts. `version` grows by one with each.
    """

    pair: Pair
    score: float
    reasons: tuple[str, ...]
    suspected_at: datetime
    decisions: tuple[Decided, ...] = ()

    @property
    def state(self) -> State:
        """How it stands."""
        return State(self.decisions[-1].decision.value) if self.decisions else State.OPEN

    @property
    def version(self) -> int:
        """1 before anything was decided."""
        return len(self.decisions) + 1


def check(decision: Decision, reason: str) -> None:
    """Raises Invalid for a reason that does not belong to the decision."""
    if reason not in REASONS[decision]:
        raise errors.Invalid.of("reason_code", f"must be one of {', '.join(REASONS[decision])}")


def decide(review: Review, decided: Decided, *, seen: int) -> Review:
    """The review with one more decision, made by somebody who looked at version `seen`.

    Raises Conflict when it was decided meanwhile, Invalid for a reason that does not belong to the decision.
    """
    check(decided.decision, decided.reason)
    if seen != review.version or decided.decision not in TRANSITIONS[review.state]:
        raise errors.Conflict("the review was decided meanwhile")
    return replace(review, decisions=(*review.decisions, decided))


def coming_into_question(
    asked: normalise.Normalised, registered: Mapping[str, normalise.Normalised], apart: Iterable[Pair]
) -> dict[str, normalise.Normalised]:
    """Those of the registered people whom the asked one may be, given the pairs that a human has told `apart`.

    Who agrees with one of two in all that is said, and not with the other, is the one: a human has seen that what
    differs between these two is no slip. Whoever agrees with both, or with neither, may still be either.
    """
    left = dict(registered)
    for pair in sorted(apart):
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            both_known = one in registered and other in registered
            if both_known and _is_all_of(asked, registered[one]) and not _is_all_of(asked, registered[other]):
                left.pop(other, None)
    return left


def of_people(apart: Iterable[Pair], people: Mapping[str, str]) -> frozenset[Pair]:
    """Pairs of records as pairs of people, by the id that stands for each record's person since it was merged."""
    known = ((people[pair.first], people[pair.second]) for pair in apart)
    return frozenset(Pair.of(one, other) for one, other in known if one != other)


def surviving(one: domain.Person, other: domain.Person) -> tuple[domain.Person, domain.Person]:
    """Of two records of one person the one that stands for them from now on, and the other.

    The one with an NHS Number does, by which everybody else finds the person; then the older one.
    """
    first, second = sorted(
        (one, other), key=lambda each: (not each.demographics.nhs_number, each.registered_at, each.id)
    )
    return first, second


def without_the_told_apart(verdict: domain.Verdict, apart: Collection[Pair]) -> domain.Verdict:
    """What a trace means, without suspicion of those whom a human has told `apart` from the match."""
    if not verdict.person_id:
        return verdict
    open_ones = tuple(
        one
        for one in verdict.suspects
        if one.person_id == verdict.person_id or Pair.of(one.person_id, verdict.person_id) not in apart
    )
    return replace(verdict, suspects=open_ones)


def _is_all_of(asked: normalise.Normalised, known: normalise.Normalised) -> bool:
    """Whether everything that is said of the one is known of the other, to the letter."""
    said: tuple[tuple[object, Collection[object]], ...] = (
        (asked.number, (known.number,)),
        (asked.given, (known.given,)),
        (asked.family, known.families),
        (asked.birth_date, (known.birth_date,)),
        (asked.gender, (known.gender,)),
        (asked.postcodes[0] if asked.postcodes else None, known.postcodes),
        (asked.phone, (known.phone,)),
    )
    return all(not value or value in values for value, values in said)


def means(person: domain.Person, text: str) -> bool:
    """Whether every word of a search begins a part of the person's name, or its digits are in their NHS Number."""
    known = person.demographics
    digits = "".join(character for character in text if character.isdigit())
    if digits and not any(character.isalpha() for character in text):
        return digits in known.nhs_number
    names = spelling.fold(" ".join((*known.given, known.family, *person.other_families)))
    words = spelling.fold(text)
    return bool(words) and all(any(name.startswith(word) for name in names) for word in words)
