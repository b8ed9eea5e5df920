"""A referral and its life: what may become of it, who decided what, and when its clock stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from chassis import auth, errors


class Status(StrEnum):
    """FHIR R4 Task.status, under its codes."""

    DRAFT = "draft"
    REQUESTED = "requested"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    READY = "ready"
    CANCELLED = "cancelled"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    FAILED = "failed"
    COMPLETED = "completed"
    ENTERED_IN_ERROR = "entered-in-error"


class Priority(StrEnum):
    """FHIR R4 request-priority, the most pressing first."""

    STAT = "stat"
    ASAP = "asap"
    URGENT = "urgent"
    ROUTINE = "routine"


class Act(StrEnum):
    """What can be done to a referral."""

    SUBMIT = "submit"
    PARK = "park"
    ROUTE = "route"
    ACCEPT = "accept"
    SEND_BACK = "return"
    REJECT = "reject"
    RESUBMIT = "resubmit"
    REVOKE = "revoke"
    ENTER_IN_ERROR = "enter-in-error"
    START = "start"
    COMPLETE = "complete"


TRANSITIONS: Mapping[Status, Mapping[Act, Status]] = MappingProxyType(
    {
        # With the referrer alone. A referral is sent whole: what is stored begins with the next status.
        Status.DRAFT: {
            Act.SUBMIT: Status.RECEIVED,
            Act.PARK: Status.REQUESTED,
        },
        # Asked for, and waiting for a team that can take it: nobody has received it yet.
        Status.REQUESTED: {
            Act.ROUTE: Status.RECEIVED,
            Act.REVOKE: Status.CANCELLED,
            Act.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
        },
        Status.RECEIVED: {
            Act.ACCEPT: Status.ACCEPTED,
            Act.SEND_BACK: Status.ON_HOLD,
            Act.REJECT: Status.REJECTED,
            Act.REVOKE: Status.CANCELLED,
            Act.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
        },
        # Back with the referrer for an answer; one that never comes must not keep the referral open for ever.
        Status.ON_HOLD: {
            Act.RESUBMIT: Status.RECEIVED,
            Act.REJECT: Status.REJECTED,
            Act.REVOKE: Status.CANCELLED,
            Act.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
        },
        Status.ACCEPTED: {
            Act.START: Status.IN_PROGRESS,
            # It joined a case that was open already.
            Act.COMPLETE: Status.COMPLETED,
            Act.REVOKE: Status.CANCELLED,
            Act.ENTER_IN_ERROR: Status.ENTERED_IN_ERROR,
        },
        # From here on the case carries the work (caseworker).
        Status.IN_PROGRESS: {Act.COMPLETE: Status.COMPLETED},
        Status.REJECTED: {},
        Status.CANCELLED: {},
        Status.COMPLETED: {},
        Status.FAILED: {},
        Status.ENTERED_IN_ERROR: {},
        # Known on the wire only: a team that accepted a referral is ready.
        Status.READY: {},
    }
)

# Every status is in one of the four, and in one only (tests/unit/test_referrals_domain.py).
WAITING = frozenset({Status.REQUESTED, Status.RECEIVED, Status.ON_HOLD})
TAKEN_ON = frozenset({Status.ACCEPTED, Status.IN_PROGRESS})
CLOSED = frozenset(
    {Status.REJECTED, Status.CANCELLED, Status.COMPLETED, Status.FAILED, Status.ENTERED_IN_ERROR},
)
WIRE_ONLY = frozenset({Status.DRAFT, Status.READY})

# Those that take up one of a team's places.
OPEN = WAITING | TAKEN_ON

REASON_REQUIRED = frozenset({Status.REJECTED, Status.CANCELLED, Status.ON_HOLD, Status.FAILED})

# BaRS: the reasons with which a service refuses a referral.
REJECTION_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "22": "capacity",
        "23": "not clinically appropriate",
        "24": "declined",
        "26": "patient choice",
        "31": "no appointments",
        "40": "not eligible",
        "99": "other",
    }
)
OTHER = "99"


@dataclass(frozen=True, slots=True)
class Narrative:
    """Free text about the person, kept apart by class of data."""

    health: str = ""
    social_care: str = ""
    police: str = ""
    housing: str = ""
    finance: str = ""
    safeguarding: str = ""
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """The response time in force: from which rule, since when, until when, why, and when a decision stopped it."""

    rule_id: str
    rule_version: int
    started_at: datetime
    due_at: datetime
    explanation: tuple[str, ...]
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that was decided about a referral. `note` may speak of the person; `reason_code` is of BaRS."""

    status: Status
    decided_at: datetime
    organisation_id: str
    practitioner_id: str = ""
    reason_code: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Referral:
    """A request that a team help a person. `organisation_id` is the receiving team's; both are empty until routed."""

    id: str
    version: int
    person_id: str
    status: Status
    priority: Priority
    referrer_organisation_id: str
    referrer_practitioner_id: str
    team_id: str
    organisation_id: str
    routing: str
    narrative: Narrative
    reason_codes: tuple[str, ...]
    safeguarding_concern: bool
    clock: Clock
    message_id: str
    authored_at: datetime
    received_at: datetime
    key_worker_id: str = ""
    decisions: tuple[Decision, ...] = field(default=())


def allowed(status: Status) -> frozenset[Act]:
    """What can be done to a referral in that status."""
    return frozenset(TRANSITIONS[status])


def submitted(*, routed: bool) -> Status:
    """The status of a referral that was just asked for: received by a team, or parked until one is found."""
    return TRANSITIONS[Status.DRAFT][Act.SUBMIT if routed else Act.PARK]


def accept(referral: Referral, *, by: auth.Actor, now: datetime, key_worker_id: str) -> Referral:
    """The team takes the referral on, with a key worker. Raises Conflict."""
    return replace(_decide(referral, Act.ACCEPT, by=by, now=now), key_worker_id=key_worker_id)


def send_back(referral: Referral, *, by: auth.Actor, now: datetime, advice: str) -> Referral:
    """Back to the referrer with advice; the clock keeps running. Raises Conflict."""
    return _decide(referral, Act.SEND_BACK, by=by, now=now, note=advice)


def reject(referral: Referral, *, by: auth.Actor, now: datetime, reason_code: str, note: str) -> Referral:
    """The team refuses, with one of BaRS's reasons. Raises Conflict."""
    return _decide(referral, Act.REJECT, by=by, now=now, reason_code=reason_code, note=note)


def resubmit(referral: Referral, *, by: auth.Actor, now: datetime, narrative: Narrative) -> Referral:
    """The referrer answers the team's advice: what it says anew replaces what it said. Raises Conflict."""
    return replace(_decide(referral, Act.RESUBMIT, by=by, now=now), narrative=_amended(referral.narrative, narrative))


def revoke(referral: Referral, *, by: auth.Actor, now: datetime, note: str, in_error: bool) -> Referral:
    """The referrer takes the referral back, or says that it should never have been. Raises Conflict."""
    act = Act.ENTER_IN_ERROR if in_error else Act.REVOKE
    return _decide(referral, act, by=by, now=now, note=note or "revoked by the referrer")


def start(referral: Referral, *, by: auth.Actor, now: datetime, key_worker_id: str) -> Referral:
    """A case was opened for it. Raises Conflict."""
    moved = _decide(referral, Act.START, by=by, now=now)
    return replace(moved, key_worker_id=key_worker_id or referral.key_worker_id)


def complete(referral: Referral, *, by: auth.Actor, now: datetime) -> Referral:
    """The case that took it up is closed. Raises Conflict."""
    return _decide(referral, Act.COMPLETE, by=by, now=now)


def route(
    referral: Referral, *, by: auth.Actor, now: datetime, team_id: str, organisation_id: str, routing: str, clock: Clock
) -> Referral:
    """A team that can take it was found: it is received there; its clock has run since it was asked for.

    Raises Conflict.
    """
    moved = _decide(referral, Act.ROUTE, by=by, now=now)
    kept = replace(clock, started_at=referral.clock.started_at)
    return replace(moved, team_id=team_id, organisation_id=organisation_id, routing=routing, clock=kept)


def assign(referral: Referral, *, person_id: str, by: auth.Actor, now: datetime) -> Referral:
    """It was about the other of two people who had been taken for one: nothing else of it changes."""
    decision = Decision(
        status=referral.status,
        decided_at=now,
        organisation_id=by.organisation_id,
        practitioner_id=by.practitioner_id,
        note="assigned to the person whom it is about, after two records had been taken for one",
    )
    return replace(
        referral, version=referral.version + 1, person_id=person_id, decisions=(*referral.decisions, decision)
    )


def with_history(referral: Referral, decisions: Iterable[Decision]) -> Referral:
    """The referral with everything that was decided about it, oldest first."""
    return replace(referral, decisions=tuple(decisions))


def _decide(
    referral: Referral, act: Act, *, by: auth.Actor, now: datetime, reason_code: str = "", note: str = ""
) -> Referral:
    status = _after(referral, act)
    if status in REASON_REQUIRED and not (reason_code or note):
        raise errors.Invalid.of("reason", f"a referral is not {status.value} without a reason")
    decision = Decision(
        status=status,
        decided_at=now,
        organisation_id=by.organisation_id,
        practitioner_id=by.practitioner_id,
        reason_code=reason_code,
        note=note,
    )
    return replace(
        referral,
        version=referral.version + 1,
        status=status,
        decisions=(*referral.decisions, decision),
        clock=_stopped(referral.clock, status, now),
    )


def _after(referral: Referral, act: Act) -> Status:
    try:
        return TRANSITIONS[referral.status][act]
    except KeyError:
        raise errors.Conflict(f"it is {referral.status.value}: {act.value} is not possible any more") from None


def _stopped(clock: Clock, status: Status, now: datetime) -> Clock:
    """The clock answers how long somebody waited for a decision: it stops with the first that is one."""
    if status in WAITING or clock.stopped_at is not None:
        return clock
    return replace(clock, stopped_at=now)


def _amended(said: Narrative, anew: Narrative) -> Narrative:
    """A part that is left empty stands as it was: silence withdraws nothing."""
    parts = {name: getattr(anew, name) or getattr(said, name) for name in Narrative.__dataclass_fields__}
    return Narrative(**parts)
