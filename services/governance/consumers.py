"""What governance does when others tell something: disclosures from every service extend the ledger."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from chassis.consumer import Handler
from chassis.work import Work
from joinedup.governance.v1 import events_pb2
from services.governance import commands


async def on_disclosure(work: Work, event: events_pb2.DisclosureRecorded) -> None:
    """A service answered somebody about a person."""
    await commands.record_disclosure(work, event)


HANDLERS: Mapping[type[Message], Handler] = {events_pb2.DisclosureRecorded: on_disclosure}
