"""What one record of the stream means for what is remembered of a person; knows events, not the stream library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.gateway.v1 import gateway_pb2
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.insight import domain

TOPICS = ("encounters.events.v1", "referrals.events.v1")

CRISES = frozenset(
    {
        gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
        gateway_pb2.ENCOUNTER_CLASS_AMBULANCE,
        gateway_pb2.ENCOUNTER_CLASS_POLICE,
    }
)
CLOSED = frozenset(
    {
        referrals_pb2.STATUS_REJECTED,
        referrals_pb2.STATUS_CANCELLED,
        referrals_pb2.STATUS_COMPLETED,
        referrals_pb2.STATUS_FAILED,
        referrals_pb2.STATUS_ENTERED_IN_ERROR,
    }
)


@dataclass(frozen=True)
class Step:
    """What follows from one event: whom it is about, what is to be remembered, and a crossing if it made one."""

    person_id: str
    remembered: domain.Counted
    crossing: domain.Crossing | None = None


def step(event: Message, known: Mapping[str, Any] | None, rule: domain.Rule) -> Step | None:
    """Count an event; None for one that counts nothing here."""
    counted = domain.Counted.of(known)
    if isinstance(event, gateway_events.EncounterRecorded):
        if event.encounter_class not in CRISES:
            return None
        remembered, crossing = domain.contact(counted, encounter=key(event), at=event.started_at.seconds, rule=rule)
        return Step(event.person_id, remembered, crossing)
    if isinstance(event, referral_events.ReferralSubmitted):
        return Step(event.person_id, domain.referral(counted, referral_id=event.referral_id, is_open=True))
    if isinstance(event, referral_events.ReferralStatusChanged) and event.status in CLOSED:
        return Step(event.person_id, domain.referral(counted, referral_id=event.referral_id, is_open=False))
    return None


def key(event: gateway_events.EncounterRecorded) -> str:
    """What a contact is known by: an organisation's encounter is one contact."""
    return f"{event.organisation_id}/{event.encounter_id}"


def person_of(event: Message) -> str:
    """The person an event is about; empty when it is about nobody."""
    return str(getattr(event, "person_id", ""))
