"""What referrals tells, as messages: ids, codes, versions and times, and nothing about the person."""

from __future__ import annotations

from types import MappingProxyType

from chassis.work import Work
from joinedup.referrals.v1 import events_pb2, referrals_pb2
from services.referrals import domain

# The wire's numbers for FHIR's codes.
STATUSES = MappingProxyType(
    {status: referrals_pb2.Status.Value(f"STATUS_{status.name}") for status in domain.Status},
)
PRIORITIES = MappingProxyType(
    {priority: referrals_pb2.Priority.Value(f"PRIORITY_{priority.name}") for priority in domain.Priority},
)


def publish_submitted(work: Work, referral: domain.Referral) -> None:
    """A referral was taken in; its team is empty while none could be found."""
    event = events_pb2.ReferralSubmitted(
        referral_id=referral.id,
        version=referral.version,
        person_id=referral.person_id,
        referrer_organisation_id=referral.referrer_organisation_id,
        organisation_id=referral.organisation_id,
        team_id=referral.team_id,
        priority=PRIORITIES[referral.priority],
        message_id=referral.message_id,
    )
    event.submitted_at.FromDatetime(referral.received_at)
    event.due_at.FromDatetime(referral.clock.due_at)
    work.publish(event, person_id=referral.person_id, aggregate=_aggregate(referral), version=referral.version)


def publish_changed(work: Work, referral: domain.Referral) -> None:
    """A decision changed a referral; its last decision is the one that is told."""
    decision = referral.decisions[-1]
    event = events_pb2.ReferralStatusChanged(
        referral_id=referral.id,
        version=referral.version,
        person_id=referral.person_id,
        status=STATUSES[referral.status],
        reason_code=decision.reason_code,
        referrer_organisation_id=referral.referrer_organisation_id,
        organisation_id=referral.organisation_id,
        team_id=referral.team_id,
        key_worker_id=referral.key_worker_id,
        message_id=referral.message_id,
    )
    event.changed_at.FromDatetime(decision.decided_at)
    work.publish(event, person_id=referral.person_id, aggregate=_aggregate(referral), version=referral.version)


def publish_assigned(work: Work, referral: domain.Referral, *, former_person_id: str, merge_id: str) -> None:
    """It is about another person than it was filed under; told after all that was told of that one."""
    event = events_pb2.ReferralAssigned(
        referral_id=referral.id,
        version=referral.version,
        person_id=referral.person_id,
        former_person_id=former_person_id,
        merge_id=merge_id,
    )
    event.assigned_at.FromDatetime(work.now)
    work.publish(event, person_id=former_person_id, aggregate=_aggregate(referral), version=referral.version)


def _aggregate(referral: domain.Referral) -> str:
    return f"referral/{referral.id}"
