"""What was said about sharing while two people were taken for one is, after the unmerge, whose a human says it was."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chassis import auth, errors, work
from chassis.disclosure import merges
from chassis.rpc.client import acting
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import assignments_pb2 as pb
from joinedup.governance.v1 import events_pb2
from joinedup.governance.v1.assignments_pb2_grpc import AssignmentsStub
from joinedup.identity.v1 import events_pb2 as identity_events
from services.governance import consumers
from tests.integration.service_house import House
from tests.integration.test_governance_ledger import LEAD, house
from tests.integration.test_governance_merges import decide, merged, two, unmerged

__all__ = ["house"]  # the fixture

STEWARD = replace(LEAD, subject="practitioner:steward", role="data_quality", purpose="administration")
CASEWORKER = replace(LEAD, subject="practitioner:kay", role="caseworker", purpose="direct_care")
POLICE = common_pb2.SECTOR_POLICE


async def since(house: House, spell: merges.Spell) -> list[pb.DecisionSinceMerge]:
    """What is listed of a merge."""
    with acting(STEWARD):
        stub = house.channels.stub(AssignmentsStub, "governance")
        found = await stub.ListDecisionsSinceMerge(pb.ListDecisionsSinceMergeRequest(merge_id=spell.merge_id))
    return list(found.decisions)


async def assign(
    house: House, spell: merges.Spell, under: str, version: int, to: str, *, actor: auth.Actor = STEWARD
) -> pb.AssignDecisionResponse:
    request = pb.AssignDecisionRequest(
        merge_id=spell.merge_id, recorded_under=under, sector=POLICE, version=version, person_id=to
    )
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        return await house.channels.stub(AssignmentsStub, "governance").AssignDecision(request)


async def told(house: House, person_id: str) -> list[bool]:
    """What every service was told of somebody, oldest first; their versions have no gap."""
    events = await house.events(events_pb2.SharingDecisionRecorded, person_id=person_id)
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    assert [event.decided_at.ToNanoseconds() for event in events] == sorted(
        event.decided_at.ToNanoseconds() for event in events
    )
    return [event.refused for event in events]


async def test_a_refusal_said_meanwhile_becomes_the_others_and_no_longer_the_ones(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await decide(house, kept, refused=True)
    (listed,) = await since(house, spell)
    assert (listed.person_id, listed.sector, listed.version, listed.refused) == (kept, POLICE, 1, True)
    with pytest.raises(errors.Conflict, match="stands"):
        await assign(house, spell, kept, 1, gone)
    await unmerged(house, spell)
    assert (await assign(house, spell, kept, 1, gone)).refused
    assert (await told(house, kept), await told(house, gone)) == ([True, False], [True])
    (listed,) = await since(house, spell)
    assert listed.assigned_to == gone, "and what followed is nobody's word"
    # Again it changes nothing.
    assert (await assign(house, spell, kept, 1, gone)).refused
    assert (await told(house, kept), await told(house, gone)) == ([True, False], [True])
    (act,) = await house.rows("SELECT * FROM audit WHERE subject = $1", f"decision/{kept}/{POLICE}/1")
    assert (act["action"], act["actor"]) == ("decision.assigned", "practitioner:steward")
    # Put right once more, it is as it was.
    assert (await assign(house, spell, kept, 1, kept)).refused
    assert (await told(house, kept), await told(house, gone)) == ([True, False, True], [True, False])


async def test_what_somebody_had_refused_before_stands_again(house: House) -> None:
    kept, gone = two()
    await decide(house, kept, refused=True)
    spell = await merged(house, kept, gone)
    await decide(house, kept, refused=False)
    await unmerged(house, spell)
    assert [one.version for one in await since(house, spell)] == [2]
    assert not (await assign(house, spell, kept, 2, gone)).refused
    # It was the other who agreed, and who had not refused: nothing is new of them.
    assert (await told(house, kept), await told(house, gone)) == ([True, False, True], [])


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_in_whichever_order_they_are_assigned_the_last_word_counts(house: House, order: tuple[int, int]) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await decide(house, kept, refused=True)
    await decide(house, kept, refused=False)
    await unmerged(house, spell)
    for version in order:
        answer = await assign(house, spell, kept, version, gone)
    assert not answer.refused
    assert not (await told(house, kept) or [False])[-1]
    assert not (await told(house, gone) or [False])[-1]


async def test_what_they_said_since_is_later_than_what_was_said_meanwhile(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await decide(house, kept, refused=True)
    await unmerged(house, spell)
    await decide(house, gone, refused=True)
    await decide(house, gone, refused=False)
    await decide(house, kept, refused=True)
    assert not (await assign(house, spell, kept, 1, gone)).refused
    assert (await told(house, kept), await told(house, gone)) == ([True, True], [True, False])


async def test_what_is_not_one_to_assign_is_refused(house: House) -> None:
    kept, gone = two()
    await decide(house, kept, refused=True)
    spell = await merged(house, kept, gone)
    await decide(house, gone, refused=True)
    await unmerged(house, spell)
    with pytest.raises(errors.Conflict, match="was not made while"):
        await assign(house, spell, kept, 1, gone)
    with pytest.raises(errors.Invalid, match="person_id"):
        await assign(house, spell, gone, 1, two()[0])
    with pytest.raises(errors.NotFound):
        await assign(house, spell, gone, 7, kept)
    with pytest.raises(errors.NotFound):
        await assign(house, replace(spell, merge_id="none"), gone, 1, kept)
    with pytest.raises(errors.Denied):
        await assign(house, spell, gone, 1, kept, actor=CASEWORKER)
    others = await _others(house)
    with pytest.raises(errors.Conflict, match="about neither"):
        await assign(house, others, gone, 1, others.merged_id)


async def _others(house: House) -> merges.Spell:
    spell = await merged(house, *two())
    await unmerged(house, spell)
    return spell


async def over(house: House, spell: merges.Spell) -> merges.Spell:
    """The merge is taken back, and governance hears of it."""
    ended = replace(spell, unmerged_at=datetime.now(UTC))
    event = identity_events.PersonUnmerged(
        merge_id=spell.merge_id, version=2, surviving_person_id=spell.surviving_id, merged_person_id=spell.merged_id
    )
    event.merged_at.FromDatetime(spell.merged_at)
    event.unmerged_at.FromDatetime(ended.unmerged_at or spell.merged_at)
    async with work.unit(house.database, house.actor, service="governance") as unit:
        await merges.project_unmerged(unit, event)
        await consumers.HANDLERS[identity_events.PersonUnmerged](unit, event)
    return ended


@pytest.mark.parametrize("hers", [True, False])
async def test_a_refusal_holds_for_both_until_a_human_says_whose_it_was(house: House, *, hers: bool) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await decide(house, kept, refused=True)
    await over(house, spell)
    assert (await told(house, kept), await told(house, gone)) == ([True], [True])
    await over(house, spell)
    assert (await told(house, kept), await told(house, gone)) == ([True], [True]), "heard again, it is no other"
    (listed,) = await since(house, spell)
    assert (listed.person_id, listed.version) == (kept, 1), "what holds for her in doubt is nobody's word"
    await assign(house, spell, kept, 1, gone if hers else kept)
    assert (await told(house, kept), await told(house, gone)) == (
        ([True, False], [True]) if hers else ([True], [True, False])
    )


async def test_of_what_was_withdrawn_meanwhile_nothing_is_in_doubt(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await decide(house, kept, refused=True)
    await decide(house, kept, refused=False)
    await over(house, spell)
    assert (await told(house, kept), await told(house, gone)) == ([True, False], [])


async def test_what_she_says_herself_ends_the_doubt(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await decide(house, kept, refused=True)
    await over(house, spell)
    assert await decide(house, gone, refused=False) == 2
    assert not (await assign(house, spell, kept, 1, gone)).refused
    assert (await told(house, kept), await told(house, gone)) == ([True, False], [True, False])
