"""Through the real server: a list of messages tells a plan's partners nothing of who else helps a restricted person."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chassis import auth, work
from chassis.disclosure import projections
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import events_pb2 as identity_events
from joinedup.notify.v1 import notify_pb2, notify_pb2_grpc
from services.notify import rpc, store
from services.notify.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House

TEAM = auth.Actor(
    subject="practitioner:kay",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="trust",
    sector=auth.Sector.NHS,
    role="caseworker",
    practitioner_id="kay",
)
HOMES = replace(TEAM, subject="practitioner:hal", organisation_id="homes", sector=auth.Sector.HOUSING)
OPERATOR = auth.Actor(subject="operator:platform", kind=auth.Kind.OPERATOR, role="operator", purpose="administration")


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Notify."""
    async with service_house.house(
        database, tmp_path_factory.mktemp("trusted"), Settings, lambda config: list(rpc.SERVICES)
    ) as running:
        yield running


async def written_to(house: House, person_id: str, organisations: tuple[str, ...]) -> None:
    """A message about somebody to each."""
    async with work.unit(house.database, house.actor, service="notify") as unit:
        for organisation in organisations:
            unit.session.add(
                store.MessageRow(
                    message_id=str(uuid.uuid4()),
                    version=1,
                    person_id=person_id,
                    template="action_assigned",
                    organisation_id=organisation,
                    source=f"action/{uuid.uuid4()}",
                    status="sent",
                    created_at=datetime.now(UTC),
                    next_attempt_at=datetime.now(UTC),
                )
            )


async def listed(house: House, actor: auth.Actor, person_id: str, organisation: str = "") -> list[notify_pb2.Message]:
    request = notify_pb2.ListMessagesRequest(person_id=person_id, organisation_id=organisation)
    stub: notify_pb2_grpc.NotifyAsyncStub = house.channels.stub(notify_pb2_grpc.NotifyStub, "notify")
    with acting(actor):
        answer = await stub.ListMessages(request)
    assert answer.page.total == len(answer.messages)
    return list(answer.messages)


async def test_recipients_are_told_to_those_who_work_with_all_of_them(house: House) -> None:
    person_id = str(uuid.uuid4())
    everybody = {"surgery", "homes", "trust"}
    await house.relate(person_id, TEAM, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    await house.relate(person_id, HOMES, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER)
    await written_to(house, person_id, tuple(everybody))
    for actor in (TEAM, HOMES, OPERATOR):
        assert {one.organisation_id for one in await listed(house, actor, person_id)} == everybody
    restricted = identity_events.PersonRestricted(person_id=person_id, version=1)
    restricted.restricted_at.GetCurrentTime()
    await house.handle(projections.HANDLERS, restricted)

    for actor in (TEAM, OPERATOR):
        assert {one.organisation_id for one in await listed(house, actor, person_id)} == everybody
        assert len(await listed(house, actor, person_id, "surgery")) == 1
    found = await listed(house, HOMES, person_id)
    assert sorted(one.organisation_id for one in found) == ["", "", "homes"]
    assert {mark.reason for one in found if not one.organisation_id for mark in one.withheld} == {"restricted"}
    assert await listed(house, HOMES, person_id, "surgery") == [], "nor is it found out by asking for one of them"
    assert len(await listed(house, HOMES, person_id, "homes")) == 1
