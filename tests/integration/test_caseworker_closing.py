"""A case ends with a reason, and with an end for all that hangs on it; nobody is left waiting, or alerted, by it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis import auth, errors, work
from chassis.disclosure import merges
from chassis.rpc.client import acting
from joinedup.caseworker.v1 import caseworker_pb2 as pb
from joinedup.caseworker.v1 import events_pb2
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.gateway.v1 import gateway_pb2
from tests.integration.service_house import House
from tests.integration.test_caseworker_plan import (
    COLLEAGUE,
    KEY_WORKER,
    POLICE,
    REACTIONS,
    accepted,
    answer,
    assign,
    chronology,
    house,
    opened,
    stub,
)

__all__ = ["house"]  # the fixture

DONE, OTHER, DIED = pb.CLOSURE_REASON_DONE, pb.CLOSURE_REASON_OTHER, pb.CLOSURE_REASON_DIED


async def seen(house: House, case: pb.Case, actor: auth.Actor = KEY_WORKER) -> pb.Case:
    """The case as it stands."""
    with acting(actor):
        return await stub(house).GetCase(pb.GetCaseRequest(case_id=case.case_id))


async def close(
    house: House,
    case: pb.Case,
    reason: pb.ClosureReason.ValueType = DONE,
    *,
    actor: auth.Actor = KEY_WORKER,
    cancel: bool = False,
    version: int = 0,
    **note: str,
) -> pb.CaseResponse:
    request = pb.CloseCaseRequest(
        case_id=case.case_id,
        version=version or (await seen(house, case)).version,
        reason=reason,
        note=common_pb2.Narrative(**note),
        cancel_open_actions=cancel,
    )
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        return await stub(house).CloseCase(request)


async def attends(house: House, person_id: str) -> None:
    """A contact in crisis just now."""
    event = gateway_events.EncounterRecorded(
        encounter_id=str(uuid.uuid4()),
        person_id=person_id,
        encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
        organisation_id="trust",
    )
    event.started_at.GetCurrentTime()
    await house.handle(REACTIONS, event)


async def test_a_closed_case_is_over_and_told_without_its_reason(house: House) -> None:
    case = await opened(house)
    further = accepted(case.person_id)
    await house.handle(REACTIONS, further)
    answered = await close(house, case, DIED, health="In hospital, on Sunday")
    closed = await seen(house, case)
    assert (closed.status, closed.version) == (pb.CASE_STATUS_CLOSED, answered.version)
    assert closed.HasField("closed_at")
    (told,) = await house.events(events_pb2.CaseClosed, case_id=case.case_id)
    assert (told.version, told.person_id, told.key_worker_id) == (answered.version, case.person_id, "kay")
    assert list(told.referral_ids) == [case.referral_id, further.referral_id]
    assert told.HasField("closed_at")
    (entry,) = [one for one in await chronology(house, case.person_id) if one.title == "Case closed"]
    assert (entry.narrative.social_care, entry.narrative.health) == ("The person has died", "In hospital, on Sunday")
    (row,) = await house.rows("SELECT * FROM support_case WHERE case_id = $1", case.case_id)
    assert (row["closure_reason"], row["closed_by"]) == ("died", KEY_WORKER.subject)
    (act,) = await house.rows(
        "SELECT * FROM audit WHERE action = 'close case' AND subject = $1", f"case/{case.case_id}"
    )
    assert (act["actor"], "died" in str(dict(act))) == (KEY_WORKER.subject, False)
    # It alerts nobody, cannot be changed, and is not closed twice; who needs help again has a case of their own.
    await attends(house, case.person_id)
    assert await house.events(events_pb2.CrisisAlertRaised, case_id=case.case_id) == []
    with pytest.raises(errors.Conflict, match="closed"):
        await assign(house, case, "police", police="Call on Fridays")
    with pytest.raises(errors.Conflict, match="closed"):
        await close(house, case)
    await house.handle(REACTIONS, accepted(case.person_id))
    with acting(KEY_WORKER):
        again = await stub(house).GetCase(pb.GetCaseRequest(person_id=case.person_id))
    assert (again.case_id != case.case_id, again.status) == (True, pb.CASE_STATUS_OPEN)


async def test_what_agencies_have_to_do_keeps_it_open_or_is_cancelled_and_they_are_told(house: House) -> None:
    case = await opened(house)
    waiting = await assign(house, case, "police", police="Call on Fridays")
    done = await assign(house, case, "housing", housing="Mend the lock")
    await answer(
        house, done, replace(POLICE, organisation_id="housing", sector=auth.Sector.HOUSING), pb.ACTION_STATUS_DONE
    )
    with pytest.raises(errors.Conflict, match="1 actions"):
        await close(house, case)
    assert (await seen(house, case)).status == pb.CASE_STATUS_OPEN
    await close(house, case, cancel=True)
    (told,) = await house.events(events_pb2.ActionCancelled, case_id=case.case_id)
    assert (told.action_id, told.version, told.organisation_id) == (waiting.action_id, 2, "police")
    assert await house.events(events_pb2.ActionAnswered, action_id=waiting.action_id) == []
    with acting(POLICE):
        action = await stub(house).GetAction(pb.GetActionRequest(action_id=waiting.action_id))
    assert (action.status, action.what.police) == (pb.ACTION_STATUS_CANCELLED, "Call on Fridays")
    with pytest.raises(errors.Conflict):
        await answer(house, waiting, POLICE, pb.ACTION_STATUS_DONE)


async def test_partners_read_on_for_a_while_and_then_are_strangers(house: House) -> None:
    case = await opened(house)
    action = await assign(house, case, "police", police="Call on Fridays")
    await close(house, case, cancel=True)
    with acting(POLICE):
        assert (await stub(house).GetAction(pb.GetActionRequest(action_id=action.action_id))).what.police
    (row,) = await house.rows(
        "SELECT valid_to FROM relationship WHERE person_id = $1 AND organisation_id = 'police'", case.person_id
    )
    assert timedelta(days=13) < row["valid_to"] - datetime.now(UTC) <= timedelta(days=14)
    (ended,) = await house.events(common_pb2.RelationshipEnded, person_id=case.person_id)
    assert ended.organisation_id == "police"
    await house.rows(
        "UPDATE relationship SET valid_to = now() WHERE person_id = $1 AND organisation_id = 'police'", case.person_id
    )
    with acting(POLICE), pytest.raises(errors.NotFound):
        await stub(house).GetAction(pb.GetActionRequest(action_id=action.action_id))
    # Whoever held it answers for the record.
    assert (await seen(house, case)).status == pb.CASE_STATUS_CLOSED


async def test_it_is_closed_by_who_holds_it_as_they_saw_it_and_for_a_reason(house: House) -> None:
    case = await opened(house)
    for actor in (COLLEAGUE, POLICE):
        with pytest.raises((errors.Denied, errors.NotFound)):
            await close(house, case, actor=actor)
    for reason, field in ((pb.CLOSURE_REASON_UNSPECIFIED, "reason"), (OTHER, "note")):
        with pytest.raises(errors.Invalid) as refused:
            await close(house, case, reason)
        assert [one.field for one in refused.value.violations] == [field]
    before = (await seen(house, case)).version
    await attends(house, case.person_id)
    with pytest.raises(errors.Conflict, match="has changed"):
        await close(house, case, version=before)
    await close(house, case, OTHER, housing="A new address was found")


async def test_of_somebody_merged_with_two_cases_one_is_closed_and_the_other_goes_on(house: House) -> None:
    first, second = await opened(house), await opened(house)
    spell = merges.Spell(str(uuid.uuid4()), first.person_id, second.person_id, datetime.now(UTC))
    async with work.unit(house.database, house.actor, service="caseworker") as unit:
        await merges.keep(unit.session, spell)
    await attends(house, first.person_id)
    assert len(await house.events(events_pb2.CrisisAlertRaised, case_id=second.case_id)) == 1
    await close(house, second, pb.CLOSURE_REASON_OTHER_CASE)
    with acting(KEY_WORKER):
        left = await stub(house).GetCase(pb.GetCaseRequest(person_id=second.person_id))
    assert left.case_id == first.case_id
    await attends(house, second.person_id)
    alerts = [len(await house.events(events_pb2.CrisisAlertRaised, case_id=one.case_id)) for one in (first, second)]
    assert alerts == [2, 1]
