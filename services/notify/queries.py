"""What notify can be asked: which messages there are, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import auth, paging
from chassis.disclosure import circles
from chassis.work import Work
from joinedup.notify.v1 import notify_pb2
from services.notify import events, store


async def list_messages(work: Work, request: notify_pb2.ListMessagesRequest) -> notify_pb2.ListMessagesResponse:
    """Messages, newest first; an organisation sees those about people within its reach, an operator all."""
    if work.actor.kind is auth.Kind.OPERATOR:
        await work.see_everybody()
    names = [notify_pb2.DeliveryStatus.Name(status) for status in request.statuses]
    offset = paging.start(request.page)
    rows, total = await store.messages(
        work.session,
        statuses=[name.removeprefix("DELIVERY_STATUS_").lower().replace("_", "-") for name in names],
        organisation_id=request.organisation_id,
        person_id=request.person_id,
        offset=offset,
        limit=paging.size(request.page),
    )
    messages = await _told(work, rows)
    if request.organisation_id:
        # Who asks for one organisation's messages must not learn from what is found that it helps this person.
        messages = [one for one in messages if one.organisation_id == request.organisation_id]
        total -= len(rows) - len(messages)
    return notify_pb2.ListMessagesResponse(
        messages=messages, page=paging.answer(offset=offset, shown=len(rows), total=total)
    )


async def _told(work: Work, rows: Sequence[store.MessageRow]) -> list[notify_pb2.Message]:
    """Messages without their recipients where the caller is not told of them; an operator knows them by the log."""
    messages = [_message(row) for row in rows]
    if work.actor.kind is auth.Kind.OPERATOR:
        return messages
    others = {row.person_id for row in rows if row.organisation_id != work.actor.organisation_id}
    known = {person_id: await circles.known_to_reader(work, person_id) for person_id in others}
    for message in messages:
        known.get(message.person_id, circles.Circle()).close(message, "organisation_id", "practitioner_id")
    return messages


def _message(row: store.MessageRow) -> notify_pb2.Message:
    message = notify_pb2.Message(
        message_id=row.message_id,
        person_id=row.person_id,
        template=row.template,
        organisation_id=row.organisation_id,
        practitioner_id=row.practitioner_id,
        source=row.source,
        status=events.delivery_status(row.status),
        attempts=row.attempts,
        problem=row.problem,
        link_only=row.link_only,
    )
    message.created_at.FromDatetime(row.created_at)
    if row.sent_at is not None:
        message.sent_at.FromDatetime(row.sent_at)
    if row.next_attempt_at is not None:
        message.next_attempt_at.FromDatetime(row.next_attempt_at)
    return message
