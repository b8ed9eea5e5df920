"""Through the real server: a key worker who is not shown money saves the plan, and the money stays; lists count."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from chassis import auth, errors
from chassis.disclosure import projections
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.identity.v1 import events_pb2 as identity_events
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.caseworker import clients, consumers, rpc
from services.caseworker.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House

KEY_WORKER = auth.Actor(
    subject="practitioner:kay",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="trust",
    sector=auth.Sector.NHS,
    role="caseworker",
    team_ids=("complex",),
    practitioner_id="kay",
)
ITSELF = auth.service_actor("caseworker")
REACTIONS = consumers.handlers(timedelta(hours=72))
MONEY = options_pb2.DATA_CLASS_FINANCE


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Caseworker; the NHS may know everything but money."""
    nobody = clients.Peers(referrals=None)  # type: ignore[arg-type]  # cases are opened by event here
    async with service_house.house(
        database, tmp_path_factory.mktemp("trusted"), Settings, lambda config: rpc.services(nobody)
    ) as running:
        shown = [number for number in service_house.EVERYTHING if number != MONEY]
        own = service_house.rule(
            *service_house.EVERYTHING,
            sectors=[common_pb2.SECTOR_UNSPECIFIED],
            kinds=[common_pb2.RELATIONSHIP_KIND_UNSPECIFIED],
        )
        own.id = "own-services"
        own.purposes.append("administration")
        nhs = service_house.rule(*shown, sectors=[common_pb2.SECTOR_NHS])
        await running.agree(service_house.agreement(nhs, own))
        homes = directory_pb2.Organisation(id="homes", name="Homes")
        await running.handle(REACTIONS, governance_events.OrganisationRegistered(organisation=homes))
        yield running


def stub(house: House) -> caseworker_pb2_grpc.CaseworkerAsyncStub:
    return house.channels.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")


async def opened(house: House) -> caseworker_pb2.Case:
    event = referral_events.ReferralStatusChanged(
        referral_id=str(uuid.uuid4()),
        version=2,
        person_id=str(uuid.uuid4()),
        status=referrals_pb2.STATUS_ACCEPTED,
        organisation_id="trust",
        team_id="complex",
        key_worker_id="kay",
    )
    event.changed_at.GetCurrentTime()
    await house.handle(REACTIONS, event)
    with acting(KEY_WORKER):
        return await stub(house).GetCase(caseworker_pb2.GetCaseRequest(person_id=event.person_id))


async def plan(house: House, case_id: str, actor: auth.Actor) -> plan_pb2.Plan:
    with acting(actor):
        return await stub(house).GetPlan(caseworker_pb2.GetPlanRequest(case_id=case_id))


async def save(house: House, standing: plan_pb2.Plan, content: plan_pb2.PlanContent, actor: auth.Actor) -> None:
    request = caseworker_pb2.UpdatePlanRequest(case_id=standing.case_id, version=standing.version, content=content)
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        await stub(house).UpdatePlan(request)


async def test_who_is_not_shown_money_can_neither_erase_nor_overwrite_it(house: House) -> None:
    case = await opened(house)
    whole = plan_pb2.PlanContent(care_funding_source="Council", strengths="Cooks")
    whole.needs.add().need.MergeFrom(common_pb2.Narrative(health="Panic", finance="Owes two thousand"))
    whole.needs.add().need.finance = "No income"
    await save(house, await plan(house, case.case_id, ITSELF), whole, ITSELF)

    seen = await plan(house, case.case_id, KEY_WORKER)
    assert not seen.content.care_funding_source
    assert not seen.content.needs[0].need.finance
    changed = plan_pb2.PlanContent()
    changed.CopyFrom(seen.content)
    changed.strengths = "Cooks for the whole landing"
    changed.needs[0].need.health = ""
    await save(house, seen, changed, KEY_WORKER)

    kept = (await plan(house, case.case_id, ITSELF)).content
    assert kept.strengths == "Cooks for the whole landing"
    assert [one.need.finance for one in kept.needs] == ["Owes two thousand", "No income"]
    assert not kept.needs[0].need.health
    assert kept.care_funding_source == "Council"


async def test_what_is_withheld_is_refused_by_its_field_when_it_is_sent(house: House) -> None:
    case = await opened(house)
    seen = await plan(house, case.case_id, KEY_WORKER)
    with pytest.raises(errors.Invalid) as refusal:
        await save(house, seen, plan_pb2.PlanContent(care_funding_source="Self"), KEY_WORKER)
    assert [one.field for one in refusal.value.violations] == ["content.care_funding_source"]
    assert (await plan(house, case.case_id, KEY_WORKER)).version == seen.version


async def test_whom_to_contact_for_somebody_whose_whereabouts_are_protected_is_shown_to_nobody(house: House) -> None:
    case = await opened(house)
    content = plan_pb2.PlanContent()
    content.contingency_plans.add(trigger_factors=["A letter"], who_should_be_contacted="Her sister in QX41")
    await save(house, await plan(house, case.case_id, KEY_WORKER), content, KEY_WORKER)
    shown = (await plan(house, case.case_id, KEY_WORKER)).content.contingency_plans[0]
    assert shown.who_should_be_contacted == "Her sister in QX41"

    restricted = identity_events.PersonRestricted(person_id=case.person_id, version=1)
    restricted.restricted_at.GetCurrentTime()
    await house.handle(projections.HANDLERS, restricted)
    for actor in (KEY_WORKER, ITSELF):
        found = await plan(house, case.case_id, actor)
        assert "QX41" not in str(found)
        assert found.content.contingency_plans[0].trigger_factors == ["A letter"]
        assert ("content.contingency_plans.who_should_be_contacted", "restricted") in {
            (mark.field, mark.reason) for mark in found.withheld
        }
    saved = await plan(house, case.case_id, KEY_WORKER)
    saved.content.strengths = "Cooks"
    await save(house, await plan(house, case.case_id, KEY_WORKER), saved.content, KEY_WORKER)

    ended = identity_events.PersonUnrestricted(person_id=case.person_id, version=2)
    ended.unrestricted_at.GetCurrentTime()
    await house.handle(projections.HANDLERS, ended)
    kept = (await plan(house, case.case_id, KEY_WORKER)).content
    assert (kept.strengths, kept.contingency_plans[0].who_should_be_contacted) == ("Cooks", "Her sister in QX41")


async def test_a_contingency_plan_that_is_emptied_goes_without_complaint(house: House) -> None:
    case = await opened(house)
    content = plan_pb2.PlanContent()
    content.contingency_plans.add(trigger_factors=["A letter"], coping_strategies="Radio")
    await save(house, await plan(house, case.case_id, KEY_WORKER), content, KEY_WORKER)
    content.contingency_plans[0].Clear()
    await save(house, await plan(house, case.case_id, KEY_WORKER), content, KEY_WORKER)
    assert not (await plan(house, case.case_id, KEY_WORKER)).content.contingency_plans


async def test_actions_are_counted_beyond_the_page_and_the_filter(house: House) -> None:
    case = await opened(house)
    for number in range(3):
        request = caseworker_pb2.AssignActionRequest(case_id=case.case_id, organisation_id="homes")
        request.what.housing = f"Change lock {number}"
        request.due_at.FromDatetime(datetime.now(UTC) + timedelta(days=3))
        with acting(KEY_WORKER, idempotency_key=str(uuid.uuid4())):
            await stub(house).AssignAction(request)
    listing = caseworker_pb2.ListActionsRequest(
        case_id=case.case_id, statuses=[caseworker_pb2.ACTION_STATUS_DONE], page=common_pb2.PageRequest(size=1)
    )
    with acting(KEY_WORKER):
        answer = await stub(house).ListActions(listing)
    assert (len(answer.actions), answer.counts.waiting, answer.counts.overdue) == (0, 3, 0)
