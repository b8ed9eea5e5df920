"""What governance does when others tell something: it extends the ledger, and withholds while it is in doubt."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from chassis.consumer import Handler
from chassis.disclosure import merges
from chassis.work import Work
from joinedup.governance.v1 import events_pb2
from joinedup.identity.v1 import events_pb2 as identity_events
from services.governance import assigning, commands


async def on_disclosure(work: Work, event: events_pb2.DisclosureRecorded) -> None:
    """A service answered somebody about a person."""
    await commands.record_disclosure(work, event)


async def on_unmerged(work: Work, event: identity_events.PersonUnmerged) -> None:
    """Two people are two again; the frame's projection of it comes first."""
    await assigning.withhold_for_both(work, await merges.spell(work.session, event.merge_id))


HANDLERS: Mapping[type[Message], Handler] = {
    events_pb2.DisclosureRecorded: on_disclosure,
    identity_events.PersonUnmerged: on_unmerged,
}
