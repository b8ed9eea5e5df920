"""A referral's life through the real server on a real PostgreSQL: taken in, triaged, answered, taken back."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest

from chassis import errors
from joinedup.caseworker.v1 import events_pb2 as caseworker_events
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.referrals.v1 import events_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from services.referrals.store import tables
from tests.integration import service_house
from tests.integration.referrals_world import (
    HOSPITAL,
    OFFICER,
    OTHER_TEAM,
    TRIAGE,
    asked,
    call,
    get,
    house,
    submit,
    tell,
    worklist,
)
from tests.integration.service_house import House

__all__ = ["house"]


async def test_a_referral_stands_in_the_work_list_of_its_team_with_its_clock_running(house: House) -> None:
    request = asked(message_id="bars/7")
    answer = await submit(house, request)
    assert (answer.version, answer.team_id) == (1, "complex")
    assert answer.clock.rule_id == "multidisciplinary-triage"
    assert answer.clock.explanation[-1].startswith("Due on")

    listed = await worklist(house, team_id="complex", person_ids=[request.person_id])
    (one,) = listed.referrals
    assert listed.page.total == 1
    assert (one.referral_id, one.status, one.priority) == (answer.referral_id, pb.STATUS_RECEIVED, pb.PRIORITY_URGENT)
    assert one.clock == answer.clock
    assert one.routing == "Sent to Team complex (Trust), as asked."
    assert one.narrative.health == "Ninth attendance"
    assert one.narrative.police == ""
    assert "narrative.police" in {marker.field for marker in one.withheld}

    (told,) = await house.events(events_pb2.ReferralSubmitted, referral_id=answer.referral_id)
    assert (told.version, told.team_id, told.organisation_id, told.message_id) == (1, "complex", "trust", "bars/7")
    assert told.due_at == answer.clock.due_at
    related = await house.events(common_pb2.RelationshipEstablished, person_id=request.person_id)
    assert {(one.organisation_id, one.team_id, one.kind) for one in related} == {
        ("hospital", "", common_pb2.RELATIONSHIP_KIND_REFERRER),
        ("trust", "complex", common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM),
    }


async def test_a_work_list_says_how_it_stands_whatever_part_of_it_is_asked_for(house: House) -> None:
    before = (await worklist(house, team_id="complex")).counts
    request = asked()
    await submit(house, request)
    late = asked()
    answer = await submit(house, late)
    await house.rows(
        "UPDATE referral SET due_at = now() - interval '1 hour', received_at = now() - interval '9 days' WHERE id = $1",
        answer.referral_id,
    )
    counts = (await worklist(house, team_id="complex", person_ids=[request.person_id])).counts
    assert (counts.waiting, counts.overdue) == (before.waiting + 2, before.overdue + 1)
    assert counts.recent == before.recent + 1


async def test_no_words_about_the_person_stand_in_outbox_or_audit(house: House) -> None:
    request = asked(narrative=common_pb2.Narrative(health="Zanzibar fever"), outward_postcode="EX32")
    answer = await submit(house, request)
    await get(house, answer.referral_id)
    bodies = await house.rows("SELECT body FROM outbox")
    audited = await house.rows("SELECT row_to_json(audit)::text AS text FROM audit")
    everything = b"".join(row["body"] for row in bodies) + "".join(row["text"] for row in audited).encode()
    assert b"Zanzibar" not in everything
    assert b"EX32" not in everything


async def test_everything_that_is_wrong_is_named(house: House) -> None:
    with pytest.raises(errors.Invalid) as refused:
        await submit(house, pb.SubmitReferralRequest(person_id="somebody", outward_postcode="31EX"))
    fields = {violation.field for violation in refused.value.violations}
    assert fields == {"person_id", "team_id", "outward_postcode", "narrative"}


async def test_the_same_message_again_is_the_same_referral(house: House) -> None:
    request = asked(message_id="bars/8")
    first, again = await submit(house, request), await submit(house, request)
    assert first == again
    with pytest.raises(errors.Conflict):
        await submit(house, asked(message_id="bars/8"))
    other = await submit(house, asked(message_id="bars/8"), OFFICER)
    assert other.referral_id != first.referral_id
    assert len(await house.events(events_pb2.ReferralSubmitted, referral_id=first.referral_id)) == 1


async def test_one_message_many_times_at_once_makes_one_referral(house: House) -> None:
    request = asked(message_id="bars/9")
    answers = await asyncio.gather(*(submit(house, request) for _ in range(6)), return_exceptions=True)
    taken = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert all(isinstance(answer, errors.Conflict) for answer in answers if isinstance(answer, BaseException))
    assert len({answer.referral_id for answer in taken}) == 1
    rows = await house.rows("SELECT id FROM referral WHERE message_id = 'bars/9'")
    assert len(rows) == 1
    assert len(await house.events(common_pb2.RelationshipEstablished, person_id=request.person_id)) == 2


async def test_an_accepted_referral_has_a_key_worker_and_its_clock_stands(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    request = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id="kw")
    answer = await call(house, "AcceptReferral", request, TRIAGE)
    assert (answer.version, answer.status) == (2, pb.STATUS_ACCEPTED)
    found = await get(house, referral_id)
    assert found.key_worker_id == "kw"
    assert found.clock.HasField("stopped_at")
    (decision,) = found.decisions
    assert (decision.status, decision.practitioner_id) == (pb.STATUS_ACCEPTED, "triage")
    (told,) = await house.events(events_pb2.ReferralStatusChanged, referral_id=referral_id)
    assert (told.version, told.status, told.key_worker_id) == (2, pb.STATUS_ACCEPTED, "kw")
    assert not (await worklist(house, team_id="complex", person_ids=[found.person_id])).referrals


async def test_returned_resubmitted_and_rejected_with_the_clock_running_on(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    request = pb.ReturnReferralRequest(referral_id=referral_id, version=1, advice="Where does she sleep?")
    await call(house, "ReturnReferral", request, TRIAGE)
    returned = await get(house, referral_id, HOSPITAL)
    assert returned.status == pb.STATUS_ON_HOLD
    assert returned.decisions[0].note == "Where does she sleep?"
    assert not returned.clock.HasField("stopped_at")

    answer = pb.ResubmitReferralRequest(referral_id=referral_id, version=2)
    with pytest.raises(errors.Invalid, match="narrative"):
        await call(house, "ResubmitReferral", answer, HOSPITAL)
    answer.narrative.housing = "On a sofa"
    await call(house, "ResubmitReferral", answer, HOSPITAL)
    again = await get(house, referral_id)
    assert (again.status, again.version, again.clock.due_at) == (pb.STATUS_RECEIVED, 3, returned.clock.due_at)
    assert again.narrative.health == "Ninth attendance"

    refusal = pb.RejectReferralRequest(referral_id=referral_id, version=3, reason_code="22", note="No room")
    await call(house, "RejectReferral", refusal, TRIAGE)
    sent = await call(house, "ListSentReferrals", pb.ListSentReferralsRequest(), HOSPITAL)
    rejected = next(one for one in sent.referrals if one.referral_id == referral_id)
    assert [one.status for one in rejected.decisions] == [
        pb.STATUS_ON_HOLD,
        pb.STATUS_RECEIVED,
        pb.STATUS_REJECTED,
    ]
    assert rejected.decisions[-1].reason_code == "22"
    told = await house.events(events_pb2.ReferralStatusChanged, referral_id=referral_id)
    assert [(event.version, event.reason_code) for event in told] == [(2, ""), (3, ""), (4, "22")]


@pytest.mark.parametrize(
    ("name", "request_", "field"),
    [
        ("AcceptReferral", pb.AcceptReferralRequest(version=1), "key_worker_id"),
        ("AcceptReferral", pb.AcceptReferralRequest(key_worker_id="kw"), "version"),
        ("ReturnReferral", pb.ReturnReferralRequest(version=1, advice=" "), "advice"),
        ("RejectReferral", pb.RejectReferralRequest(version=1, reason_code="1"), "reason_code"),
        ("RejectReferral", pb.RejectReferralRequest(version=1, reason_code="99"), "note"),
        ("RejectReferral", pb.RejectReferralRequest(version=1, reason_code="22", note="x" * 4001), "note"),
    ],
)
async def test_a_decision_without_what_it_needs_is_refused(house: House, name: str, request_: Any, field: str) -> None:
    request = type(request_)()
    request.CopyFrom(request_)
    request.referral_id = (await submit(house)).referral_id
    with pytest.raises(errors.Invalid) as refused:
        await call(house, name, request, TRIAGE)
    assert [violation.field for violation in refused.value.violations] == [field]
    assert (await get(house, request.referral_id)).version == 1


async def test_of_two_decisions_at_one_time_one_stands(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    accept = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id="kw")
    reject = pb.RejectReferralRequest(referral_id=referral_id, version=1, reason_code="40")
    answers = await asyncio.gather(
        *(call(house, "AcceptReferral", accept, TRIAGE) for _ in range(3)),
        *(call(house, "RejectReferral", reject, TRIAGE) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, errors.Conflict) for answer in answers) == 5
    assert (await get(house, referral_id)).version == 2
    assert len(await house.events(events_pb2.ReferralStatusChanged, referral_id=referral_id)) == 1


async def test_only_the_receiving_team_decides_and_only_the_referrer_takes_back(house: House) -> None:
    answer = await submit(house)
    person_id = (await get(house, answer.referral_id)).person_id
    accept = pb.AcceptReferralRequest(referral_id=answer.referral_id, version=1, key_worker_id="kw")
    revoke = pb.RevokeReferralRequest(referral_id=answer.referral_id)
    with pytest.raises(errors.NotFound):
        await call(house, "AcceptReferral", accept, OTHER_TEAM)
    for actor in (HOSPITAL, OFFICER):
        with pytest.raises(errors.Denied):
            await call(house, "AcceptReferral", accept, actor)
    with pytest.raises(errors.Denied):
        await call(house, "RevokeReferral", revoke, TRIAGE)
    with pytest.raises(errors.NotFound):
        await call(house, "RevokeReferral", revoke, OFFICER)
    # Knowing the person is not enough to decide for the team that knows them too.
    await house.relate(person_id, OTHER_TEAM, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER)
    with pytest.raises(errors.Denied, match="only the team"):
        await call(house, "AcceptReferral", accept, OTHER_TEAM)


async def test_a_stranger_is_answered_not_found_and_entered_in_the_ledger(house: House) -> None:
    request = asked()
    referral_id = (await submit(house, request)).referral_id
    with pytest.raises(errors.NotFound):
        await get(house, referral_id, OFFICER)
    with pytest.raises(errors.NotFound):
        await get(house, str(uuid.uuid4()), OFFICER)
    (entry,) = await house.ledger(request.person_id)
    assert entry.outcome == governance_events.DISCLOSURE_OUTCOME_REFUSED
    assert entry.method == "joinedup.referrals.v1.Referrals/GetReferral"
    with pytest.raises(errors.Denied):
        await worklist(house, OFFICER, team_id="complex")


async def test_revoked_by_the_message_that_asked_and_twice_is_once(house: House) -> None:
    request = asked(message_id="bars/10")
    referral_id = (await submit(house, request)).referral_id
    revoke = pb.RevokeReferralRequest(message_id="bars/10")
    first = await call(house, "RevokeReferral", revoke, HOSPITAL)
    assert (first.referral_id, first.status, first.version) == (referral_id, pb.STATUS_CANCELLED, 2)
    assert await call(house, "RevokeReferral", revoke, HOSPITAL) == first
    revoke.entered_in_error = True
    with pytest.raises(errors.Conflict):
        await call(house, "RevokeReferral", revoke, HOSPITAL)
    with pytest.raises(errors.Invalid, match="referral_id"):
        await call(house, "RevokeReferral", pb.RevokeReferralRequest(), HOSPITAL)
    with pytest.raises(errors.NotFound):
        await call(house, "RevokeReferral", pb.RevokeReferralRequest(message_id="bars/none"), HOSPITAL)
    assert (await get(house, referral_id, HOSPITAL)).decisions[0].note == "revoked by the referrer"


async def test_what_was_entered_in_error_the_team_no_longer_knows(house: House) -> None:
    request = asked()
    referral_id = (await submit(house, request)).referral_id
    revoke = pb.RevokeReferralRequest(referral_id=referral_id, entered_in_error=True, note="Another Ana")
    answer = await call(house, "RevokeReferral", revoke, HOSPITAL)
    assert answer.status == pb.STATUS_ENTERED_IN_ERROR
    with pytest.raises(errors.NotFound):
        await get(house, referral_id)
    assert (await get(house, referral_id, HOSPITAL)).decisions[0].note == "Another Ana"
    assert len(await house.events(common_pb2.RelationshipEnded, person_id=request.person_id)) == 1


async def test_a_case_that_is_opened_sets_the_referral_in_progress_once(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    opened = caseworker_events.CaseOpened(case_id="c", referral_id=referral_id, key_worker_id="kw2")
    await tell(house, opened)
    assert (await get(house, referral_id)).version == 1
    accept = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id="kw")
    await call(house, "AcceptReferral", accept, TRIAGE)
    for _ in range(2):
        await tell(house, opened)
    found = await get(house, referral_id)
    assert (found.status, found.version, found.key_worker_id) == (pb.STATUS_IN_PROGRESS, 3, "kw2")
    await tell(house, caseworker_events.CaseOpened(case_id="c", referral_id=str(uuid.uuid4())))
    odd = await house.rows("SELECT action FROM audit WHERE action LIKE 'referral.case_opened%' ORDER BY sequence")
    assert [row["action"] for row in odd] == [
        "referral.case_opened_though_closed",
        "referral.case_opened_without_referral",
    ]


async def test_a_case_that_is_closed_completes_its_referral_and_what_joined_it(house: House) -> None:
    opening, joined, waiting = [(await submit(house)).referral_id for _ in range(3)]
    for referral_id in (opening, joined):
        accept = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id="kw")
        await call(house, "AcceptReferral", accept, TRIAGE)
    await tell(house, caseworker_events.CaseOpened(case_id="c", referral_id=opening, key_worker_id="kw"))
    closed = caseworker_events.CaseClosed(case_id="c", referral_ids=[opening, joined, waiting, "", str(uuid.uuid4())])
    for _ in range(2):
        await tell(house, closed)
    found = [await get(house, one) for one in (opening, joined, waiting)]
    assert [(one.status, one.version) for one in found] == [
        (pb.STATUS_COMPLETED, 4),
        (pb.STATUS_COMPLETED, 3),
        (pb.STATUS_RECEIVED, 1),
    ]
    told = await house.events(events_pb2.ReferralStatusChanged, referral_id=joined)
    assert told[-1].status == pb.STATUS_COMPLETED


async def test_the_tables_are_as_the_migration_makes_them(house: House) -> None:
    assert await service_house.drift(house, tables.Table.metadata) == []
