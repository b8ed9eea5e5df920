"""NHS NUMBER STATUS INDICATOR CODE: how far a number can be relied upon (NHS Data Dictionary)."""

import datetime
import enum
from collections.abc import Callable, Iterable

from services.identity.matching.dates import BirthDate
from services.identity.matching.decide import Decision, Outcome
from services.identity.matching.levels import Number
from services.identity.matching.normalise import Normalised

_SIX_WEEKS = datetime.timedelta(weeks=6)


class Status(enum.StrEnum):
    """The eight codes. A message to another system carries the number only at 01 or 02."""

    VERIFIED = "01"
    PRESENT_NOT_TRACED = "02"
    TRACE_REQUIRED = "03"
    NO_OR_MULTIPLE_MATCHES = "04"
    NEEDS_RESOLVING = "05"
    IN_PROGRESS = "06"
    NOT_REQUIRED = "07"
    POSTPONED = "08"

    @property
    def may_be_sent(self) -> bool:
        """Whether a message to another system may carry the number."""
        return self in {Status.VERIFIED, Status.PRESENT_NOT_TRACED}


def after(decision: Decision, asked: Normalised, *, matched: Status | None, today: datetime.date) -> Status:
    """The status of the person asked about after a local trace.

    `matched` is the status of the person that the decision names, which a match takes over; it may be None where the
    decision is no match. A number that fails its check digit counts as none.
    """
    levels = (candidate.comparison.number for candidate in decision.candidates)
    return of(decision.outcome, levels, asked.number_valid, lambda: asked.birth_date, matched=matched, today=today)


def of(
    outcome: Outcome,
    levels: Iterable[Number],
    number_valid: bool,
    birth_date: Callable[[], BirthDate | None],
    *,
    matched: Status | None,
    today: datetime.date,
) -> Status:
    """The same by what it follows from: how the numbers of the candidates agree, and what is stated."""
    if outcome is Outcome.MATCH:
        return matched or Status.PRESENT_NOT_TRACED
    if outcome is Outcome.REVIEW:
        conflict = any(level in {Number.DIFFERENT, Number.SLIP} for level in levels)
        return Status.NEEDS_RESOLVING if conflict else Status.NO_OR_MULTIPLE_MATCHES
    if number_valid:
        return Status.PRESENT_NOT_TRACED
    return Status.POSTPONED if _newborn(birth_date(), today) else Status.TRACE_REQUIRED


def _newborn(date: BirthDate | None, today: datetime.date) -> bool:
    if date is None or not date.whole:
        return False
    return datetime.timedelta() <= today - datetime.date(date.year, date.month, date.day) < _SIX_WEEKS
