"""Who reaches a case: nobody from outside, nobody in another organisation's name, and no request that breaks it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chassis import auth, errors, paging
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.caseworker.v1 import caseworker_pb2 as pb
from joinedup.caseworker.v1 import caseworker_pb2_grpc
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.gateway.v1 import gateway_pb2
from joinedup.governance.v1 import directory_pb2, events_pb2
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.caseworker import clients, consumers, policy, rpc
from services.caseworker.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House

KAY = auth.Actor(
    subject="practitioner:kay",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="trust",
    sector=auth.Sector.NHS,
    role="caseworker",
    team_ids=("complex",),
    practitioner_id="kay",
)
# The same person on another day of the week, in her other post (journey J10).
KAY_AT_THE_POLICE = replace(KAY, organisation_id="police", sector=auth.Sector.POLICE, team_ids=())
STRANGER = replace(KAY_AT_THE_POLICE, subject="practitioner:pat", practitioner_id="pat")
LANDLORD = replace(STRANGER, subject="practitioner:hal", organisation_id="homes", sector=auth.Sector.HOUSING)
REACTIONS = consumers.handlers(timedelta(hours=72))
PLAN_PARTNER = common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER
NOTE = common_pb2.Narrative(health="Came to the door")


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Caseworker; the NHS may know everything, the others nothing."""
    nobody = clients.Peers(referrals=None)  # type: ignore[arg-type]  # cases are opened by event here
    async with service_house.house(
        database,
        tmp_path_factory.mktemp("trusted"),
        Settings,
        lambda config: rpc.services(nobody),
        answers=policy.answers(),
    ) as running:
        everything = service_house.rule(*service_house.EVERYTHING, sectors=[common_pb2.SECTOR_NHS])
        await running.agree(service_house.agreement(everything))
        for name in ("police", "homes", "trust"):
            organisation = directory_pb2.Organisation(id=name, name=name.title())
            await running.handle(REACTIONS, events_pb2.OrganisationRegistered(organisation=organisation))
        yield running


async def call(house: House, name: str, request: Any, actor: auth.Actor) -> Any:
    """One call as this actor."""
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        return await getattr(house.channels.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker"), name)(request)


async def opened(house: House) -> pb.Case:
    """A new case of Kay's."""
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
    case = await call(house, "GetCase", pb.GetCaseRequest(person_id=event.person_id), KAY)
    assert isinstance(case, pb.Case)
    return case


async def refusals(house: House, person_id: str) -> list[str]:
    """The RPCs by which strangers asked about somebody, as the ledger has them."""
    entries = await house.ledger(person_id)
    return [one.method.rpartition("/")[2] for one in entries if one.outcome == events_pb2.DISCLOSURE_OUTCOME_REFUSED]


async def test_a_key_worker_changes_the_case_only_in_the_post_that_holds_it(house: House) -> None:
    case = await opened(house)
    await house.relate(case.person_id, KAY_AT_THE_POLICE, PLAN_PARTNER)
    request = pb.AddNoteRequest(case_id=case.case_id, note=NOTE)
    with pytest.raises(errors.Denied):
        await call(house, "AddNote", request, KAY_AT_THE_POLICE)
    assert (await call(house, "AddNote", request, KAY)).entry_id


@pytest.mark.parametrize(
    "position", [("yesterday", "x"), ("2026-01-01T10:00:00", "x"), ("2026-01-01T10:00:00Z", "\x00")]
)
async def test_a_made_up_page_token_is_invalid_and_no_fault(house: House, position: tuple[str, str]) -> None:
    case = await opened(house)
    page = common_pb2.PageRequest(token=paging.token(*position))
    with pytest.raises(errors.Invalid) as refused:
        await call(house, "ListChronology", pb.ListChronologyRequest(person_id=case.person_id, page=page), KAY)
    assert refused.value.violations[0].field == "page.token"


async def test_a_status_that_there_is_not_is_invalid_and_no_fault(house: House) -> None:
    with pytest.raises(errors.Invalid) as refused:
        await call(house, "ListCaseload", pb.ListCaseloadRequest(statuses=[99]), KAY)  # type: ignore[list-item]
    assert refused.value.violations[0].field == "statuses[0]"


async def test_whoever_tries_a_case_out_of_reach_is_told_what_nobody_is_and_stands_in_the_ledger(house: House) -> None:
    case = await opened(house)
    assign = pb.AssignActionRequest(case_id=case.case_id, organisation_id="homes", what=NOTE)
    action_id = (await call(house, "AssignAction", assign, KAY)).action_id
    unknown = str(uuid.uuid4())
    writer = replace(STRANGER, role="caseworker")
    for name, request in (
        ("GetCase", pb.GetCaseRequest(case_id=case.case_id)),
        ("GetPlan", pb.GetPlanRequest(case_id=case.case_id)),
        ("UpdatePlan", pb.UpdatePlanRequest(case_id=case.case_id, version=1)),
        ("AddNote", pb.AddNoteRequest(case_id=case.case_id, note=NOTE)),
        ("AssignAction", assign),
        ("AddPlanPartner", pb.AddPlanPartnerRequest(case_id=case.case_id, organisation_id="police")),
        ("GetAction", pb.GetActionRequest(action_id=action_id)),
        ("AnswerAction", pb.AnswerActionRequest(action_id=action_id, version=1, status=pb.ACTION_STATUS_DONE)),
    ):
        with pytest.raises(errors.NotFound) as hidden:
            await call(house, name, request, writer)
        for field in ("case_id", "action_id"):
            if field in request.DESCRIPTOR.fields_by_name:
                setattr(request, field, unknown)
        with pytest.raises(errors.NotFound) as absent:
            await call(house, name, request, writer)
        assert str(hidden.value) == str(absent.value)
        assert (await refusals(house, case.person_id))[-1] == name
    assert len(await refusals(house, case.person_id)) == 8


async def test_a_contact_does_not_tell_whose_it_was_to_who_may_not_know_what_it_was(house: House) -> None:
    case = await opened(house)
    await house.relate(case.person_id, LANDLORD, PLAN_PARTNER)
    event = gateway_events.EncounterRecorded(
        encounter_id="CUSTODY-7",
        person_id=case.person_id,
        encounter_class=gateway_pb2.ENCOUNTER_CLASS_POLICE,
        organisation_id="police",
    )
    event.started_at.GetCurrentTime()
    await house.handle(REACTIONS, event)
    request = pb.ListChronologyRequest(person_id=case.person_id)
    told = await call(house, "ListChronology", request, LANDLORD)
    assert len(told.entries) == 4
    for trace in ("police", "Police", "CUSTODY"):
        assert not any(
            trace in text
            for entry in told.entries
            for text in (entry.title, entry.source, entry.organisation_id, f"{entry.narrative}{entry.contact_with}")
        )
    known = await call(house, "ListChronology", request, KAY)
    (contact,) = (entry for entry in known.entries if entry.narrative.police == "Contact with the police")
    assert contact.contact_with.police == "Police"


async def test_a_further_referral_that_joins_an_open_case_is_told_in_its_chronology(house: House) -> None:
    case = await opened(house)
    event = referral_events.ReferralStatusChanged(
        referral_id=str(uuid.uuid4()),
        version=2,
        person_id=case.person_id,
        status=referrals_pb2.STATUS_ACCEPTED,
        organisation_id="homes",
        team_id="tenancy",
        key_worker_id="hal",
    )
    event.changed_at.GetCurrentTime()
    for _ in range(2):
        await house.handle(REACTIONS, event)
    told = await call(house, "ListChronology", pb.ListChronologyRequest(person_id=case.person_id), KAY)
    (joined,) = [entry for entry in told.entries if entry.title == "A further accepted referral joins this case"]
    assert (joined.organisation_id, joined.practitioner_id) == ("homes", "hal")
    assert (await call(house, "GetCase", pb.GetCaseRequest(person_id=case.person_id), KAY)).key_worker_id == "kay"


async def test_having_referred_somebody_opens_nothing_of_their_plan(house: House) -> None:
    case = await opened(house)
    ward = replace(KAY, subject="practitioner:ward", organisation_id="hospital", practitioner_id="ward", team_ids=())
    await house.relate(case.person_id, ward, common_pb2.RELATIONSHIP_KIND_REFERRER)
    requests = {
        "GetCase": pb.GetCaseRequest(person_id=case.person_id),
        "GetPlan": pb.GetPlanRequest(case_id=case.case_id),
        "ListChronology": pb.ListChronologyRequest(person_id=case.person_id),
    }
    for name, request in requests.items():
        with pytest.raises(errors.NotFound):
            await call(house, name, request, ward)
