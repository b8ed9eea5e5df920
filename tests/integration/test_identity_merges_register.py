"""Merges and the keeping of the register: whereabouts protected under one id are under both, and no number moves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from chassis import errors
from devstack.databases import Database
from joinedup.identity.v1 import events_pb2, identity_pb2, register_pb2
from services.identity import tracing, wire
from services.identity.matching import blocking
from tests.integration import register_world
from tests.integration.identity_merging import merge, unmerge
from tests.integration.register_world import KEY_WORKER, Desk, number, somebody
from tests.integration.service_house import House


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity for this module."""
    async with register_world.world(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


async def test_whereabouts_protected_under_one_id_are_protected_under_both(house: House) -> None:
    stated = somebody(1, postcode="QX41 7ZB", telephone="01632 960451")
    kept = await register_world.registered(house, stated)
    gone = await register_world.registered(house, somebody(2, postcode="QY52 8ZD"))
    await register_world.restrict(house, gone)
    assert (await register_world.person(house, kept)).demographics.address.postcode == "QX41 7ZB"
    made = await merge(house, kept, gone)
    for person_id in (kept, gone):
        found = await register_world.person(house, person_id)
        assert found.demographics.name == stated.name
        assert found.demographics.address.postcode == found.demographics.telephone == ""
        assert "restricted" in {marker.reason for marker in found.withheld}
    by_place = identity_pb2.Demographics(name=identity_pb2.Name(family=stated.name.family), address=stated.address)
    for asked in (stated, by_place):
        answer = await register_world.traced(house, asked)
        assert "QX41" not in str(answer)
        assert not [reason for one in answer.candidates for reason in one.reasons if "postcode" in reason]

    # A new address that is stated meanwhile fills no gap and makes no key.
    elsewhere = somebody(1, postcode="QZ63 9ZE")
    assert await register_world.registered(house, elsewhere) == kept
    would_be = {blocking.hashed(key) for key in blocking.located(tracing.keys(wire.stated(elsewhere)))}
    keys = await house.rows("SELECT key FROM blocking_key WHERE person_id = ANY($1)", [kept, gone])
    assert would_be.isdisjoint(row["key"] for row in keys)
    await unmerge(house, made.merge_id)
    assert (await register_world.person(house, kept)).demographics.address.postcode == "QX41 7ZB"


@pytest.mark.parametrize("seeds", [(41, 42, 0), (43, 44, 1)])
async def test_whereabouts_that_came_to_be_protected_meanwhile_are_so_for_both_until_a_human_says(
    house: House, seeds: tuple[int, int, int]
) -> None:
    ids = [await register_world.registered(house, somebody(seed, postcode="QX41 7ZB")) for seed in seeds[:2]]
    kept, gone = ids
    made = await merge(house, kept, gone)
    await register_world.restrict(house, ids[seeds[2]])
    await unmerge(house, made.merge_id)
    for person_id in ids:
        found = await register_world.person(house, person_id)
        assert not found.demographics.HasField("address")
        assert "restricted" in {marker.reason for marker in found.withheld}
        assert len(await house.events(events_pb2.PersonRestricted, person_id=person_id)) == 1
    await register_world.lift(house, gone)
    assert (await register_world.person(house, gone)).demographics.address.postcode == "QX41 7ZB"
    assert not (await register_world.person(house, kept)).demographics.HasField("address")


async def test_who_was_merged_is_changed_under_the_id_that_survives(house: House) -> None:
    kept = await register_world.registered(house, somebody(3))
    gone = await register_world.registered(house, somebody(4))
    await merge(house, kept, gone)
    version = (await register_world.person(house, gone)).version
    address = identity_pb2.Address(lines=["2 High Street"], postcode="PL1 2AA")
    request = register_pb2.UpdatePersonRequest(
        person_id=gone,
        version=version,
        demographics=identity_pb2.Demographics(address=address),
        source="tenancy/1",
    )
    with pytest.raises(errors.Conflict, match=f"known as {kept}"):
        await Desk(house, KEY_WORKER).register("UpdatePerson", request)
    request.person_id = kept
    await Desk(house, KEY_WORKER).register("UpdatePerson", request)
    for person_id in (kept, gone):
        assert (await register_world.person(house, person_id)).demographics.address.postcode == "PL1 2AA"


async def test_a_number_that_stands_on_the_merged_record_is_no_contest(house: House) -> None:
    kept = await register_world.registered(house, somebody(5))
    gone = await register_world.registered(house, somebody(6, nhs_number=number(6)))
    await merge(house, kept, gone)
    request = register_pb2.AttachNumberRequest(
        person_id=kept,
        version=1,
        nhs_number=number(6),
        authority=register_pb2.AUTHORITY_PDS,
        source="pds/1",
    )
    answer = await Desk(house, KEY_WORKER).register("AttachNumber", request)
    assert answer.outcome != register_pb2.NUMBER_OUTCOME_CONTESTED
    assert await house.events(events_pb2.DuplicateSuspected, person_id=kept) == []
    (row,) = await house.rows("SELECT id FROM person WHERE nhs_number = $1", number(6))
    assert row["id"] == gone
