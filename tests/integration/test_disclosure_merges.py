"""Who is the same as whom, projected on a real PostgreSQL: twice, late and out of order, it ends up the same."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import db, migrations, work
from chassis import settings as service_settings
from chassis.disclosure import decision, facts, merges, projections
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import events_pb2
from tests.integration import rpc_house

START = datetime(2026, 1, 1, tzinfo=UTC)
NURSE, SERVICE = rpc_house.NURSE, rpc_house.SERVICE
NHS, POLICE = common_pb2.SECTOR_NHS, common_pb2.SECTOR_POLICE


@pytest.fixture(scope="module")
async def opened(database: Database) -> AsyncIterator[db.Database]:
    """A migrated database."""
    config = service_settings.ServiceSettings(
        service="frame", database_url=database.app_url, migration_database_url=database.owner_url
    )
    await migrations.migrate(config, rpc_house.PACKAGE)
    pool = db.Database.of(config)
    yield pool
    await pool.close()


def merged(merge_id: str, surviving: str, gone: str, at: int) -> events_pb2.PersonMerged:
    event = events_pb2.PersonMerged(merge_id=merge_id, version=1, surviving_person_id=surviving, merged_person_id=gone)
    event.merged_at.FromDatetime(START + timedelta(hours=at))
    return event


def unmerged(begun: events_pb2.PersonMerged, at: int) -> events_pb2.PersonUnmerged:
    event = events_pb2.PersonUnmerged(
        merge_id=begun.merge_id,
        version=2,
        surviving_person_id=begun.surviving_person_id,
        merged_person_id=begun.merged_person_id,
        merged_at=begun.merged_at,
    )
    event.unmerged_at.FromDatetime(START + timedelta(hours=at))
    return event


async def project(opened: db.Database, *told: Message) -> None:
    """Handle events as a consumer would, each in a transaction of its own."""
    for event in told:
        async with work.unit(opened, SERVICE, service="frame") as unit:
            await projections.HANDLERS[type(event)](unit, event)


async def known(opened: db.Database, *people: str) -> list[set[str]]:
    """All ids of each of some people."""
    async with opened.transaction(SERVICE) as session:
        return [set(await merges.known_as(session, person_id)) for person_id in people]


def names(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]


async def test_every_order_of_a_chain_and_its_end_comes_out_the_same(opened: db.Database) -> None:
    for order in itertools.permutations(range(4)):
        first, second, third = names(3)
        begun = [merged(str(uuid.uuid4()), second, first, 1), merged(str(uuid.uuid4()), third, second, 2)]
        (extra,) = names(1)
        told: list[Message] = [*begun, unmerged(begun[0], 3), merged(str(uuid.uuid4()), first, extra, 4)]
        await project(opened, *(told[place] for place in order), *told)
        assert await known(opened, first, second, third) == [{first, extra}, {second, third}, {second, third}]


moves = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(moves=moves, order=st.randoms(use_true_random=False))
async def test_twice_and_in_any_order_the_groups_are_those_of_the_merges_in_force(
    opened: db.Database, moves: list[tuple[int, int, bool]], order: random.Random
) -> None:
    people, gone = names(6), set()
    told: list[Message] = []
    standing: list[events_pb2.PersonMerged] = []
    for at, (surviving, other, taken_back) in enumerate(moves):
        if surviving == other or other in gone:
            continue
        begun = merged(str(uuid.uuid4()), people[surviving], people[other], at)
        told.append(begun)
        if taken_back:
            told.append(unmerged(begun, at + 1))
        else:
            gone.add(other)
            standing.append(begun)
    arriving = [*told, *told]
    order.shuffle(arriving)
    await project(opened, *arriving)
    groups = {person: {person} for person in people}
    for event in standing:
        joined = groups[event.surviving_person_id] | groups[event.merged_person_id]
        groups |= dict.fromkeys(joined, joined)
    assert await known(opened, *people) == [groups[person] for person in people]


def test_the_one_who_was_merged_into_nobody_survives() -> None:
    spells = [
        merges.Spell("1", "b", "a", START),
        merges.Spell("2", "c", "b", START),
        merges.Spell("3", "y", "x", START),
    ]
    assert merges.grouped(spells) == {"c": frozenset("abc"), "y": frozenset("xy")}
    assert merges.grouped([]) == {}
    # Before the end of the first is told: both were merged into the other.
    circle = [merges.Spell("1", "a", "b", START), merges.Spell("2", "b", "a", START + timedelta(hours=1))]
    assert merges.grouped(circle) == {"b": frozenset("ab")}


async def test_facts_are_those_of_every_id_and_no_other_persons(opened: db.Database) -> None:
    kept, gone, stranger = names(3)
    key_worker = common_pb2.RELATIONSHIP_KIND_KEY_WORKER
    async with work.unit(opened, SERVICE, service="frame") as unit:
        await unit.relate(person_id=gone, organisation_id=NURSE.organisation_id, kind=key_worker, source="case/1")
    for actor in (NURSE, SERVICE):
        async with opened.transaction(actor) as session:
            before = await facts.Register().gather(session, NURSE, [kept, gone, stranger])
        assert set(before.relationships) == {gone}
        begun = merged(str(uuid.uuid4()), kept, gone, 1)
    await project(opened, begun)
    async with opened.transaction(NURSE) as session:
        found = await facts.Register().gather(session, NURSE, [kept, gone, stranger])
    assert set(found.relationships) == {kept, gone}
    await project(opened, unmerged(begun, 2))
    async with opened.transaction(NURSE) as session:
        assert set((await facts.Register().gather(session, NURSE, [kept, gone])).relationships) == {gone}


def test_a_refusal_holds_until_it_is_withdrawn_under_the_id_it_was_said_under() -> None:
    refused = decision.SharingDecision(NHS, refused=True, decided_at=START, other_id="b")
    agreed = decision.SharingDecision(NHS, refused=False, decided_at=START + timedelta(hours=1))
    assert decision.has_refused(NURSE, [refused, agreed])
    assert decision.has_refused(NURSE, [agreed, refused])
    withdrawn = replace(refused, refused=False, decided_at=START + timedelta(hours=2))
    assert not decision.has_refused(NURSE, [withdrawn, refused, agreed])
    assert not decision.has_refused(NURSE, [replace(refused, sector=POLICE), agreed])
