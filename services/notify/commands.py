"""What notify does: create messages, move them from state to state, send parked ones again, take receipts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from chassis import auth, errors
from chassis.work import Work
from services.notify import domain, events, store

# Messages are named after what they tell and whom, so that the same thing told twice is one message.
_MESSAGES = uuid.UUID("b4d7c8a2-5b1e-4f7e-8a37-0f6a3a1c9b52")


@dataclass(frozen=True)
class Notice:
    """Somebody who must know something."""

    template: domain.Template
    person_id: str
    organisation_id: str
    source: str
    practitioner_id: str = ""
    code: str = ""


async def create(work: Work, notice: Notice) -> None:
    """Create a message; the same notice to the same recipient is one message."""
    name = "/".join([notice.template, notice.source, notice.code, notice.organisation_id, notice.practitioner_id])
    row = store.MessageRow(
        message_id=str(uuid.uuid5(_MESSAGES, name)),
        version=1,
        status=domain.Status.CREATED,
        created_at=work.now,
        next_attempt_at=work.now,
        **vars(notice),
    )
    if await store.create(work.session, row):
        work.publish(
            events.message_status_changed(row, work.now),
            person_id=row.person_id,
            aggregate=f"message/{row.message_id}",
            version=1,
        )


def move(
    work: Work,
    row: store.MessageRow,
    to: domain.Status,
    *,
    next_attempt_at: datetime | None = None,
    problem: str = "",
) -> None:
    """Bring a message to another state and tell it. Raises domain.NotAllowed."""
    row.status = domain.advance(domain.Status(row.status), to)
    row.next_attempt_at, row.problem = next_attempt_at, problem
    row.version += 1
    work.session.add(row)
    work.publish(
        events.message_status_changed(row, work.now),
        person_id=row.person_id,
        aggregate=f"message/{row.message_id}",
        version=row.version,
    )


async def resend(work: Work, message_id: str) -> store.MessageRow:
    """Send a parked message again. Raises errors.NotFound, errors.Conflict when it is not parked."""
    if work.actor.kind is auth.Kind.OPERATOR:
        # Related to nobody; and a message's row says nothing about the person's life.
        await work.see_everybody()
    row = await _found(work, message_id)
    if domain.Status(row.status) not in domain.PARKED:
        raise errors.Conflict(f"the message is {row.status}; only parked messages are sent again")
    row.attempts = 0
    move(work, row, domain.Status.CREATED, next_attempt_at=work.now)
    work.audit("resend message", subject=f"message/{message_id}")
    return row


async def record_receipt(work: Work, message_id: str, receipt: domain.Status) -> store.MessageRow:
    """Take a delivery receipt; one that says nothing new changes nothing. Raises errors.NotFound, errors.Invalid."""
    if receipt not in domain.RECEIPTS:
        raise errors.Invalid.of("status", f"must be one of {', '.join(sorted(domain.RECEIPTS))}")
    row = await _found(work, message_id)
    if domain.receipt_counts(domain.Status(row.status), receipt):
        move(work, row, receipt)
    return row


async def _found(work: Work, message_id: str) -> store.MessageRow:
    row = await store.find(work.session, message_id, lock=True)
    if row is None:
        raise errors.NotFound("there is no such message")
    return row
