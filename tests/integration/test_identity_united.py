"""Merged people whose name stands on one record and whose birth date on another: a tie with them goes to a human."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chassis import work
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2, register_pb2
from services.identity import domain, merges, merging
from services.identity.matching import blocking
from services.identity.store import histories as kept
from services.identity.store import people
from tests.integration import identity_merging, register_world
from tests.integration.identity_merging import add, unmerge
from tests.integration.register_world import KEY_WORKER, Desk
from tests.integration.service_house import House
from tests.integration.test_identity_bulk import trace_many
from tests.integration.test_identity_register import register, somebody, trace

MATCH, REVIEW = identity_pb2.TRACE_OUTCOME_MATCH, identity_pb2.TRACE_OUTCOME_REVIEW


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity for this module."""
    async with register_world.world(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


def without(stated: identity_pb2.Demographics, *fields: str) -> identity_pb2.Demographics:
    """The same, less said."""
    less = identity_pb2.Demographics()
    less.CopyFrom(stated)
    for field in fields:
        less.ClearField(field)  # type: ignore[arg-type]  # names of fields
    return less


@dataclass
class Halves:
    """Somebody of whom one record has the name and another one the birth date, and a namesake with both."""

    stated: identity_pb2.Demographics
    named: str
    born: str
    namesake: str

    @classmethod
    async def arrive(cls, house: House, seed: int, *, namesake: bool = True) -> Halves:
        """Be there, and not merged."""
        stated = somebody(seed)
        named, born = without(stated, "birth_date"), without(stated, "name")
        return cls(
            stated, await add(house, named), await add(house, born), await add(house, stated) if namesake else ""
        )

    async def merge(self, house: House, *, turned: bool = False) -> str:
        """Be one person; `turned`, the record with the birth date survives."""
        pair = (self.born, self.named) if turned else (self.named, self.born)
        return (await identity_merging.merge(house, *pair)).merge_id


async def outcome(house: House, stated: identity_pb2.Demographics) -> identity_pb2.TraceOutcome.ValueType:
    """What one trace answers, which is what many at once do."""
    alone, (together,) = await trace(house, stated), await trace_many(house, [stated])
    del alone.too_common[:], together.answer.too_common[:]
    assert alone == together.answer
    return alone.outcome


@pytest.mark.parametrize("turned", [False, True])
async def test_a_tie_with_a_merged_person_goes_to_a_human_until_they_are_parted(house: House, turned: bool) -> None:
    halves = await Halves.arrive(house, 1 + turned)
    assert await outcome(house, halves.stated) == MATCH
    made = await halves.merge(house, turned=turned)
    assert await outcome(house, halves.stated) == REVIEW
    await unmerge(house, made)
    assert await outcome(house, halves.stated) == MATCH
    assert (await trace(house, halves.stated)).candidates[0].person_id == halves.namesake
    assert await house.rows("SELECT * FROM united_key WHERE person_id = ANY($1)", [halves.named, halves.born]) == []
    await halves.merge(house, turned=turned)
    # They were told apart, and are one all the same.
    assert await outcome(house, halves.stated) == REVIEW


async def test_alone_a_merged_person_is_found_by_what_their_records_say_together(house: House) -> None:
    halves = await Halves.arrive(house, 3, namesake=False)
    await halves.merge(house)
    found = await trace(house, halves.stated)
    assert (found.outcome, [(one.person_id, one.score) for one in found.candidates]) == (MATCH, [(halves.named, 1)])
    assert await outcome(house, halves.stated) == MATCH


async def test_a_tie_is_seen_of_whom_nothing_but_all_records_together_is_like_what_is_asked(house: House) -> None:
    stated = somebody(5)
    named = await add(house, without(stated, "birth_date", "address"))
    for less in (without(stated, "name", "address"), without(stated, "name", "birth_date")):
        await identity_merging.merge(house, named, await add(house, less))
    found = await trace(house, stated)
    assert (found.outcome, found.candidates[0].person_id) == (MATCH, named)
    await add(house, stated)
    assert await outcome(house, stated) == REVIEW


async def test_in_whatever_order_a_chain_comes_apart_the_tie_stands_while_the_halves_are_one(house: House) -> None:
    for place, order in enumerate(((0, 1), (1, 0))):
        halves = await Halves.arrive(house, 10 + place)
        third = await add(house, identity_pb2.Demographics(telephone=f"01271 32259{place}"))
        made = [
            await halves.merge(house),
            (await identity_merging.merge(house, third, halves.named)).merge_id,
        ]
        assert await outcome(house, halves.stated) == REVIEW
        await unmerge(house, made[order[0]])
        assert await outcome(house, halves.stated) == (MATCH if order[0] == 0 else REVIEW)
        await unmerge(house, made[order[1]])
        assert await outcome(house, halves.stated) == MATCH
        everybody = [halves.named, halves.born, third]
        assert await house.rows("SELECT * FROM united_key WHERE person_id = ANY($1)", everybody) == []


async def test_what_is_learnt_of_a_merged_person_makes_a_tie(house: House) -> None:
    stated = somebody(30, nhs_number="", telephone="01271 322530")
    by_number = without(stated, "birth_date", "address")
    by_number.nhs_number = register_world.number(30)
    by_number.name.ClearField("family")
    kept_id, named = await add(house, by_number), await add(house, without(stated, "birth_date"))
    await identity_merging.merge(house, kept_id, named)
    by_number.birth_date = stated.birth_date
    answer = await register(house, by_number)
    assert (answer.outcome, answer.person_id) == (MATCH, kept_id)
    await add(house, stated)
    assert await outcome(house, stated) == REVIEW


async def test_what_is_changed_on_a_merged_record_makes_a_tie_and_ends_it(house: House) -> None:
    halves = await Halves.arrive(house, 40)
    await halves.merge(house)
    await house.relate(halves.named, KEY_WORKER, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    married = without(halves.stated, "name")
    married.name.CopyFrom(identity_pb2.Name(given=halves.stated.name.given, family="Oxenholme"))
    await add(house, married)
    assert await outcome(house, married) == MATCH
    await update(house, halves.named, identity_pb2.Demographics(name=married.name))
    assert await outcome(house, married) == REVIEW
    assert await outcome(house, halves.stated) == MATCH
    await update(house, halves.named, identity_pb2.Demographics(name=halves.stated.name))
    assert await outcome(house, married) == MATCH
    assert await outcome(house, halves.stated) == REVIEW


async def test_a_change_that_waits_for_a_merge_is_found_by_it(house: House) -> None:
    halves = await Halves.arrive(house, 50)
    (before,) = await known(house, halves.named)
    async with unit(house) as merging_now:
        seen = [merging.AsSeen(person_id, 1) for person_id in (halves.named, halves.born)]
        await merging.merge(merging_now, surviving=seen[0], merged=seen[1], why=merges.Why("reviewed"))
        changing = asyncio.create_task(change_alone(house, before, family="Ravenglass"))
        await somebody_waits(house)
    await changing
    assert await tied(house, halves.stated, family="Ravenglass")


async def test_two_changes_at_one_time_of_two_records_of_one_person_lose_no_combination(house: House) -> None:
    halves = await Halves.arrive(house, 51)
    await halves.merge(house)
    named, born = await known(house, halves.named, halves.born)
    async with unit(house) as first:
        await change(first, named, family="Ulpha")
        second = asyncio.create_task(change_alone(house, born, birth_date="1977-11-03"))
        await somebody_waits(house)
    await second
    assert await tied(house, halves.stated, family="Ulpha", birth_date="1977-11-03")


def unit(house: House) -> AbstractAsyncContextManager[work.Work]:
    """A transaction of identity's own."""
    return work.unit(house.database, house.actor, service="identity")


async def change(changing: work.Work, before: domain.Person, **more: Any) -> None:
    """Store that something else is so of a record, and have it be found by that."""
    after = replace(before, version=before.version + 1, demographics=replace(before.demographics, **more))
    await people.change(changing.session, before, after)
    await kept.find_by(changing.session, after.id, blocking.keys(domain.comparable_person(after)))


async def change_alone(house: House, before: domain.Person, **more: Any) -> None:
    """The same in a transaction of its own."""
    async with unit(house) as changing:
        await change(changing, before, **more)


async def somebody_waits(house: House) -> None:
    """Wait until a transaction waits for another one."""
    async with asyncio.timeout(0.8):
        while not await house.rows("SELECT pg_sleep(0.01) FROM pg_locks WHERE NOT granted LIMIT 1"):
            continue


async def tied(house: House, stated: identity_pb2.Demographics, *, family: str, birth_date: str = "") -> bool:
    """Whether a namesake by other names or of another day is not told apart from somebody who is there."""
    asked = without(stated)
    asked.name.family, asked.birth_date = family, birth_date or stated.birth_date
    await add(house, asked)
    return await outcome(house, asked) == REVIEW


async def known(house: House, *ids: str) -> list[domain.Person]:
    """Records as they are stored."""
    async with house.database.transaction(house.actor) as session:
        return await people.get(session, ids)


async def update(house: House, person_id: str, changed: identity_pb2.Demographics) -> None:
    """Say what is so of a person from now on."""
    version = (await register_world.person(house, person_id)).version
    request = register_pb2.UpdatePersonRequest(
        person_id=person_id, version=version, demographics=changed, source="tenancy/1"
    )
    await Desk(house, KEY_WORKER).register("UpdatePerson", request)
