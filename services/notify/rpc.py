"""The Notify service on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from chassis.rpc import server
from chassis.work import Work
from joinedup.notify.v1 import notify_pb2
from services.notify import commands, domain, events, queries


async def list_messages(request: notify_pb2.ListMessagesRequest, work: Work) -> notify_pb2.ListMessagesResponse:
    """ListMessages."""
    return await queries.list_messages(work, request)


async def resend_message(request: notify_pb2.ResendMessageRequest, work: Work) -> notify_pb2.ResendMessageResponse:
    """ResendMessage."""
    row = await commands.resend(work, request.message_id)
    return notify_pb2.ResendMessageResponse(status=events.delivery_status(row.status))


async def record_receipt(request: notify_pb2.RecordReceiptRequest, work: Work) -> notify_pb2.RecordReceiptResponse:
    """RecordReceipt."""
    name = notify_pb2.DeliveryStatus.Name(request.status).removeprefix("DELIVERY_STATUS_")
    receipt = domain.Status(name.lower().replace("_", "-")) if request.status else domain.Status.CREATED
    row = await commands.record_receipt(work, request.message_id, receipt)
    return notify_pb2.RecordReceiptResponse(status=events.delivery_status(row.status))


SERVICES = (
    server.Service(
        descriptor=notify_pb2.DESCRIPTOR.services_by_name["Notify"],
        handlers={
            "ListMessages": list_messages,
            "ResendMessage": resend_message,
            "RecordReceipt": record_receipt,
        },
    ),
)
