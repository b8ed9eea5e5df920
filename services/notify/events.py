"""What notify tells the others: what became of a message."""

from __future__ import annotations

from datetime import datetime

from joinedup.notify.v1 import events_pb2, notify_pb2
from services.notify.store import MessageRow


def delivery_status(status: str) -> notify_pb2.DeliveryStatus.ValueType:
    """A state as it is on the wire."""
    return notify_pb2.DeliveryStatus.Value(f"DELIVERY_STATUS_{status.upper().replace('-', '_')}")


def message_status_changed(row: MessageRow, at: datetime) -> events_pb2.MessageStatusChanged:
    """A message came to another state."""
    event = events_pb2.MessageStatusChanged(
        message_id=row.message_id,
        version=row.version,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        practitioner_id=row.practitioner_id,
        template=row.template,
        source=row.source,
        status=delivery_status(row.status),
    )
    event.changed_at.FromDatetime(at)
    return event
