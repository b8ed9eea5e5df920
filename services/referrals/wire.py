"""Referrals as messages, and messages as what commands take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from google.protobuf.timestamp_pb2 import Timestamp

from chassis import errors, paging
from chassis.disclosure import redaction
from joinedup.common.v1 import common_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from services.referrals import domain, events, routing, store, submission

_STATUSES: Mapping[int, domain.Status] = MappingProxyType(
    {number: status for status, number in events.STATUSES.items()}
)
_PRIORITIES: Mapping[int, domain.Priority] = MappingProxyType(
    {number: priority for priority, number in events.PRIORITIES.items()}
)
_ORDERS: Mapping[int, store.lists.Order] = MappingProxyType(
    {
        pb.WORKLIST_ORDER_UNSPECIFIED: store.lists.Order.DUE,
        pb.WORKLIST_ORDER_DUE: store.lists.Order.DUE,
        pb.WORKLIST_ORDER_RECEIVED_NEWEST: store.lists.Order.RECEIVED_NEWEST,
        pb.WORKLIST_ORDER_PRIORITY: store.lists.Order.PRIORITY,
    }
)


def asked(request: pb.SubmitReferralRequest) -> submission.Submission:
    """What a referrer asks for. A priority that is not said is routine, as FHIR has it. Raises Invalid."""
    return submission.Submission(
        person_id=request.person_id,
        ask=routing.Ask(
            team_id=request.team_id,
            service_id=request.service_id.strip(),
            team_kind=request.team_kind.strip(),
            outward_postcode=request.outward_postcode.strip().upper(),
        ),
        priority=_priority(request.priority),
        narrative=narrative_of(request.narrative),
        reason_codes=tuple(request.reason_codes),
        safeguarding_concern=request.safeguarding_concern,
        message_id=request.message_id,
        authored_at=_time(request.authored_at) if request.HasField("authored_at") else None,
    )


def narrative_of(said: common_pb2.Narrative) -> domain.Narrative:
    """The parts of a narrative."""
    return domain.Narrative(**{name: getattr(said, name).strip() for name in _NARRATIVE})


def statuses_of(numbers: Iterable[int]) -> list[domain.Status]:
    """The statuses to list. Raises Invalid for one that does not exist."""
    if unknown := [number for number in numbers if number not in _STATUSES]:
        raise errors.Invalid.of("statuses", f"{unknown[0]} is no status")
    return [_STATUSES[number] for number in numbers]


def order_of(number: int) -> store.lists.Order:
    """How to order a list. Raises Invalid for an order that does not exist."""
    if number not in _ORDERS:
        raise errors.Invalid.of("order", f"{number} is no order")
    return _ORDERS[number]


def referral(one: domain.Referral) -> pb.Referral:
    """A referral with its clock and its decisions."""
    message = pb.Referral(
        referral_id=one.id,
        version=one.version,
        person_id=one.person_id,
        status=events.STATUSES[one.status],
        priority=events.PRIORITIES[one.priority],
        referrer_organisation_id=one.referrer_organisation_id,
        referrer_practitioner_id=one.referrer_practitioner_id,
        team_id=one.team_id,
        organisation_id=one.organisation_id,
        narrative=common_pb2.Narrative(**{name: getattr(one.narrative, name) for name in _NARRATIVE}),
        reason_codes=one.reason_codes,
        safeguarding_concern=one.safeguarding_concern,
        clock=clock(one.clock),
        decisions=[_decision(decision) for decision in one.decisions],
        key_worker_id=one.key_worker_id,
        message_id=one.message_id,
        routing=one.routing,
    )
    message.authored_at.FromDatetime(one.authored_at)
    message.received_at.FromDatetime(one.received_at)
    return message


def without_referrer(message: pb.Referral) -> pb.Referral:
    """The same without who referred, marked as withheld; nor do decisions tell it that the referrer took."""
    for decision in message.decisions:
        if decision.organisation_id == message.referrer_organisation_id:
            decision.ClearField("organisation_id")
            decision.ClearField("practitioner_id")
    message.ClearField("referrer_organisation_id")
    message.ClearField("referrer_practitioner_id")
    for name in ("referrer_organisation_id", "referrer_practitioner_id"):
        message.withheld.append(redaction.whereabouts_withheld(name))
    return message


_NARRATIVE = tuple(domain.Narrative.__dataclass_fields__)


def clock(one: domain.Clock) -> pb.Clock:
    """A response time with its derivation."""
    message = pb.Clock(rule_id=one.rule_id, rule_version=one.rule_version, explanation=one.explanation)
    message.started_at.FromDatetime(one.started_at)
    message.due_at.FromDatetime(one.due_at)
    if one.stopped_at is not None:
        message.stopped_at.FromDatetime(one.stopped_at)
    return message


def submitted(one: domain.Referral) -> pb.SubmitReferralResponse:
    """The answer to somebody who referred."""
    return pb.SubmitReferralResponse(
        referral_id=one.id, version=one.version, team_id=one.team_id, clock=clock(one.clock)
    )


def decided(one: domain.Referral) -> pb.DecideReferralResponse:
    """The answer to somebody who decided."""
    return pb.DecideReferralResponse(referral_id=one.id, version=one.version, status=events.STATUSES[one.status])


def page(listed: store.lists.Page) -> common_pb2.PageResponse:
    """Where the next page begins, and how many there are."""
    following = "" if listed.following is None else paging.token(*listed.following)
    return common_pb2.PageResponse(next_token=following, total=listed.total)


def counts(found: store.lists.Counts) -> pb.WorklistCounts:
    """How a work list stands."""
    return pb.WorklistCounts(waiting=found.waiting, overdue=found.overdue, recent=found.recent)


def _decision(one: domain.Decision) -> pb.Decision:
    message = pb.Decision(
        status=events.STATUSES[one.status],
        reason_code=one.reason_code,
        note=one.note,
        practitioner_id=one.practitioner_id,
        organisation_id=one.organisation_id,
    )
    message.decided_at.FromDatetime(one.decided_at)
    return message


def _priority(number: int) -> domain.Priority:
    if number == pb.PRIORITY_UNSPECIFIED:
        return domain.Priority.ROUTINE
    if number not in _PRIORITIES:
        raise errors.Invalid.of("priority", f"{number} is no priority")
    return _PRIORITIES[number]


def _time(at: Timestamp) -> datetime:
    try:
        return at.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError) as fault:
        raise errors.Invalid.of("authored_at", "is no time") from fault
