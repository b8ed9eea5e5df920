"""Casework on a real PostgreSQL: one case a person, plans that nobody overwrites, actions by agency, one chronology."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis import auth, errors
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc, events_pb2, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.gateway.v1 import gateway_pb2
from joinedup.governance.v1 import directory_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.caseworker import clients, consumers, rpc, tables
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
COLLEAGUE = replace(KEY_WORKER, subject="practitioner:cole", practitioner_id="cole", team_ids=("other",))
POLICE = auth.Actor(
    subject="practitioner:pat",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="police",
    sector=auth.Sector.POLICE,
    role="partner",
    practitioner_id="pat",
)
HOUSING = replace(POLICE, subject="practitioner:hal", organisation_id="housing", sector=auth.Sector.HOUSING)
REACTIONS = consumers.handlers(timedelta(hours=72))


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Caseworker; the NHS may know everything, the police what is police information, housing what is housing's."""
    nobody = clients.Peers(referrals=None)  # type: ignore[arg-type]  # cases are opened by event here
    async with service_house.house(
        database, tmp_path_factory.mktemp("trusted"), Settings, lambda config: rpc.services(nobody, timedelta(days=14))
    ) as running:
        everything = service_house.rule(*service_house.EVERYTHING, sectors=[common_pb2.SECTOR_NHS])
        police = service_house.rule(options_pb2.DATA_CLASS_POLICE, sectors=[common_pb2.SECTOR_POLICE])
        housing = service_house.rule(options_pb2.DATA_CLASS_HOUSING, sectors=[common_pb2.SECTOR_HOUSING])
        police.id, housing.id = "police", "housing"
        await running.agree(service_house.agreement(everything, police, housing))
        for name in ("police", "housing"):
            organisation = directory_pb2.Organisation(id=name, name=name.title())
            await running.handle(REACTIONS, governance_events.OrganisationRegistered(organisation=organisation))
        yield running


def stub(house: House) -> caseworker_pb2_grpc.CaseworkerAsyncStub:
    return house.channels.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")


def accepted(person_id: str, referral_id: str = "") -> referral_events.ReferralStatusChanged:
    event = referral_events.ReferralStatusChanged(
        referral_id=referral_id or str(uuid.uuid4()),
        version=2,
        person_id=person_id,
        status=referrals_pb2.STATUS_ACCEPTED,
        organisation_id="trust",
        team_id="complex",
        key_worker_id="kay",
    )
    event.changed_at.GetCurrentTime()
    return event


async def opened(house: House) -> caseworker_pb2.Case:
    """A person with an open case."""
    person_id = str(uuid.uuid4())
    await house.handle(REACTIONS, accepted(person_id))
    with acting(KEY_WORKER):
        return await stub(house).GetCase(caseworker_pb2.GetCaseRequest(person_id=person_id))


async def assign(
    house: House, case: caseworker_pb2.Case, organisation: str, key: str = "", **what: str
) -> caseworker_pb2.ActionResponse:
    request = caseworker_pb2.AssignActionRequest(
        case_id=case.case_id, organisation_id=organisation, what=common_pb2.Narrative(**what)
    )
    request.due_at.FromDatetime(datetime.now(UTC) + timedelta(days=3))
    with acting(KEY_WORKER, idempotency_key=key or str(uuid.uuid4())):
        return await stub(house).AssignAction(request)


async def answer(
    house: House, action: caseworker_pb2.ActionResponse, actor: auth.Actor, status: int, **note: str
) -> caseworker_pb2.ActionResponse:
    request = caseworker_pb2.AnswerActionRequest(
        action_id=action.action_id,
        version=action.version,
        status=status,  # type: ignore[arg-type]
        note=common_pb2.Narrative(**note),
    )
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        return await stub(house).AnswerAction(request)


async def chronology(
    house: House, person_id: str, actor: auth.Actor = KEY_WORKER
) -> list[caseworker_pb2.ChronologyEntry]:
    with acting(actor):
        found = await stub(house).ListChronology(caseworker_pb2.ListChronologyRequest(person_id=person_id))
    return list(found.entries)


async def test_an_accepted_referral_opens_one_case_with_its_key_worker_and_an_empty_plan(house: House) -> None:
    case = await opened(house)
    assert (case.key_worker_id, case.status, case.version) == ("kay", caseworker_pb2.CASE_STATUS_OPEN, 1)
    with acting(KEY_WORKER):
        plan = await stub(house).GetPlan(caseworker_pb2.GetPlanRequest(case_id=case.case_id))
    assert plan.version == 1
    assert [event.case_id for event in await house.events(events_pb2.CaseOpened, person_id=case.person_id)] == [
        case.case_id
    ]


async def test_a_further_referral_joins_the_open_case(house: House) -> None:
    case = await opened(house)
    await house.handle(REACTIONS, accepted(case.person_id))
    assert len(await house.events(events_pb2.CaseOpened, person_id=case.person_id)) == 1


async def test_cases_opened_at_the_same_moment_are_one(house: House) -> None:
    person_id = str(uuid.uuid4())
    await asyncio.gather(*(house.handle(REACTIONS, accepted(person_id)) for _ in range(5)))
    assert len(await house.events(events_pb2.CaseOpened, person_id=person_id)) == 1


async def test_a_stranger_finds_nothing_and_the_attempt_is_in_the_ledger(house: House) -> None:
    case = await opened(house)
    with acting(POLICE), pytest.raises(errors.NotFound):
        await stub(house).GetCase(caseworker_pb2.GetCaseRequest(person_id=case.person_id))
    outcomes = [entry.outcome for entry in await house.ledger(case.person_id)]
    assert governance_events.DISCLOSURE_OUTCOME_REFUSED in outcomes


async def test_each_agency_learns_its_own_part_and_that_the_rest_is_withheld(house: House) -> None:
    case = await opened(house)
    action = await assign(house, case, "police", police="Call on Fridays", health="Drinks heavily")
    with acting(POLICE):
        seen = await stub(house).GetAction(caseworker_pb2.GetActionRequest(action_id=action.action_id))
    assert (seen.what.police, seen.what.health) == ("Call on Fridays", "")
    marks = {mark.field: mark for mark in seen.withheld}
    assert marks["what.health"].data_class == options_pb2.DATA_CLASS_HEALTH
    assert marks["what.health"].because
    # What is empty is marked as well: a mark must not tell that there is something.
    assert "what.social_care" in marks
    assert "what.police" not in marks
    with acting(KEY_WORKER):
        whole = await stub(house).GetAction(caseworker_pb2.GetActionRequest(action_id=action.action_id))
    assert (whole.what.health, list(whole.withheld)) == ("Drinks heavily", [])


async def test_only_the_assigned_organisation_answers(house: House) -> None:
    case = await opened(house)
    action = await assign(house, case, "police", police="Call on Fridays")
    await assign(house, case, "housing", housing="Find a flat")
    with pytest.raises(errors.Denied):
        await answer(house, action, HOUSING, caseworker_pb2.ACTION_STATUS_DONE)
    accepted_it = await answer(house, action, POLICE, caseworker_pb2.ACTION_STATUS_ACCEPTED)
    done = await answer(house, accepted_it, POLICE, caseworker_pb2.ACTION_STATUS_DONE, police="Called twice")
    assert (done.version, done.status) == (3, caseworker_pb2.ACTION_STATUS_DONE)
    with pytest.raises(errors.Conflict):
        await answer(house, done, POLICE, caseworker_pb2.ACTION_STATUS_CANNOT, police="No car")
    told = await house.events(events_pb2.ActionAnswered, action_id=action.action_id)
    assert [(event.version, event.key_worker_id, event.key_worker_organisation_id) for event in told] == [
        (2, "kay", "trust"),
        (3, "kay", "trust"),
    ]


async def test_cannot_without_a_reason_is_refused_by_field(house: House) -> None:
    case = await opened(house)
    action = await assign(house, case, "police", police="Call on Fridays")
    with pytest.raises(errors.Invalid) as refused:
        await answer(house, action, POLICE, caseworker_pb2.ACTION_STATUS_CANNOT)
    assert refused.value.violations[0].field == "note"


async def test_the_same_command_twice_is_one_action_and_the_same_answer(house: House) -> None:
    case = await opened(house)
    key = str(uuid.uuid4())
    due = {"police": "Call on Fridays"}
    request = caseworker_pb2.AssignActionRequest(
        case_id=case.case_id, organisation_id="police", what=common_pb2.Narrative(**due)
    )
    answers = []
    for _ in range(2):
        with acting(KEY_WORKER, idempotency_key=key):
            answers.append(await stub(house).AssignAction(request))
    assert answers[0] == answers[1]
    assert len(await house.events(events_pb2.ActionAssigned, case_id=case.case_id)) == 1


@pytest.mark.parametrize(
    ("organisation", "what", "field"),
    [("nobody", {"police": "x"}, "organisation_id"), ("police", {}, "what"), ("", {"police": "x"}, "organisation_id")],
)
async def test_a_faulty_action_is_refused_by_field(
    house: House, organisation: str, what: dict[str, str], field: str
) -> None:
    case = await opened(house)
    with pytest.raises(errors.Invalid) as refused:
        await assign(house, case, organisation, **what)
    assert field in {violation.field for violation in refused.value.violations}


async def test_two_who_save_the_plan_do_not_overwrite_each_other(house: House) -> None:
    case = await opened(house)

    async def save(strengths: str) -> caseworker_pb2.UpdatePlanResponse:
        content = plan_pb2.PlanContent(strengths=strengths)
        request = caseworker_pb2.UpdatePlanRequest(case_id=case.case_id, version=1, content=content)
        with acting(KEY_WORKER, idempotency_key=str(uuid.uuid4())):
            return await stub(house).UpdatePlan(request)

    saved = await asyncio.gather(save("Walks the dog"), save("Sings"), return_exceptions=True)
    assert sorted(type(result).__name__ for result in saved) == ["Conflict", "UpdatePlanResponse"]


async def test_somebody_of_another_team_may_not_change_the_case(house: House) -> None:
    case = await opened(house)
    await house.relate(case.person_id, COLLEAGUE, common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM)
    request = caseworker_pb2.AddNoteRequest(case_id=case.case_id, note=common_pb2.Narrative(health="Seen"))
    with acting(COLLEAGUE, idempotency_key=str(uuid.uuid4())), pytest.raises(errors.Denied):
        await stub(house).AddNote(request)


def encounter(
    person_id: str, *, hours_ago: float, kind: int = gateway_pb2.ENCOUNTER_CLASS_EMERGENCY
) -> gateway_events.EncounterRecorded:
    event = gateway_events.EncounterRecorded(
        encounter_id=str(uuid.uuid4()),
        person_id=person_id,
        encounter_class=kind,  # type: ignore[arg-type]
        organisation_id="hospital",
    )
    event.started_at.FromDatetime(datetime.now(UTC) - timedelta(hours=hours_ago))
    return event


async def test_a_contact_in_crisis_alerts_the_key_worker_once(house: House) -> None:
    case = await opened(house)
    event = encounter(case.person_id, hours_ago=0.1)
    await house.handle(REACTIONS, event)
    await house.handle(REACTIONS, event)
    told = await house.events(events_pb2.CrisisAlertRaised, case_id=case.case_id)
    assert [alert.key_worker_id for alert in told] == ["kay"]
    with acting(KEY_WORKER):
        mine = await stub(house).ListCaseload(caseworker_pb2.ListCaseloadRequest(person_ids=[case.person_id]))
    assert mine.cases[0].HasField("last_alert_at")


@pytest.mark.parametrize(
    ("hours_ago", "kind"),
    [(24 * 10, gateway_pb2.ENCOUNTER_CLASS_EMERGENCY), (0.1, gateway_pb2.ENCOUNTER_CLASS_PRIMARY_CARE)],
)
async def test_history_and_ordinary_contacts_alert_nobody(house: House, hours_ago: float, kind: int) -> None:
    case = await opened(house)
    await house.handle(REACTIONS, encounter(case.person_id, hours_ago=hours_ago, kind=kind))
    assert await house.events(events_pb2.CrisisAlertRaised, case_id=case.case_id) == []


async def test_the_chronology_shows_it_all_newest_first_and_each_reader_their_part(house: House) -> None:
    case = await opened(house)
    action = await assign(house, case, "police", police="Call on Fridays")
    await answer(house, action, POLICE, caseworker_pb2.ACTION_STATUS_ACCEPTED)
    await house.handle(REACTIONS, encounter(case.person_id, hours_ago=0.01))
    entries = await chronology(house, case.person_id)
    kinds = [caseworker_pb2.ChronologyKind.Name(entry.kind).removeprefix("CHRONOLOGY_KIND_") for entry in entries]
    assert sorted(kinds) == ["ACTION", "ACTION", "ALERT", "CASE", "ENCOUNTER", "REFERRAL"]
    assert [entry.at.ToNanoseconds() for entry in entries] == sorted(
        (entry.at.ToNanoseconds() for entry in entries), reverse=True
    )
    assert "Attended A&E" in {entry.narrative.health for entry in entries}
    police = await chronology(house, case.person_id, POLICE)
    assert {entry.narrative.health for entry in police} == {""}
    assert any(mark.field == "narrative.health" for entry in police for mark in entry.withheld)


async def test_pages_of_the_chronology_neither_repeat_nor_skip(house: House) -> None:
    case = await opened(house)
    for number in range(7):
        await house.handle(REACTIONS, encounter(case.person_id, hours_ago=1000 + number))
    seen: list[str] = []
    token = ""
    while True:
        request = caseworker_pb2.ListChronologyRequest(
            person_id=case.person_id, page=common_pb2.PageRequest(size=3, token=token)
        )
        with acting(KEY_WORKER):
            found = await stub(house).ListChronology(request)
        seen += [entry.entry_id for entry in found.entries]
        token = found.page.next_token
        if not token:
            break
    assert len(seen) == len(set(seen)) == found.page.total == 9


async def test_the_tables_are_those_that_the_code_declares(house: House) -> None:
    assert await service_house.drift(house, tables.Table.metadata) == []
