"""The projections behind decisions, on a real PostgreSQL: repeated, late and out of order, they end up the same."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import auth, db, migrations, settings, work
from chassis.disclosure import decision, facts, projections, restrictions
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2
from joinedup.identity.v1 import events_pb2 as identity_events
from tests.integration import rpc_house

START = datetime(2026, 1, 1, tzinfo=UTC)
PARTNER = common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER
OFFICER = rpc_house.OFFICER


@pytest.fixture(scope="module")
async def opened(database: Database) -> AsyncIterator[db.Database]:
    """A migrated database."""
    config = settings.ServiceSettings(
        service="frame", database_url=database.app_url, migration_database_url=database.owner_url
    )
    await migrations.migrate(config, rpc_house.PACKAGE)
    pool = db.Database.of(config)
    yield pool
    await pool.close()


def hour(number: int) -> Timestamp:
    """A moment, in hours from the start."""
    stamp = Timestamp()
    stamp.FromDatetime(START + timedelta(hours=number))
    return stamp


def began(person_id: str, at: int, **more: Any) -> common_pb2.RelationshipEstablished:
    return common_pb2.RelationshipEstablished(
        person_id=person_id,
        organisation_id=OFFICER.organisation_id,
        kind=PARTNER,
        source="case/1",
        valid_from=hour(at),
        **more,
    )


def ended(person_id: str, at: int, source: str = "case/1") -> common_pb2.RelationshipEnded:
    return common_pb2.RelationshipEnded(
        person_id=person_id,
        organisation_id=OFFICER.organisation_id,
        kind=PARTNER,
        source=source,
        valid_to=hour(at),
    )


async def project(opened: db.Database, *told: Message) -> None:
    """Handle events as a consumer does, each in its transaction."""
    for event in told:
        async with work.unit(opened, auth.service_actor("frame"), service="frame") as unit:
            await projections.HANDLERS[type(event)](unit, event)


async def related(opened: db.Database, person_id: str) -> list[int]:
    """The hours, of the first ten, in which the officer is related to a person."""
    async with work.unit(opened, auth.service_actor("frame"), service="frame") as unit:
        rows = await db.fetch(
            unit.session, "SELECT kind, valid_from, valid_to FROM relationship WHERE person_id = $1", person_id
        )
    spells = [
        decision.Relationship(
            OFFICER.organisation_id, row["kind"], valid_from=row["valid_from"], valid_to=row["valid_to"]
        )
        for row in rows
    ]
    return [
        number
        for number in range(10)
        if any(spell.holds_for(OFFICER, START + timedelta(hours=number)) for spell in spells)
    ]


async def test_events_in_any_order_and_twice_end_up_the_same(opened: db.Database) -> None:
    for order in itertools.permutations(range(4)):
        person_id = str(uuid.uuid4())
        told = [began(person_id, 1), ended(person_id, 4), began(person_id, 6), ended(person_id, 8)]
        await project(opened, *(told[index] for index in order), *(told[index] for index in order))
        assert await related(opened, person_id) == [1, 2, 3, 6, 7], order


async def test_an_end_overtakes_every_beginning_before_it(opened: db.Database) -> None:
    person_id = str(uuid.uuid4())
    await project(opened, ended(person_id, 5))
    assert await related(opened, person_id) == []
    await project(opened, began(person_id, 2), began(person_id, 3, practitioner_id="officer"))
    assert await related(opened, person_id) == [2, 3, 4]


async def test_an_end_speaks_of_its_own_source_only(opened: db.Database) -> None:
    person_id = str(uuid.uuid4())
    await project(opened, began(person_id, 1), ended(person_id, 3, source="case/2"))
    assert await related(opened, person_id) == list(range(1, 10))


async def test_only_ones_own_organisations_present_relationships_are_facts(opened: db.Database) -> None:
    now = datetime.now(UTC)
    mine, theirs, past, future = (str(uuid.uuid4()) for _ in range(4))
    told: list[Any] = [began(mine, 1), began(theirs, 1), began(past, 1), ended(past, 2), began(future, 0)]
    told[1].organisation_id = "elsewhere"
    told[4].valid_from.FromDatetime(now + timedelta(hours=1))
    await project(opened, *told)
    people = [mine, theirs, past, future]
    async with work.unit(opened, OFFICER, service="frame") as unit:
        found = await facts.Register().gather(unit.session, OFFICER, people)
    assert list(found.relationships) == [mine]
    assert [one.kind for one in found.relationships[mine]] == [PARTNER]


async def test_the_latest_sharing_decision_stands(opened: db.Database) -> None:
    police = common_pb2.SECTOR_POLICE
    refusals = [
        events_pb2.SharingDecisionRecorded(sector=police, refused=True, decided_at=hour(1), version=1),
        events_pb2.SharingDecisionRecorded(sector=police, refused=False, decided_at=hour(2), version=2),
        events_pb2.SharingDecisionRecorded(sector=police, refused=True, decided_at=hour(2), version=3),
    ]
    for order in itertools.permutations(refusals):
        person_id = str(uuid.uuid4())
        for refusal in order:
            refusal.person_id = person_id
        await project(opened, *order, began(person_id, 0))
        async with work.unit(opened, OFFICER, service="frame") as unit:
            found = await facts.Register().gather(unit.session, OFFICER, [person_id])
        assert [(one.refused, one.version) for one in found.decisions[person_id]] == [(True, 3)]


async def test_the_latest_word_on_somebodys_whereabouts_stands(opened: db.Database) -> None:
    for order in itertools.permutations(range(3)):
        person_id, open_again = str(uuid.uuid4()), str(uuid.uuid4())
        told: list[Message] = [
            identity_events.PersonRestricted(person_id=person_id, version=1, restricted_at=hour(1)),
            identity_events.PersonUnrestricted(person_id=person_id, version=2, unrestricted_at=hour(1)),
            identity_events.PersonRestricted(person_id=person_id, version=3, restricted_at=hour(2)),
        ]
        lifted: list[Message] = [
            identity_events.PersonRestricted(person_id=open_again, version=1, restricted_at=hour(1)),
            identity_events.PersonUnrestricted(person_id=open_again, version=2, unrestricted_at=hour(2)),
        ]
        await project(opened, *(told[index] for index in order), *(lifted[index] for index in order if index < 2))
        await project(opened, *told, *lifted)
        # Nobody is related to them: the mark is seen by everybody's work, whoever may see what it covers.
        async with work.unit(opened, OFFICER, service="frame") as unit:
            found = await facts.Register().gather(unit.session, OFFICER, [person_id, open_again])
        assert found.restricted == {person_id}, order


async def test_nobody_but_the_frame_writes_whose_whereabouts_are_protected(opened: db.Database) -> None:
    with pytest.raises(sqlalchemy.exc.ProgrammingError, match="row-level security"):
        async with work.unit(opened, OFFICER, service="frame") as unit:
            await restrictions.record(unit.session, "somebody", restricted=False, version=9, at=START)


async def test_agreements_are_read_again_when_and_only_when_one_is_added(opened: db.Database) -> None:
    register = facts.Register()
    agreement = rpc_house.agreement(rpc_house.nhs_rule())

    async def known() -> Any:
        async with work.unit(opened, OFFICER, service="frame") as unit:
            return (await register.gather(unit.session, OFFICER, ["nobody"])).agreements

    before = await known()
    assert await known() is before
    await project(opened, events_pb2.AgreementPublished(agreement=agreement))
    after = await known()
    assert len(after) == len(before) + 1
    agreement.title = "the same version with another content"
    await project(opened, events_pb2.AgreementPublished(agreement=agreement))
    assert await known() is after
