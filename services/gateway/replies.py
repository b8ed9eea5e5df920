"""What a sender is told at once when its message was taken in: a BaRS message that answers its own."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from joinedup.referrals.v1 import referrals_pb2
from services.gateway.bars import vocabulary
from services.gateway.bars.message import ReferralMessage

REFERRAL = "urn:joinedup:referral"
"""System of our referrals' ids, for programs; people read them in the text."""


def taken_in(message: ReferralMessage, made: referrals_pb2.SubmitReferralResponse) -> dict[str, Any]:
    """The referral stands: its id here, and by when it is to be triaged."""
    due = made.clock.due_at.ToDatetime(tzinfo=UTC).isoformat()
    return _message(message, made.referral_id, f"Taken in as referral {made.referral_id}; to be triaged by {due}")


def revoked(message: ReferralMessage, made: referrals_pb2.DecideReferralResponse) -> dict[str, Any]:
    """The referral was taken back."""
    return _message(message, made.referral_id, f"Referral {made.referral_id} was taken back")


def _message(message: ReferralMessage, referral_id: str, text: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    outcome = f"urn:uuid:{uuid.uuid4()}"
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": vocabulary.MESSAGE_EVENTS, "code": vocabulary.RESPONSE},
        "destination": [{"endpoint": message.reply.sender_endpoint}] if message.reply.sender_endpoint else [],
        "source": {"name": "Joinedup", "endpoint": message.reply.receiver_endpoint or "urn:joinedup"},
        "response": {"identifier": message.message_id, "code": "ok", "details": {"reference": outcome}},
        "focus": [{"type": "ServiceRequest", "identifier": {"system": REFERRAL, "value": referral_id}}],
    }
    information = {"severity": "information", "code": "informational", "diagnostics": text}
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "type": "message",
        "timestamp": now,
        "entry": [
            {"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": {name: part for name, part in header.items() if part}},
            {"fullUrl": outcome, "resource": {"resourceType": "OperationOutcome", "issue": [information]}},
        ],
    }
