"""Somebody who was merged is counted as one person while they are one, and exactly as before once they are two."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import errors, work
from chassis.disclosure import merges, projections
from devstack.databases import Database
from joinedup.caseworker.v1 import events_pb2 as case_events
from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.gateway.v1 import gateway_pb2
from joinedup.identity.v1 import events_pb2 as identity_events
from joinedup.insight.v1 import events_pb2
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.insight import commands, consumers, contacts, domain, rpc, store
from services.insight.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House

START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
RULE = domain.Rule(threshold=5, window_days=90)
HANDLERS = consumers.handlers(RULE)
# What can be run again when it lost a race.
Act = Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Insight for this module."""
    trusted = tmp_path_factory.mktemp("trusted")
    async with service_house.house(
        database, trusted, Settings, lambda config: list(rpc.SERVICES), database_pool=10
    ) as running:
        yield running


@dataclass
class Two:
    """Two ids, the merge of them, and what happens to them."""

    house: House
    kept: str = field(default_factory=lambda: str(uuid.uuid4()))
    gone: str = field(default_factory=lambda: str(uuid.uuid4()))
    merge_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    merged_at: datetime = START
    contacts: int = 0

    async def handle(self, event: Message) -> None:
        """As the consumer does: the frame's projection first."""
        frame, own = projections.HANDLERS.get(type(event)), HANDLERS.get(type(event))
        async with work.unit(self.house.database, self.house.actor, service="insight") as unit:
            for handler in (frame, own):
                if handler is not None:
                    await handler(unit, event)

    async def attends(self, person_id: str, day: int, kind: int = gateway_pb2.ENCOUNTER_CLASS_EMERGENCY) -> str:
        """A contact of somebody; its key."""
        self.contacts += 1
        event = gateway_events.EncounterRecorded(
            encounter_id=f"{self.merge_id}/{self.contacts}",
            person_id=person_id,
            encounter_class=kind,  # type: ignore[arg-type]
            organisation_id="hospital",
        )
        event.started_at.FromDatetime(START + timedelta(days=day))
        await self.handle(event)
        return f"hospital/{event.encounter_id}"

    async def merge(self) -> None:
        """Two ids stand for one person."""
        event = identity_events.PersonMerged(
            merge_id=self.merge_id, version=1, surviving_person_id=self.kept, merged_person_id=self.gone
        )
        event.merged_at.FromDatetime(self.merged_at)
        await self.handle(event)

    async def unmerge(self) -> None:
        """And no longer."""
        event = identity_events.PersonUnmerged(
            merge_id=self.merge_id, version=2, surviving_person_id=self.kept, merged_person_id=self.gone
        )
        event.merged_at.FromDatetime(self.merged_at)
        event.unmerged_at.FromDatetime(self.merged_at + timedelta(days=1))
        await self.handle(event)

    async def signals(self) -> list[tuple[str, str, int]]:
        """Whose signals there are, by which contact, and at how many."""
        query = "SELECT person_id, encounter, contacts FROM signal WHERE person_id = ANY($1) ORDER BY detected_at"
        rows = await self.house.rows(query, [self.kept, self.gone])
        found = [(row["person_id"], row["encounter"], row["contacts"]) for row in rows]
        told = [*await self.house.events(events_pb2.RisingNeedDetected)]
        mine = [event for event in told if event.person_id in {self.kept, self.gone}]
        assert sorted((event.person_id, event.encounter_id, event.contacts) for event in mine) == sorted(found)
        return found


async def test_five_contacts_spread_over_two_ids_are_a_signal(house: House) -> None:
    two = Two(house)
    await two.merge()
    for day, person_id in enumerate([two.kept, two.kept, two.gone, two.kept]):
        await two.attends(person_id, day)
    assert await two.signals() == []
    last = await two.attends(two.gone, 4)
    assert await two.signals() == [(two.gone, last, 5)]
    await two.attends(two.kept, 5)
    assert len(await two.signals()) == 1, "one signal for each rise"


async def test_a_merge_of_two_who_are_a_rise_together_is_a_signal_and_one_that_was_told_is_none(house: House) -> None:
    two = Two(house)
    keys = [await two.attends(person_id, day) for day, person_id in enumerate([two.kept, two.gone] * 2 + [two.kept])]
    assert await two.signals() == []
    await two.merge()
    assert await two.signals() == [(two.kept, keys[-1], 5)]
    await two.merge()
    assert len(await two.signals()) == 1

    known = Two(house)
    for day in range(5):
        key = await known.attends(known.gone, day)
    crossing = domain.Crossing(key, 5, int((START + timedelta(days=4)).timestamp()))
    await streamed(known, known.gone, crossing)
    await known.attends(known.kept, 5)
    await known.merge()
    assert await known.signals() == [(known.gone, key, 5)]


async def streamed(two: Two, person_id: str, crossing: domain.Crossing) -> None:
    """The stream has counted for one id that it crossed the threshold."""
    async with work.unit(two.house.database, two.house.actor, service="insight") as unit:
        await commands.raise_of_one(unit, person_id=person_id, crossing=crossing, rule=RULE, referral_open=False)


async def test_the_stream_leaves_whoever_was_merged_to_the_count_by_all_ids(house: House) -> None:
    two = Two(house)
    await two.merge()
    await streamed(two, two.kept, domain.Crossing("hospital/x", 5, 1_780_000_000))
    await two.unmerge()
    await streamed(two, two.gone, domain.Crossing("hospital/y", 5, 1_780_000_000))
    assert await two.signals() == []
    alone = Two(house)
    await streamed(alone, alone.kept, domain.Crossing("hospital/z", 5, 1_780_000_000))
    assert await alone.signals() == [(alone.kept, "hospital/z", 5)]


async def test_two_again_each_is_counted_by_what_is_their_own(house: House) -> None:
    two = Two(house)
    for day in range(3):
        await two.attends(two.kept, day)
    await two.merge()
    await two.unmerge()
    await two.attends(two.gone, 3)
    await two.attends(two.gone, 4)
    assert await two.signals() == [], "three and two are two people's"
    await two.attends(two.kept, 5)
    last = await two.attends(two.kept, 6)
    assert await two.signals() == [(two.kept, last, 5)]


async def test_who_is_in_need_by_themselves_has_a_signal_of_their_own_after_the_unmerge(house: House) -> None:
    two = Two(house)
    for day in range(4):
        await two.attends(two.kept, day)
    await two.merge()
    first = await two.attends(two.gone, 4)
    fifth = await two.attends(two.kept, 5)
    assert await two.signals() == [(two.gone, first, 5)]
    await two.unmerge()
    # What was told stays told; and the survivor, who has five of their own, is not left without.
    assert await two.signals() == [(two.gone, first, 5), (two.kept, fifth, 5)]


async def test_a_contact_counts_for_whom_a_human_said_that_it_was(house: House) -> None:
    two = Two(house)
    for day in range(4):
        await two.attends(two.gone, day)
    await two.merge()
    fifth = await two.attends(two.kept, 4, gateway_pb2.ENCOUNTER_CLASS_AMBULANCE)
    assert await two.signals() == [(two.kept, fifth, 5)]
    await two.unmerge()
    moved = case_events.ChronologyEntryAssigned(
        entry_id="e1",
        version=2,
        person_id=two.gone,
        former_person_id=two.kept,
        merge_id=two.merge_id,
        source=f"encounter/{fifth}",
    )
    await two.handle(moved)
    assert await two.signals() == [(two.kept, fifth, 5), (two.gone, fifth, 5)]
    # Said before it was told here, it counts for them when it is.
    later = Two(house)
    await later.merge()
    await later.unmerge()
    for day in range(4):
        await later.attends(later.gone, day)
    early = f"{later.merge_id}/{later.contacts + 1}"
    moved.source, moved.person_id, moved.former_person_id = f"encounter/hospital/{early}", later.gone, later.kept
    await later.handle(moved)
    assert await later.signals() == []
    key = await later.attends(later.kept, 4)
    assert key.endswith(early)
    assert await later.signals() == [(later.gone, key, 5)]


async def test_a_signal_says_whether_a_referral_is_open_under_any_id(house: House) -> None:
    two = Two(house)
    await two.merge()
    submitted = referral_events.ReferralSubmitted(referral_id=two.merge_id, version=1, person_id=two.gone)
    closed = referral_events.ReferralStatusChanged(
        referral_id=two.merge_id, version=2, person_id=two.gone, status=referrals_pb2.STATUS_COMPLETED
    )
    await two.handle(submitted)
    for day in range(5):
        await two.attends(two.kept, day)
    await two.handle(closed)
    await two.handle(submitted)
    for day in range(200, 205):
        await two.attends(two.kept, day)
    query = "SELECT referral_open FROM signal WHERE person_id = $1 ORDER BY detected_at"
    assert [row["referral_open"] for row in await house.rows(query, two.kept)] == [True, False]


async def test_contacts_and_a_merge_at_one_time_miss_no_signal(house: House) -> None:
    for _ in range(8):
        two = Two(house)
        for day, person_id in enumerate([two.kept, two.gone, two.kept]):
            await two.attends(person_id, day)
        acts = [_patiently(two.merge), *(_patiently(_attending(two, person_id)) for person_id in (two.kept, two.gone))]
        await asyncio.gather(*acts)
        assert len(await two.signals()) == 1


def _attending(two: Two, person_id: str) -> Act:
    two.contacts += 1
    event = gateway_events.EncounterRecorded(
        encounter_id=f"{two.merge_id}/{two.contacts}",
        person_id=person_id,
        encounter_class=gateway_pb2.ENCOUNTER_CLASS_POLICE,
        organisation_id="police",
    )
    event.started_at.FromDatetime(START + timedelta(days=3))
    return lambda: two.handle(event)


async def _patiently(act: Act) -> None:
    """As the consumer: what lost a race is run again."""
    while True:
        try:
            await act()
            return
        except errors.Unavailable:
            continue


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(st.tuples(st.booleans(), st.integers(0, 200)), min_size=1, max_size=14),
    merged=st.integers(0, 14),
    order=st.randoms(use_true_random=False),
)
async def test_an_unmerge_restores_every_count(
    house: House, told: list[tuple[bool, int]], merged: int, order: random.Random
) -> None:
    two = Two(house)
    order.shuffle(told)
    for place, (mine, day) in enumerate(told):
        if place == merged:
            await two.merge()
        await two.attends(two.kept if mine else two.gone, day)
    await two.merge()
    await two.unmerge()
    async with work.unit(house.database, house.actor, service="insight") as unit:
        for person_id, mine in ((two.kept, True), (two.gone, False)):
            known = await contacts.known(unit.session, await merges.known_as(unit.session, person_id))
            days = sorted(int((START + timedelta(days=day)).timestamp()) for whose, day in told if whose == mine)
            assert sorted(known.contacts.values()) == days
            rise = domain.rise(known.contacts, RULE)
            assert rise is None or await contacts.told(unit.session, [person_id], rise.encounters)


async def test_the_tables_are_as_the_migrations_make_them(house: House) -> None:
    assert contacts.ContactRow.metadata is store.Table.metadata
    assert await service_house.drift(house, store.Table.metadata) == []
