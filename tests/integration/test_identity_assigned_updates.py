"""An update that was made while two people were taken for one is, after the unmerge, about whom a human says it is."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from chassis import errors
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.identity.v1 import events_pb2, identity_pb2, merges_pb2, register_pb2
from joinedup.identity.v1.merges_pb2_grpc import MergesStub
from services.identity import tracing, wire
from services.identity.matching import blocking
from tests.integration import register_world
from tests.integration.identity_merging import STEWARD, merge, one, unmerge
from tests.integration.register_world import HOSPITAL, KEY_WORKER, Desk, number, somebody
from tests.integration.service_house import House

HOME = "QX41 7ZB"
PHONE = "01271 322502"


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity for this module."""
    async with register_world.world(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


async def update(
    house: House,
    person_id: str,
    *emptied: register_pb2.Part.ValueType,
    source: str = "tenancy/1",
    day: str = "",
    **more: str,
) -> None:
    """The key worker says what is so of somebody, having looked at them."""
    said = identity_pb2.Demographics(telephone=more.get("telephone", ""))
    if postcode := more.get("postcode"):
        said.address.CopyFrom(identity_pb2.Address(lines=[f"1 {postcode}"], postcode=postcode))
    if family := more.get("family"):
        said.name.family = family
    request = register_pb2.UpdatePersonRequest(
        person_id=person_id,
        version=(await register_world.person(house, person_id)).version,
        demographics=said,
        emptied=emptied,
        effective_date=day,
        source=source,
    )
    await Desk(house, KEY_WORKER).register("UpdatePerson", request)


async def assign(house: House, merge_id: str, since: merges_pb2.StatedSince, to: str) -> None:
    """The steward's word on whose a statement is."""
    request = merges_pb2.AssignStatementRequest(
        merge_id=merge_id, recorded_under=since.recorded_under, statement_id=since.statement_id, person_id=to
    )
    with acting(STEWARD, idempotency_key=str(uuid.uuid4())):
        answer = await house.channels.stub(MergesStub, "identity").AssignStatement(request)
    assert (answer.statement_id, answer.person_id) == (since.statement_id, to)


async def meanwhile(house: House, merge_id: str) -> list[merges_pb2.StatedSince]:
    """What was stated of the two while they were one."""
    return list((await one(house, merge_id)).since)


async def rows(house: House, person_id: str) -> dict[str, set[str]]:
    """What identity holds of a record; versions apart, which only grow."""
    queries = {
        "person": "SELECT (to_jsonb(t) - 'version')::text FROM person AS t WHERE id = $1",
        "statement": "SELECT (to_jsonb(t) - 'version')::text FROM statement AS t WHERE person_id = $1",
        "former_value": "SELECT (to_jsonb(t) - 'version')::text FROM former_value AS t WHERE person_id = $1",
        "blocking_key": "SELECT key::text FROM blocking_key WHERE person_id = $1",
    }
    return {name: {row[0] for row in await house.rows(query, person_id)} for name, query in queries.items()}


async def homes(house: House, person_id: str) -> list[tuple[str, str, str, str]]:
    """Where somebody was by their history: postcode, by whose word, until which day, by whose word no longer."""
    found = (await register_world.history(house, person_id)).former_contacts
    return [
        (each.address.postcode, each.source, each.until_date, each.replaced_by_source)
        for each in found
        if each.part == register_pb2.PART_ADDRESS
    ]


async def postcode(house: House, person_id: str) -> str:
    """Where somebody is now."""
    return (await register_world.person(house, person_id)).demographics.address.postcode


def keys(stated: identity_pb2.Demographics) -> set[str]:
    """By what somebody is found of whom this is stated, as it is stored."""
    return {str(blocking.hashed(key)) for key in tracing.keys(wire.stated(stated))}


def ago(days: int) -> str:
    """The day so many days ago."""
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


async def two(house: House, seed: int, **more: str) -> tuple[str, str, str]:
    """Two people who are taken for one, and the merge."""
    kept = await register_world.registered(house, somebody(seed, **more))
    gone = await register_world.registered(house, somebody(seed + 1, postcode="QY52 8ZD", telephone="01271 322599"))
    return kept, gone, (await merge(house, kept, gone)).merge_id


async def test_an_update_leaves_the_one_as_they_were_and_is_made_of_the_other(house: House) -> None:
    kept = await register_world.registered(house, somebody(21, telephone=PHONE))
    gone = await register_world.registered(house, somebody(22, postcode="QY52 8ZD", telephone="01271 322599"))
    before, other = await rows(house, kept), await rows(house, gone)
    merge_id = (await merge(house, kept, gone)).merge_id
    await update(house, kept, register_pb2.PART_TELEPHONE, postcode=HOME, family="Qadir", day=ago(3))
    assert (await postcode(house, kept), await homes(house, kept)) == (
        HOME,
        [("EX22 4QA", "bars/1", ago(3), "tenancy/1")],
    )
    await unmerge(house, merge_id)
    (since,) = await meanwhile(house, merge_id)
    updated, version = await rows(house, kept), (await register_world.person(house, kept)).version

    await assign(house, merge_id, since, gone)
    assert await rows(house, kept) == before, "nothing of it is left where it did not belong"
    now = (await register_world.person(house, gone)).demographics
    assert (now.address.postcode, now.name.family, now.telephone) == (HOME, "Qadir", "")
    assert now.name.given == somebody(22).name.given, "who marries says the family name only"
    assert await homes(house, gone) == [("QY52 8ZD", "bars/1", ago(3), "tenancy/1")]
    (said,) = [each for each in (await register_world.history(house, gone)).statements if each.source == "tenancy/1"]
    assert (said.effective_date, said.stated_at) == (ago(3), since.stated_at)
    moved = somebody(22, postcode=HOME, family="Qadir")
    assert keys(moved) <= (await rows(house, gone))["blocking_key"]
    assert other["blocking_key"] <= (await rows(house, gone))["blocking_key"], "and by what they were"
    answer = await register_world.traced(house, moved)
    assert answer.candidates[0].person_id == gone
    assert kept not in {candidate.person_id for candidate in answer.candidates}
    for person_id, newest in ((kept, version + 1), (gone, 2)):
        told = await house.events(events_pb2.PersonUpdated, person_id=person_id)
        assert told[-1].version == newest == (await register_world.person(house, person_id)).version
    (act,) = await house.rows("SELECT * FROM audit WHERE subject = $1", f"statement/{since.statement_id}")
    assert (act["action"], act["actor"]) == ("statement.assigned", STEWARD.subject)
    assert "QX41" not in str(dict(act))

    (stands,) = await meanwhile(house, merge_id)
    assert (stands.recorded_under, stands.statement_id) == (gone, since.statement_id)
    assert stands.stated_at == since.stated_at
    await assign(house, merge_id, stands, gone)
    # Put right once more, both are as they were: what it emptied is empty again.
    await assign(house, merge_id, stands, kept)
    assert (await rows(house, kept), await rows(house, gone)) == (updated, other)


async def test_where_a_later_update_replaced_it_the_history_closes_up(house: House) -> None:
    kept, gone, merge_id = await two(house, 23)
    await update(house, kept, postcode=HOME, day=ago(5))
    await unmerge(house, merge_id)
    (since,) = await meanwhile(house, merge_id)
    await update(house, kept, postcode="QW63 9ZF", source="tenancy/2", day=ago(1))
    await assign(house, merge_id, since, gone)
    assert await postcode(house, kept) == "QW63 9ZF"
    assert await homes(house, kept) == [("EX24 4QA", "bars/1", ago(1), "tenancy/2")]
    assert "QX41" not in str(await rows(house, kept))
    assert (keys(somebody(23, postcode=HOME)) - keys(somebody(23))).isdisjoint(
        (await rows(house, kept))["blocking_key"]
    )
    assert keys(somebody(23)) <= (await rows(house, kept))["blocking_key"]
    assert await postcode(house, gone) == HOME


async def test_a_gap_is_open_again_or_filled_by_what_was_stated_later(house: House) -> None:
    bare = somebody(25, nhs_number=number(25))
    bare.ClearField("address")
    kept = await register_world.registered(house, bare)
    gone = await register_world.registered(house, somebody(26))
    merge_id = (await merge(house, kept, gone)).merge_id
    await update(house, kept, postcode=HOME, telephone=PHONE)
    known = somebody(25, nhs_number=number(25), postcode="QW63 9ZF")
    later = identity_pb2.RegisterPersonRequest(demographics=known, source="bars/2")
    assert (await Desk(house, HOSPITAL).identity("RegisterPerson", later)).person_id == kept
    await unmerge(house, merge_id)
    await assign(house, merge_id, (await meanwhile(house, merge_id))[0], gone)
    now = (await register_world.person(house, kept)).demographics
    assert (now.address.postcode, now.telephone) == ("QW63 9ZF", "")
    assert not await homes(house, kept)
    assert (await register_world.person(house, gone)).demographics.telephone == PHONE


async def test_what_is_so_of_the_other_from_a_later_day_is_not_overwritten(house: House) -> None:
    kept, gone, merge_id = await two(house, 27)
    await update(house, kept, postcode=HOME, day=ago(5))
    await unmerge(house, merge_id)
    (since,) = await meanwhile(house, merge_id)
    await update(house, gone, postcode="QW63 9ZF", source="tenancy/2", day=ago(1))
    await assign(house, merge_id, since, gone)
    assert await postcode(house, gone) == "QW63 9ZF"
    assert await homes(house, gone) == [
        ("QY52 8ZD", "bars/1", ago(5), "tenancy/1"),
        (HOME, "tenancy/1", ago(1), "tenancy/2"),
    ]
    answer = await register_world.traced(house, somebody(28, postcode=HOME))
    assert answer.candidates[0].person_id == gone, "they are found by what they were"


async def test_nor_is_what_had_been_said_before_the_merge_to_be_so_from_a_later_day(house: House) -> None:
    kept = await register_world.registered(house, somebody(29))
    gone = await register_world.registered(house, somebody(30, postcode="QY52 8ZD"))
    await update(house, gone, postcode="QW63 9ZF", source="tenancy/2", day=ago(1))
    merge_id = (await merge(house, kept, gone)).merge_id
    await update(house, kept, postcode=HOME, day=ago(5))
    await unmerge(house, merge_id)
    before = await rows(house, gone)
    (since,) = await meanwhile(house, merge_id)
    await assign(house, merge_id, since, gone)
    assert await postcode(house, gone) == "QW63 9ZF"
    assert (HOME, "tenancy/1", ago(1), "tenancy/2") in await homes(house, gone)
    (stands,) = await meanwhile(house, merge_id)
    await assign(house, merge_id, stands, kept)
    assert await rows(house, gone) == before


async def test_where_a_protected_person_is_is_told_to_nobody(house: House) -> None:
    kept, gone, merge_id = await two(house, 31)
    await update(house, kept, postcode=HOME, telephone=PHONE)
    await unmerge(house, merge_id)
    await register_world.restrict(house, gone)
    (since,) = await meanwhile(house, merge_id)
    await assign(house, merge_id, since, gone)
    located = {
        str(blocking.hashed(key))
        for key in blocking.located(tracing.keys(wire.stated(somebody(32, postcode=HOME, telephone=PHONE))))
    }
    assert located.isdisjoint((await rows(house, gone))["blocking_key"])
    told = str(await register_world.person(house, gone)) + str(await register_world.history(house, gone))
    assert not any(text in told for text in ("QX41", "tenancy/1", PHONE))
    # What was said is not lost: it is theirs once the protection ends.
    await register_world.lift(house, gone)
    assert located <= (await rows(house, gone))["blocking_key"]
    assert await postcode(house, gone) == HOME


async def test_of_a_protected_person_it_is_taken_as_of_anybody(house: House) -> None:
    kept, gone, merge_id = await two(house, 33)
    await update(house, kept, postcode=HOME, telephone=PHONE)
    await unmerge(house, merge_id)
    await register_world.restrict(house, kept)
    before = await rows(house, kept)
    (since,) = await meanwhile(house, merge_id)
    await assign(house, merge_id, since, gone)
    assert (await rows(house, kept))["blocking_key"] == before["blocking_key"]
    await register_world.lift(house, kept)
    assert await postcode(house, kept) == "EX4 4QA"
    assert keys(somebody(33)) <= (await rows(house, kept))["blocking_key"]
    assert "QX41" not in str(await rows(house, kept))


async def test_said_of_both_at_one_time_it_is_one_persons(house: House) -> None:
    kept, gone, merge_id = await two(house, 37)
    await update(house, kept, postcode=HOME)
    await unmerge(house, merge_id)
    (since,) = await meanwhile(house, merge_id)
    outcomes = await asyncio.gather(*(assign(house, merge_id, since, gone) for _ in range(4)), return_exceptions=True)
    refused = [one for one in outcomes if one is not None]
    assert len(refused) == 3
    assert all(isinstance(one, errors.Conflict | errors.NotFound) for one in refused)
    assert [one.recorded_under for one in await meanwhile(house, merge_id)] == [gone]
    assert await homes(house, gone) == [("QY52 8ZD", "bars/1", ago(0), "tenancy/1")]
    assert await homes(house, kept) == []


async def test_an_update_of_before_it_was_kept_what_it_replaced_is_for_humans(house: House) -> None:
    kept, gone, merge_id = await two(house, 35)
    await update(house, kept, postcode=HOME)
    await unmerge(house, merge_id)
    (since,) = await meanwhile(house, merge_id)
    assert await house.rows(
        "UPDATE statement SET version = NULL WHERE source = 'tenancy/1' AND person_id = $1 RETURNING 1", kept
    )
    before = await rows(house, kept), await rows(house, gone)
    with pytest.raises(errors.Conflict, match="update both records"):
        await assign(house, merge_id, since, gone)
    assert (await rows(house, kept), await rows(house, gone)) == before
