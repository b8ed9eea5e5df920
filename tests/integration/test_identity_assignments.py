"""What was stated while two people were taken for one is, after the unmerge, about whom a human says it is."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest

from chassis import auth, errors
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


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity for this module."""
    async with register_world.world(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


async def stated(house: House, demographics: identity_pb2.Demographics) -> str:
    """The hospital names somebody; whom it was taken for."""
    request = identity_pb2.RegisterPersonRequest(demographics=demographics, source=f"bars/{uuid.uuid4()}")
    return str((await Desk(house, HOSPITAL).identity("RegisterPerson", request)).person_id)


async def assign(
    house: House, merge_id: str, since: merges_pb2.StatedSince, to: str, actor: auth.Actor = STEWARD
) -> merges_pb2.AssignStatementResponse:
    request = merges_pb2.AssignStatementRequest(
        merge_id=merge_id, recorded_under=since.recorded_under, statement_id=since.statement_id, person_id=to
    )
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        return await house.channels.stub(MergesStub, "identity").AssignStatement(request)


async def rows(house: House, person_id: str) -> dict[str, set[str]]:
    """What identity holds of a record; versions apart, which only grow."""
    queries = {
        "person": "SELECT (to_jsonb(t) - 'version')::text FROM person AS t WHERE id = $1",
        "statement": "SELECT to_jsonb(t)::text FROM statement AS t WHERE person_id = $1",
        "blocking_key": "SELECT key::text FROM blocking_key WHERE person_id = $1",
    }
    return {name: {row[0] for row in await house.rows(query, person_id)} for name, query in queries.items()}


def bare(seed: int) -> identity_pb2.Demographics:
    """Somebody of whom neither address nor telephone is known."""
    known = somebody(seed)
    known.ClearField("address")
    return known


async def two(house: House, seed: int) -> tuple[str, str, str]:
    """Two people who are taken for one, and the merge."""
    kept = await register_world.registered(house, bare(seed))
    gone = await register_world.registered(house, bare(seed + 1))
    return kept, gone, (await merge(house, kept, gone)).merge_id


async def meanwhile(house: House, merge_id: str) -> list[merges_pb2.StatedSince]:
    """What was stated of the two while they were one."""
    return list((await one(house, merge_id)).since)


async def test_what_was_learnt_of_the_other_is_unlearnt_and_theirs(house: House) -> None:
    kept = await register_world.registered(house, bare(1))
    gone = await register_world.registered(house, bare(2))
    before = await rows(house, kept)
    merge_id = (await merge(house, kept, gone)).merge_id
    said = somebody(2, postcode=HOME, telephone="01271 322502")
    assert await stated(house, said) == kept
    assert (await register_world.person(house, kept)).demographics.address.postcode == HOME
    (since,) = await meanwhile(house, merge_id)
    with pytest.raises(errors.Conflict, match="stands"):
        await assign(house, merge_id, since, gone)
    await unmerge(house, merge_id)
    version = (await register_world.person(house, kept)).version

    assert (await assign(house, merge_id, since, gone)).person_id == gone
    assert await rows(house, kept) == before, "nothing of it is left where it did not belong"
    now = (await register_world.person(house, gone)).demographics
    assert (now.address.postcode, now.telephone) == (HOME, "01271 322502")
    answer = await register_world.traced(house, said)
    assert answer.candidates[0].person_id == gone
    assert kept not in {candidate.person_id for candidate in answer.candidates}
    keys = {str(blocking.hashed(key)) for key in tracing.keys(wire.stated(said))}
    assert keys <= (await rows(house, gone))["blocking_key"]
    assert [event.version for event in await house.events(events_pb2.PersonUpdated, person_id=kept)][-1] == version + 1
    (moved,) = await meanwhile(house, merge_id)
    assert (moved.recorded_under, moved.source, moved.stated_at) == (gone, since.source, since.stated_at)
    query = "SELECT organisation_id FROM statement WHERE person_id = $1 AND source = $2"
    (row,) = await house.rows(query, gone, since.source)
    assert row["organisation_id"] == HOSPITAL.organisation_id, "it is still the word of whoever said it"
    (act,) = await house.rows("SELECT * FROM audit WHERE subject = $1", f"statement/{since.statement_id}")
    assert (act["action"], act["actor"]) == ("statement.assigned", STEWARD.subject)
    assert "QX41" not in str(dict(act))
    # Put right once more, it is as it was before.
    assert (await assign(house, merge_id, moved, kept)).person_id == kept
    assert (await register_world.person(house, kept)).demographics.address.postcode == HOME
    assert not (await register_world.person(house, gone)).demographics.address.postcode


async def test_what_somebody_else_said_too_stays_and_what_came_later_fills_the_gap(house: House) -> None:
    kept, gone, merge_id = await two(house, 3)
    first = somebody(4, postcode=HOME, telephone="01271 322504")
    await stated(house, first)
    later = somebody(3, postcode="QY52 8ZD", telephone="01271 322504")
    await stated(house, later)
    await unmerge(house, merge_id)
    since = await meanwhile(house, merge_id)
    await assign(house, merge_id, since[0], gone)
    shown = (await register_world.person(house, kept)).demographics
    assert (shown.address.postcode, shown.telephone) == ("QY52 8ZD", "01271 322504")
    answer = await register_world.traced(house, first)
    assert answer.candidates[0].person_id == gone


async def test_a_number_goes_with_the_only_statement_that_gave_it(house: House) -> None:
    kept, gone, merge_id = await two(house, 5)
    named = somebody(6, nhs_number=number(6))
    await stated(house, named)
    assert (await register_world.person(house, kept)).demographics.nhs_number == number(6)
    await unmerge(house, merge_id)
    (since,) = await meanwhile(house, merge_id)
    await assign(house, merge_id, since, gone)
    was, now = await register_world.person(house, kept), await register_world.person(house, gone)
    assert (was.demographics.nhs_number, was.verification_status) == ("", "03")
    assert (now.demographics.nhs_number, now.verification_status) == (number(6), "02")


async def test_a_number_that_was_verified_there_is_settled_by_a_human_first(house: House) -> None:
    kept, gone, merge_id = await two(house, 7)
    await stated(house, somebody(8, nhs_number=number(8)))
    seen = await register_world.person(house, kept)
    request = register_pb2.VerifyPersonRequest(
        person_id=kept, version=seen.version, verification_status="01", authority=register_pb2.AUTHORITY_PDS
    )
    await Desk(house, KEY_WORKER).register("VerifyPerson", request)
    await unmerge(house, merge_id)
    (since,) = await meanwhile(house, merge_id)
    before = await rows(house, kept)
    with pytest.raises(errors.Conflict, match="NHS Number"):
        await assign(house, merge_id, since, gone)
    assert await rows(house, kept) == before


async def test_where_a_protected_person_is_is_given_to_nobody_to_see(house: House) -> None:
    kept, gone, merge_id = await two(house, 9)
    await stated(house, somebody(10, postcode=HOME))
    await unmerge(house, merge_id)
    await register_world.restrict(house, gone)
    (since,) = await meanwhile(house, merge_id)
    await assign(house, merge_id, since, gone)
    assert not (await register_world.person(house, kept)).demographics.address.postcode
    located = {
        str(blocking.hashed(key)) for key in blocking.located(tracing.keys(wire.stated(somebody(10, postcode=HOME))))
    }
    assert located.isdisjoint((await rows(house, gone))["blocking_key"])
    # What was said is not lost: it is theirs once the protection ends.
    await register_world.lift(house, gone)
    assert located <= (await rows(house, gone))["blocking_key"]


async def test_what_is_not_one_to_assign_is_refused(house: House) -> None:
    kept, gone, merge_id = await two(house, 11)
    await stated(house, somebody(11, postcode=HOME))
    await unmerge(house, merge_id)
    (since,) = await meanwhile(house, merge_id)
    with pytest.raises(errors.Invalid, match="person_id"):
        await assign(house, merge_id, since, str(uuid.uuid4()))
    with pytest.raises(errors.Denied):
        await assign(house, merge_id, since, gone, KEY_WORKER)
    (row,) = await house.rows("SELECT encode(digest, 'hex') AS id FROM statement WHERE person_id = $1", gone)
    earlier = merges_pb2.StatedSince(recorded_under=gone, statement_id=row["id"])
    with pytest.raises(errors.Conflict, match="was not made while"):
        await assign(house, merge_id, earlier, kept)
    with pytest.raises(errors.NotFound):
        await assign(house, merge_id, merges_pb2.StatedSince(recorded_under=gone, statement_id="ab"), kept)
