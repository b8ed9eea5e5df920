"""Who comes to look like somebody else by what is said of them later goes before a human, as who registers does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chassis import auth, errors
from devstack.databases import Database
from joinedup.identity.v1 import events_pb2, identity_pb2, reviews_pb2
from joinedup.identity.v1 import register_pb2 as pb
from services.identity.reviews import Pair
from tests.integration import register_world, reviews_world
from tests.integration.identity_merging import merge
from tests.integration.register_world import KEY_WORKER, Desk, number, somebody
from tests.integration.service_house import House

AMENDED = identity_pb2.Demographics(address=identity_pb2.Address(lines=["1 High Street"], postcode="EX31 1AA"))


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity for this module."""
    async with register_world.world(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


async def amend(house: House, person_id: str, version: int, now: identity_pb2.Demographics) -> int:
    request = pb.UpdatePersonRequest(person_id=person_id, version=version, demographics=now, source="tenancy/1")
    return int((await Desk(house, KEY_WORKER).register("UpdatePerson", request)).version)


async def asked(house: House, one: str, other: str) -> list[events_pb2.DuplicateSuspected]:
    """What was told of a suspicion that two people are one."""
    told = await house.events(events_pb2.DuplicateSuspected)
    return [event for event in told if {event.person_id, event.other_person_id} == {one, other}]


async def waiting(house: House, one: str, other: str) -> int:
    """How often the two wait for a human."""
    query = "SELECT 1 FROM duplicate WHERE person_id = ANY($1) AND other_person_id = ANY($1)"
    return len(await house.rows(query, [one, other]))


def elsewhere(seed: int) -> identity_pb2.Demographics:
    """Somebody of another name and address, born on the same day as the one of the seed."""
    other = somebody(seed + 500, postcode="PL1 2AA")
    other.birth_date = somebody(seed).birth_date
    return other


async def two(house: House, seed: int) -> tuple[str, str]:
    """Two people nobody takes for one: they share no more than their date of birth."""
    known = await register_world.registered(house, somebody(seed, postcode="EX31 1AA"))
    other = await register_world.registered(house, elsewhere(seed))
    assert not await asked(house, known, other)
    return known, other


def named(seed: int) -> identity_pb2.Demographics:
    """That somebody bears the name of the one of the seed, at their address."""
    stated = identity_pb2.Demographics(name=somebody(seed).name)
    stated.MergeFrom(AMENDED)
    return stated


async def test_who_takes_on_the_name_and_address_of_somebody_else_goes_before_a_human(house: House) -> None:
    known, other = await two(house, 101)
    assert await amend(house, other, 1, named(101)) == 2
    (event,) = await asked(house, known, other)
    assert (event.person_id, event.other_person_id, event.score) == (other, known, 1.0)
    (row,) = await house.rows("SELECT * FROM duplicate WHERE person_id = $1", other)
    assert row["reasons"]
    # Nobody is merged without a human, and asked again is asked once.
    assert (await register_world.person(house, other)).person_id == other
    await amend(house, other, 2, identity_pb2.Demographics(telephone="01271 320001"))
    await amend(house, known, 1, identity_pb2.Demographics(telephone="01271 320001"))
    assert await waiting(house, known, other) == 1
    assert len(await asked(house, known, other)) == 1


async def test_a_birth_date_put_right_is_a_reason_to_look(house: House) -> None:
    stated = somebody(102, postcode="EX31 1AA")
    known = await register_world.registered(house, stated)
    wrong = somebody(102, postcode="EX31 1AA")
    wrong.birth_date = "1999-12-31"
    other = await register_world.registered(house, wrong)
    await house.rows("DELETE FROM duplicate WHERE person_id = $1", other)
    await amend(house, other, 1, identity_pb2.Demographics(birth_date=stated.birth_date))
    assert await waiting(house, known, other) == 1


async def test_who_moves_where_nobody_is_like_them_is_nobodys_lookalike(house: House) -> None:
    person_id = await register_world.registered(house, somebody(103))
    await amend(house, person_id, 1, AMENDED)
    assert not await house.rows("SELECT 1 FROM duplicate WHERE $1 IN (person_id, other_person_id)", person_id)


async def test_who_was_told_apart_is_not_asked_about_again(house: House) -> None:
    known, other = await two(house, 104)
    await amend(house, other, 1, named(104))
    pair = Pair.of(known, other)
    await house.rows(
        "INSERT INTO review_decision (first_person_id, second_person_id, version, decision, reason, practitioner_id,"
        " organisation_id, decided_at) VALUES ($1, $2, 1, 'different', 'namesakes', 'steward', 'records', now())",
        pair.first,
        pair.second,
    )
    await house.rows("DELETE FROM duplicate WHERE person_id = $1", other)
    await amend(house, other, 2, identity_pb2.Demographics(telephone="01271 320004"))
    await amend(house, known, 1, identity_pb2.Demographics(telephone="01271 320004"))
    assert await waiting(house, known, other) == 0
    # Somebody else who comes to look like them is asked about all the same.
    third = await register_world.registered(house, elsewhere(204))
    stated = named(104)
    stated.birth_date = somebody(104).birth_date
    await amend(house, third, 1, stated)
    assert (await waiting(house, third, known), await waiting(house, third, other)) == (1, 1)


async def test_who_comes_to_look_like_a_protected_person_is_protected_until_a_human_says(house: House) -> None:
    known, other = await two(house, 105)
    await register_world.restrict(house, known)
    stated = identity_pb2.Demographics(name=somebody(105).name)
    await amend(house, other, 1, stated)
    assert await waiting(house, known, other) == 1
    assert not (await register_world.person(house, other)).demographics.HasField("address")
    events = await house.events(events_pb2.PersonRestricted, person_id=other)
    assert len(events) == 1
    versions = [event.version for event in await house.events(events_pb2.PersonUpdated, person_id=other)]
    assert versions == [2, 3]
    # A human's word that they need no protection is not undone by the next change.
    await register_world.lift(house, other)
    await amend(house, other, 4, identity_pb2.Demographics(telephone="01271 320005"))
    assert (await register_world.person(house, other)).demographics.telephone == "01271 320005"


async def test_who_comes_to_look_like_somebody_protected_under_another_id_is_protected(house: House) -> None:
    known, other = await two(house, 106)
    merged = await register_world.registered(house, somebody(306))
    await merge(house, known, merged)
    await register_world.restrict(house, merged)
    await amend(house, other, 1, identity_pb2.Demographics(name=somebody(106).name))
    assert len(await house.events(events_pb2.PersonRestricted, person_id=other)) == 1


async def test_of_two_who_are_made_alike_at_one_time_the_second_finds_the_first(house: House) -> None:
    for seed in range(110, 118):
        one = await register_world.registered(house, elsewhere(seed))
        third = somebody(seed + 700, postcode="TR1 3BB")
        third.birth_date = somebody(seed).birth_date
        other = await register_world.registered(house, third)
        assert await waiting(house, one, other) == 0
        await asyncio.gather(amend(house, one, 1, named(seed)), amend(house, other, 1, named(seed)))
        assert await waiting(house, one, other) == 1, seed


async def test_a_dead_number_tells_two_people_apart_no_longer(house: House) -> None:
    first, second = (somebody(120, nhs_number=number(seed), postcode="EX31 1AA") for seed in (120, 121))
    known = await register_world.registered(house, first)
    other = await register_world.registered(house, second)
    await house.rows("DELETE FROM duplicate WHERE person_id = $1", other)
    request = pb.InvalidateNumberRequest(person_id=other, version=1, source="pds/1")
    answer = await Desk(house, KEY_WORKER).register("InvalidateNumber", request)
    assert (answer.version, answer.verification_status) == (2, "03")
    assert await waiting(house, known, other) == 1


async def test_an_update_that_is_refused_leaves_nobody_suspected(house: House) -> None:
    known, other = await two(house, 122)
    with pytest.raises(errors.Conflict):
        await amend(house, other, 7, named(122))
    assert await waiting(house, known, other) == 0


async def test_the_pair_stands_in_the_queue_for_the_records_team(house: House) -> None:
    known, other = await two(house, 123)
    await amend(house, other, 1, named(123))
    steward: auth.Actor = reviews_world.STEWARD
    request = reviews_pb2.GetReviewRequest(review_id=Pair.of(known, other).review_id)
    found = await reviews_world.ask(house, "GetReview", request, steward)
    assert isinstance(found, reviews_pb2.Review)
    assert {found.first.person_id, found.second.person_id} == {known, other}
