"""What tests of merges stand on: identity with its merges, people in it, and whoever says that two are one."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from chassis import auth
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2, merges_pb2
from joinedup.identity.v1.merges_pb2_grpc import MergesStub
from joinedup.options.v1 import options_pb2
from services.identity import __main__ as identity
from services.identity import domain, tracing, wire
from services.identity.matching import decide
from services.identity.settings import Settings
from services.identity.store import people
from tests.integration import service_house
from tests.integration.service_house import House

STEWARD = auth.Actor(
    subject="practitioner:steward",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="council",
    sector=auth.Sector.COUNCIL,
    role="data_quality",
    purpose="administration",
    practitioner_id="steward",
)


@asynccontextmanager
async def opened(database: Database, directory: Path) -> AsyncIterator[House]:
    """Identity, with an agreement that lets the NHS know who somebody is, and nobody where they live."""
    async with service_house.house(database, directory, Settings, identity.served, database_pool=10) as running:
        nhs = service_house.rule(options_pb2.DATA_CLASS_IDENTIFYING, sectors=[common_pb2.SECTOR_NHS])
        await running.agree(service_house.agreement(nhs))
        yield running


async def merge(
    house: House, surviving: str, merged: str, *, actor: auth.Actor = STEWARD, key: str = "", **more: str
) -> merges_pb2.MergeResponse:
    """Say that two people are one, having looked at both as they stand."""
    rows = await house.rows("SELECT id, version FROM person WHERE id = ANY($1)", [surviving, merged])
    versions = {row["id"]: row["version"] for row in rows}
    request = merges_pb2.MergePeopleRequest(
        surviving=merges_pb2.PersonAsSeen(person_id=surviving, version=versions.get(surviving, 1)),
        merged=merges_pb2.PersonAsSeen(person_id=merged, version=versions.get(merged, 1)),
        reason_code=more.get("reason_code", "reviewed"),
        note=more.get("note", ""),
    )
    with acting(actor, idempotency_key=key or str(uuid.uuid4())):
        return await house.channels.stub(MergesStub, "identity").MergePeople(request)


async def unmerge(
    house: House, merge_id: str, *, actor: auth.Actor = STEWARD, reason_code: str = "merged_in_error"
) -> merges_pb2.MergeResponse:
    """Take a merge back."""
    request = merges_pb2.UnmergePeopleRequest(merge_id=merge_id, reason_code=reason_code)
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        return await house.channels.stub(MergesStub, "identity").UnmergePeople(request)


async def listed(house: House, actor: auth.Actor = STEWARD, **asked: object) -> list[merges_pb2.Merge]:
    """Merges as this actor sees them."""
    request = merges_pb2.ListMergesRequest(**asked)  # type: ignore[arg-type]  # fields of the message
    with acting(actor):
        return list((await house.channels.stub(MergesStub, "identity").ListMerges(request)).merges)


async def one(house: House, merge_id: str, actor: auth.Actor = STEWARD) -> merges_pb2.Merge:
    """One merge as this actor sees it."""
    with acting(actor):
        stub = house.channels.stub(MergesStub, "identity")
        return await stub.GetMerge(merges_pb2.GetMergeRequest(merge_id=merge_id))


async def add(house: House, demographics: identity_pb2.Demographics, person_id: str = "") -> str:
    """A record made without a look at who else is there, as two offices make two records of one person."""
    stated = wire.stated(demographics)
    verdict = domain.Verdict(decide.Outcome.NONE, "", (), keeps_number=True)
    async with house.database.transaction(house.actor) as session:
        now = datetime.now(UTC)
        person = domain.register(stated, verdict, person_id=person_id or str(uuid.uuid4()), source="test", now=now)
        await people.add(session, person, people.Statement(stated, "test", now, tracing.keys(stated), ()))
    return person.id
