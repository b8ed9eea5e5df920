"""Referrals of people who were merged: answered by either id, and assigned by a human once they are two again."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis import auth, errors, work
from chassis.disclosure import merges
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import assignments_pb2, events_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from joinedup.referrals.v1.assignments_pb2_grpc import AssignmentsStub
from services.referrals import __main__ as referrals
from services.referrals.settings import Settings
from tests.integration import service_house
from tests.integration.referrals_world import HOSPITAL, OFFICER, TRIAGE, asked, assigned, call, get, registered, tell
from tests.integration.service_house import House
from tests.integration.test_referrals_restricted import restrict

STEWARD = replace(OFFICER, subject="practitioner:steward", role="data_quality", purpose="administration")
# Another team of the hospital's own people: they see what the hospital has sent.
NURSE = replace(TRIAGE, subject="practitioner:nurse", organisation_id="hospital", team_ids=(), practitioner_id="nurse")


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Referrals with a team and its key worker; the NHS may know health."""
    directory = tmp_path_factory.mktemp("trusted")
    async with service_house.house(database, directory, Settings, referrals.services) as running:
        health = service_house.rule(options_pb2.DATA_CLASS_HEALTH, sectors=[common_pb2.SECTOR_NHS])
        await running.agree(service_house.agreement(health))
        await tell(running, registered("complex"))
        await tell(running, assigned("kw"))
        yield running


async def keep(house: House, spell: merges.Spell) -> merges.Spell:
    """Follow a merge, or its end, as the projection does."""
    async with work.unit(house.database, house.actor, service="referrals") as unit:
        await merges.keep(unit.session, spell)
    return spell


async def merged(house: House, surviving: str, gone: str) -> merges.Spell:
    """Two ids stand for one person from just now."""
    return await keep(house, merges.Spell(str(uuid.uuid4()), surviving, gone, datetime.now(UTC)))


async def unmerged(house: House, spell: merges.Spell) -> merges.Spell:
    """And no longer."""
    return await keep(house, replace(spell, unmerged_at=datetime.now(UTC)))


async def submit(house: House, person_id: str, **more: Any) -> str:
    """The hospital refers somebody."""
    answer = await call(house, "SubmitReferral", asked(person_id=person_id, **more), HOSPITAL)
    return str(answer.referral_id)


async def since(house: House, merge_id: str, actor: auth.Actor = STEWARD) -> list[tuple[str, str]]:
    """What is to be assigned, each with the id that it stands under."""
    with acting(actor):
        stub = house.channels.stub(AssignmentsStub, "referrals")
        request = assignments_pb2.ListReferralsSinceMergeRequest(merge_id=merge_id)
        found = (await stub.ListReferralsSinceMerge(request)).referrals
    return [(one.referral_id, one.person_id) for one in found]


async def assign(
    house: House,
    referral_id: str,
    spell: merges.Spell,
    person_id: str,
    *,
    version: int = 1,
    actor: auth.Actor = STEWARD,
) -> assignments_pb2.AssignReferralResponse:
    """Say whose a referral is."""
    request = assignments_pb2.AssignReferralRequest(
        referral_id=referral_id, version=version, merge_id=spell.merge_id, person_id=person_id
    )
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        return await house.channels.stub(AssignmentsStub, "referrals").AssignReferral(request)


def two() -> tuple[str, str]:
    return str(uuid.uuid4()), str(uuid.uuid4())


async def listed(house: House, person_id: str) -> set[str]:
    """What the team has received about one person."""
    request = pb.ListWorklistRequest(person_ids=[person_id])
    return {one.referral_id for one in (await call(house, "ListWorklist", request, TRIAGE)).referrals}


async def test_whoever_helps_nobody_is_not_told_who_sent_a_restricted_person_to_whom(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await submit(house, kept)
    listing = assignments_pb2.ListReferralsSinceMergeRequest(merge_id=spell.merge_id)

    async def seen() -> assignments_pb2.ReferralSinceMerge:
        with acting(STEWARD):
            stub = house.channels.stub(AssignmentsStub, "referrals")
            (one,) = (await stub.ListReferralsSinceMerge(listing)).referrals
        return one

    assert (await seen()).team_id
    await restrict(house, kept)
    one = await seen()
    assert (one.referrer_organisation_id, one.team_id) == ("", "")
    assert [mark.field for mark in one.withheld] == ["referrer_organisation_id", "team_id"]


async def test_the_work_list_answers_by_either_id_while_they_are_merged(house: House) -> None:
    kept, gone = two()
    first, second = await submit(house, kept), await submit(house, gone)
    assert (await listed(house, kept), await listed(house, gone)) == ({first}, {second})
    spell = await merged(house, kept, gone)
    assert await listed(house, kept) == await listed(house, gone) == {first, second}
    await unmerged(house, spell)
    assert (await listed(house, kept), await listed(house, gone)) == ({first}, {second})


async def test_a_message_that_names_the_one_who_survives_is_the_same_message(house: House) -> None:
    kept, gone = two()
    first = await submit(house, gone, message_id="message-once")
    with pytest.raises(errors.Conflict):
        await submit(house, kept, message_id="message-once")
    await merged(house, kept, gone)
    assert await submit(house, kept, message_id="message-once") == first


async def test_what_came_in_meanwhile_is_listed_and_assigned_with_its_reach(house: House) -> None:
    kept, gone = two()
    before = await submit(house, kept)
    spell = await merged(house, kept, gone)
    meanwhile = await submit(house, kept)
    assert await since(house, spell.merge_id) == [(meanwhile, kept)]
    with pytest.raises(errors.Conflict, match="stands"):
        await assign(house, meanwhile, spell, gone)

    await unmerged(house, spell)
    accept = pb.AcceptReferralRequest(referral_id=meanwhile, version=1, key_worker_id="kw")
    await call(house, "AcceptReferral", accept, TRIAGE)
    answer = await assign(house, meanwhile, spell, gone, version=2)
    assert (answer.version, answer.person_id) == (3, gone)
    found = await get(house, meanwhile)
    assert (found.person_id, found.status, len(found.decisions)) == (gone, pb.STATUS_ACCEPTED, 2)
    assert [
        row["person_id"] for row in await house.rows("SELECT person_id FROM decision WHERE referral_id = $1", meanwhile)
    ] == [gone, gone]
    assert await since(house, spell.merge_id) == [(meanwhile, gone)]

    rows = await house.rows("SELECT * FROM relationship WHERE source = $1 ORDER BY kind", f"referral/{meanwhile}")
    assert {(row["person_id"], row["organisation_id"]) for row in rows if row["valid_to"] is None} == {
        (gone, "hospital"),
        (gone, "trust"),
    }
    assert {(row["person_id"], row["organisation_id"]) for row in rows if row["valid_to"] is not None} == {
        (kept, "hospital"),
        (kept, "trust"),
    }
    (told,) = await house.events(events_pb2.ReferralAssigned, referral_id=meanwhile)
    assert (told.version, told.person_id, told.former_person_id) == (3, gone, kept)
    (act,) = await house.rows(
        "SELECT * FROM audit WHERE action = 'referral.assigned' AND subject = $1", f"referral/{meanwhile}"
    )
    assert act["actor"] == STEWARD.subject
    # And what was there before the merge is nobody's to move.
    with pytest.raises(errors.Conflict, match="was not made while"):
        await assign(house, before, spell, gone)


async def test_assigning_says_what_was_seen_and_names_one_of_the_two(house: House) -> None:
    kept, gone = two()
    other = await submit(house, str(uuid.uuid4()))
    spell = await merged(house, kept, gone)
    meanwhile = await submit(house, kept)
    await unmerged(house, spell)
    with pytest.raises(errors.Conflict, match="has changed"):
        await assign(house, meanwhile, spell, gone, version=4)
    with pytest.raises(errors.Invalid, match="neither of the two"):
        await assign(house, meanwhile, spell, str(uuid.uuid4()))
    with pytest.raises(errors.Conflict, match="neither of the two"):
        await assign(house, other, spell, gone)
    with pytest.raises(errors.NotFound):
        await assign(house, meanwhile, replace(spell, merge_id=str(uuid.uuid4())), gone)
    assert (await assign(house, meanwhile, spell, kept, version=9)).version == 1, "it is there already"
    # Back and forth: a human may have been wrong, too.
    assert (await assign(house, meanwhile, spell, gone)).version == 2
    assert (await assign(house, meanwhile, spell, kept, version=2)).version == 3
    assert (await get(house, meanwhile)).person_id == kept


async def test_only_who_oversees_or_knows_both_assigns(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    meanwhile = await submit(house, kept)
    await unmerged(house, spell)
    with pytest.raises(errors.Denied):
        await assign(house, meanwhile, spell, gone, actor=OFFICER)
    # The team knows the one it was told of, and not the other.
    with pytest.raises(errors.NotFound):
        await assign(house, meanwhile, spell, gone, actor=TRIAGE)
    assert await since(house, spell.merge_id, TRIAGE) == [(meanwhile, kept)]
    with pytest.raises(errors.Denied):
        await since(house, spell.merge_id, OFFICER)
    await submit(house, gone)
    assert (await assign(house, meanwhile, spell, gone, actor=TRIAGE)).person_id == gone
    long_ago = replace(spell, merge_id=str(uuid.uuid4()), merged_at=datetime.now(UTC) - timedelta(days=9))
    await keep(house, replace(long_ago, unmerged_at=datetime.now(UTC) - timedelta(days=3)))
    assert await since(house, long_ago.merge_id) == []
