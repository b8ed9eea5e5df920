"""What a referrer says when it refers somebody, and everything that can be wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis import errors
from services.referrals import domain, routing

LONGEST_TEXT = 20_000
LONGEST_ID = 200
LONGEST_REASON = 500
MOST_REASONS = 20

_PERSON_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# "system|code|display": a system may be a URL; the display may be empty.
_REASON = re.compile(r"[^|\s]+\|[^|\s]+\|[^|]*")
# Clocks of two organisations differ by minutes, not more.
_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Submission:
    """A referral as it is asked for. `authored_at` is None when it was written just now."""

    person_id: str
    ask: routing.Ask
    priority: domain.Priority
    narrative: domain.Narrative
    reason_codes: tuple[str, ...] = ()
    safeguarding_concern: bool = False
    message_id: str = ""
    authored_at: datetime | None = None


def check(submission: Submission, *, now: datetime) -> None:
    """Raises Invalid naming every field that is wrong, as SubmitReferralRequest names it."""
    violations = (*_identifiers(submission), *_destination(submission.ask), *_why(submission), *_when(submission, now))
    if violations:
        raise errors.Invalid(*violations)


def narrative_problems(narrative: domain.Narrative) -> Iterator[errors.Violation]:
    """The parts of a narrative that are too long to be one."""
    for name in domain.Narrative.__dataclass_fields__:
        if len(getattr(narrative, name)) > LONGEST_TEXT:
            yield errors.Violation(f"narrative.{name}", f"is longer than {LONGEST_TEXT} characters")


def _identifiers(submission: Submission) -> Iterator[errors.Violation]:
    if not _PERSON_ID.fullmatch(submission.person_id):
        yield errors.Violation("person_id", "is not the id of a person, as identity gives it")
    named = {
        "team_id": submission.ask.team_id,
        "service_id": submission.ask.service_id,
        "team_kind": submission.ask.team_kind,
        "message_id": submission.message_id,
    }
    for field, value in named.items():
        if len(value) > LONGEST_ID or not value.isprintable():
            yield errors.Violation(field, f"is longer than {LONGEST_ID} characters, or has unprintable ones")


def _destination(ask: routing.Ask) -> Iterator[errors.Violation]:
    if not (ask.team_id or ask.service_id or ask.team_kind):
        yield errors.Violation("team_id", "say where it should go: a team, a service, or a kind of team")
    # Somebody without an address has no postcode, and is referred all the same.
    if ask.outward_postcode and not routing.OUTWARD.fullmatch(ask.outward_postcode):
        yield errors.Violation("outward_postcode", "is not the first half of a postcode, such as EX31")


def _why(submission: Submission) -> Iterator[errors.Violation]:
    if submission.narrative == domain.Narrative() and not submission.reason_codes:
        yield errors.Violation("narrative", "say why, in words or by a coded reason")
    yield from narrative_problems(submission.narrative)
    if len(submission.reason_codes) > MOST_REASONS:
        yield errors.Violation("reason_codes", f"are more than {MOST_REASONS}")
    for number, reason in enumerate(submission.reason_codes[:MOST_REASONS]):
        if len(reason) > LONGEST_REASON or not _REASON.fullmatch(reason):
            yield errors.Violation(f"reason_codes[{number}]", "is not written as system|code|display")


def _when(submission: Submission, now: datetime) -> Iterator[errors.Violation]:
    if submission.authored_at is not None and submission.authored_at > now + _CLOCKS_DIFFER:
        yield errors.Violation("authored_at", "lies in the future")
