"""The rules of notifying: the life of a message, when it is tried again, and what a mail domain allows."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


class Status(enum.StrEnum):
    """Delivery states, named as GOV.UK Notify names them."""

    CREATED = "created"
    SENDING = "sending"
    SENT = "sent"
    PENDING = "pending"
    DELIVERED = "delivered"
    PERMANENT_FAILURE = "permanent-failure"
    TEMPORARY_FAILURE = "temporary-failure"
    TECHNICAL_FAILURE = "technical-failure"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.CREATED: frozenset({Status.SENDING}),
    Status.SENDING: frozenset(
        {Status.SENT, Status.TEMPORARY_FAILURE, Status.PERMANENT_FAILURE, Status.TECHNICAL_FAILURE}
    ),
    Status.TEMPORARY_FAILURE: frozenset({Status.SENDING}),
    Status.SENT: frozenset({Status.PENDING, Status.DELIVERED, Status.PERMANENT_FAILURE}),
    Status.PENDING: frozenset({Status.DELIVERED, Status.PERMANENT_FAILURE}),
    Status.DELIVERED: frozenset(),
    # Parked: a person looks, mends what is wrong and sends again.
    Status.PERMANENT_FAILURE: frozenset({Status.CREATED}),
    Status.TECHNICAL_FAILURE: frozenset({Status.CREATED}),
}

PARKED = frozenset({Status.PERMANENT_FAILURE, Status.TECHNICAL_FAILURE})
RECEIPTS = frozenset({Status.PENDING, Status.DELIVERED, Status.PERMANENT_FAILURE})

# Waits before the second, third, ... attempt; when they are used up the message is parked.
RETRY_AFTER: Sequence[timedelta] = tuple(
    timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600)
)

# Waits for a part that is away.
LEAST_WAIT, MOST_WAIT = timedelta(seconds=1), timedelta(seconds=60)


class Template(enum.StrEnum):
    """What a message is about."""

    ACTION_ASSIGNED = "action_assigned"
    ACTION_ANSWERED = "action_answered"
    ACTION_CANCELLED = "action_cancelled"
    CRISIS_ALERT = "crisis_alert"
    PERSON_NEWS = "person_news"
    REFERRAL_DECIDED = "referral_decided"


class NotAllowed(Exception):
    """The present state does not allow this; the text says why."""


class Assurance(enum.StrEnum):
    """What may go to a mail domain (NHSmail, DCB1596)."""

    # Accredited: identifiable data, over TLS.
    ACCREDITED = "accredited"
    # Not accredited: a link that needs a sign-in, and no identifiable data at all.
    LINK_ONLY = "link_only"
    # Retired: nothing; it may have been registered by somebody else.
    RETIRED = "retired"


@dataclass(frozen=True)
class DomainRule:
    """One line of the domain list: a domain, or with a leading dot every domain under it."""

    domain: str
    assurance: Assurance
    reason: str


@dataclass(frozen=True)
class DomainList:
    """The list of mail domains, with its version and date."""

    version: str
    published: str
    rules: tuple[DomainRule, ...]


@dataclass(frozen=True)
class Outcome:
    """What an attempt came to: the state that follows, and when to try again."""

    status: Status
    next_attempt_at: datetime | None


def advance(current: Status, to: Status) -> Status:
    """The state after a step. Raises NotAllowed when the present one does not lead there."""
    if to not in TRANSITIONS[current]:
        raise NotAllowed(f"a message that is {current} cannot become {to}")
    return to


def receipt_counts(current: Status, receipt: Status) -> bool:
    """Whether a receipt says anything new. Receipts come late, twice and out of order; those say nothing."""
    return receipt in RECEIPTS and receipt in TRANSITIONS[current]


def after_failure(*, attempts: int, permanent: bool, now: datetime) -> Outcome:
    """What follows a failed attempt, the `attempts`-th one."""
    if permanent:
        return Outcome(Status.PERMANENT_FAILURE, None)
    if attempts > len(RETRY_AFTER):
        return Outcome(Status.TECHNICAL_FAILURE, None)
    return Outcome(Status.TEMPORARY_FAILURE, now + RETRY_AFTER[attempts - 1])


def after_absence(*, created_at: datetime, now: datetime) -> Outcome:
    """What follows when one of our own parts, or the mail server, was away: that says nothing about the message.

    It waits for a quarter of its age, between a second and a minute: an alert is not minutes late because a service
    was restarted, and a long outage is not hammered at. It is never parked for that.
    """
    wait = min(max((now - created_at) / 4, LEAST_WAIT), MOST_WAIT)
    return Outcome(Status.TEMPORARY_FAILURE, now + wait)


def assurance(address: str, domains: DomainList) -> DomainRule:
    """What may go to an address: the longest rule that fits its domain; a domain nobody listed gets a link only."""
    domain = address.rpartition("@")[2].lower()
    fitting = [rule for rule in domains.rules if _fits(domain, rule.domain)]
    if not fitting:
        return DomainRule(domain, Assurance.LINK_ONLY, "not on the list of accredited domains")
    # A retired family outweighs a parent that is trusted: police.gsi.gov.uk is under gov.uk.
    retired = [rule for rule in fitting if rule.assurance is Assurance.RETIRED]
    return max(retired or fitting, key=lambda rule: len(rule.domain))


def _fits(domain: str, pattern: str) -> bool:
    return domain.endswith(pattern) if pattern.startswith(".") else domain == pattern
