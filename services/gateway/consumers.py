"""What the gateway does when others tell something: it follows which organisation an ODS code is."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from chassis.consumer import Handler
from chassis.work import Work
from joinedup.governance.v1 import events_pb2
from services.gateway import store


async def on_organisation_registered(work: Work, event: events_pb2.OrganisationRegistered) -> None:
    """An organisation is new or changed."""
    row = store.OrganisationRow(
        id=event.organisation.id,
        ods_code=event.organisation.ods_code,
        sector=event.organisation.sector,
        version=work.cause.version if work.cause else 1,
    )
    await store.keep_organisation(work.session, row)


HANDLERS: Mapping[type[Message], Handler] = {events_pb2.OrganisationRegistered: on_organisation_registered}
