"""`joinedup messages` and `joinedup resend`: secure messages, and what became of them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import click
from google.protobuf.timestamp_pb2 import Timestamp

from cli import directory, output, people, session, target
from joinedup.common.v1 import common_pb2
from joinedup.notify.v1 import notify_pb2, notify_pb2_grpc

STATUSES = tuple(
    name.removeprefix("DELIVERY_STATUS_").lower().replace("_", "-")
    for name in notify_pb2.DeliveryStatus.keys()  # noqa: SIM118 - the enum's wrapper is no mapping
    if not name.endswith("_UNSPECIFIED")
)


@click.command()
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="May be given more than once.")
@click.option("--person", default="", metavar="ID", help="Only messages about this person (id or NHS Number).")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@output.json_option
def messages(statuses: tuple[str, ...], person: str, limit: int, as_json: bool) -> None:
    """Secure messages, newest first, with their delivery state. What they said is not kept."""

    async def talk(house: target.House) -> tuple[list[dict[str, Any]], int]:
        operator = house.operator()
        person_id = await people.find(operator, person) if person else ""
        request = notify_pb2.ListMessagesRequest(
            statuses=[_status(name) for name in statuses],
            person_id=person_id,
            page=common_pb2.PageRequest(size=limit),
        )
        stub = operator.stub(notify_pb2_grpc.NotifyStub, "notify")
        with operator.acting():
            answer = await stub.ListMessages(request)
        known = await directory.names(operator)
        return [_row(one, known) for one in answer.messages], answer.page.total

    rows, total = session.run(talk)
    if as_json:
        output.as_json({"total": total, "messages": rows})
        return
    columns = ("message", "template", "to", "status", "attempts", "created", "sent", "problem")
    output.table(f"messages: {len(rows)} of {total}", columns, [_cells(row) for row in rows])


@click.command()
@click.argument("message_id")
@output.json_option
def resend(message_id: str, as_json: bool) -> None:
    """Send a parked message again. Exit code 7 when it is not parked."""

    async def talk(house: target.House) -> notify_pb2.ResendMessageResponse:
        operator = house.operator()
        stub = operator.stub(notify_pb2_grpc.NotifyStub, "notify")
        with operator.acting(key=f"resend/{uuid.uuid4()}"):
            return await stub.ResendMessage(notify_pb2.ResendMessageRequest(message_id=message_id))

    status = _name(session.run(talk).status)
    if as_json:
        output.as_json({"message_id": message_id, "status": status})
    else:
        output.say(f"[green]✓[/] {message_id} is {status} and will be sent again")


def _row(message: notify_pb2.Message, known: directory.Names) -> dict[str, Any]:
    organisation = known.organisations.get(message.organisation_id, message.organisation_id)
    return {
        "message_id": message.message_id,
        "template": message.template,
        "person_id": message.person_id,
        "organisation": organisation,
        "practitioner": known.practitioners.get(message.practitioner_id, message.practitioner_id),
        "source": message.source,
        "status": _name(message.status),
        "attempts": message.attempts,
        "link_only": message.link_only,
        "created_at": _moment(message, "created_at"),
        "sent_at": _moment(message, "sent_at"),
        "next_attempt_at": _moment(message, "next_attempt_at"),
        "problem": message.problem,
    }


def _cells(row: dict[str, Any]) -> tuple[object, ...]:
    to = row["practitioner"] or row["organisation"]
    status = f"{row['status']}{' (link only)' if row['link_only'] else ''}"
    moments = (row["created_at"][:19].replace("T", " "), row["sent_at"][:19].replace("T", " "))
    return row["message_id"], row["template"], to, status, row["attempts"], *moments, row["problem"]


def _status(name: str) -> notify_pb2.DeliveryStatus.ValueType:
    return notify_pb2.DeliveryStatus.Value(f"DELIVERY_STATUS_{name.upper().replace('-', '_')}")


def _name(status: notify_pb2.DeliveryStatus.ValueType) -> str:
    return notify_pb2.DeliveryStatus.Name(status).removeprefix("DELIVERY_STATUS_").lower().replace("_", "-")


def _moment(message: notify_pb2.Message, name: str) -> str:
    if not message.HasField(name):  # type: ignore[arg-type]
        return ""
    stamp: Timestamp = getattr(message, name)
    moment: datetime = stamp.ToDatetime(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds")
