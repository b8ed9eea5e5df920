"""What tests of referrals stand on: three teams, a key worker, an agreement, callers and short ways to call."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from chassis import auth, work
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from joinedup.referrals.v1.referrals_pb2_grpc import ReferralsStub
from services.referrals import __main__ as referrals
from services.referrals import consumers, rpc
from services.referrals.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House

HOSPITAL = auth.Actor(
    subject="integrator:hospital",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="integrator",
)
TRIAGE = auth.Actor(
    subject="practitioner:triage",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="trust",
    sector=auth.Sector.NHS,
    role="triage",
    team_ids=("complex",),
    practitioner_id="triage",
)
OTHER_TEAM = replace(TRIAGE, subject="practitioner:other", team_ids=("second",), practitioner_id="other")
OFFICER = replace(
    TRIAGE,
    subject="practitioner:officer",
    organisation_id="constabulary",
    sector=auth.Sector.POLICE,
    role="referrer",
    team_ids=(),
    practitioner_id="officer",
)
HOURS = {day: "09:00-17:00" for day in range(1, 6)}


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Referrals with three teams; an agreement lets the NHS know health, and the police what is theirs."""
    directory = tmp_path_factory.mktemp("trusted")
    async with service_house.house(
        database, directory, Settings, lambda config: rpc.service(referrals.desk(config)), database_pool=10
    ) as running:
        health, police = options_pb2.DATA_CLASS_HEALTH, options_pb2.DATA_CLASS_POLICE
        await running.agree(
            service_house.agreement(
                service_house.rule(health, options_pb2.DATA_CLASS_VOICE, sectors=[common_pb2.SECTOR_NHS]),
                service_house.rule(police, sectors=[common_pb2.SECTOR_POLICE]),
            )
        )
        await tell(
            running,
            governance_events.OrganisationRegistered(organisation=directory_pb2.Organisation(id="trust", name="Trust")),
        )
        await tell(running, registered("complex", catchment=["EX31", "EX32"], service_ids=["dos-1"]))
        await tell(running, registered("second", catchment=["EX31"], capacity=1))
        await tell(running, registered("housing", kind="housing_options", organisation_id="council"))
        await tell(running, assigned("kw"))
        yield running


def registered(team_id: str, **more: Any) -> governance_events.TeamRegistered:
    """A team is registered or changed."""
    fields: dict[str, Any] = {
        "organisation_id": "trust",
        "name": f"Team {team_id}",
        "kind": "complex_needs",
        "capacity": 50,
    }
    return governance_events.TeamRegistered(team=directory_pb2.Team(id=team_id, service_hours=HOURS, **(fields | more)))


def assigned(practitioner_id: str, **more: Any) -> governance_events.PractitionerRoleAssigned:
    """A practitioner has a role: a caseworker of the complex needs team, unless told otherwise."""
    fields: dict[str, Any] = {"organisation_id": "trust", "team_id": "complex", "role": "caseworker"}
    return governance_events.PractitionerRoleAssigned(practitioner_id=practitioner_id, **(fields | more))


async def tell(house: House, event: Any, fallback: str = "") -> None:
    """Hand an event to its handler, as the consumer does, in a transaction of the service itself."""
    assert isinstance(house.config, Settings)
    desk = referrals.desk(house.config.model_copy(update={"fallback_team_id": fallback}))
    async with work.unit(house.database, house.actor, service="referrals") as unit:
        await consumers.handlers(desk)[type(event)](unit, event)


def asked(**more: Any) -> pb.SubmitReferralRequest:
    """A referral of somebody new to the complex needs team."""
    fields: dict[str, Any] = {
        "person_id": str(uuid.uuid4()),
        "team_id": "complex",
        "priority": pb.PRIORITY_URGENT,
        "narrative": common_pb2.Narrative(health="Ninth attendance", police="Found asleep", voice="Let me be"),
        "reason_codes": ["http://snomed.info/sct|160734000|Lives in hostel"],
    }
    return pb.SubmitReferralRequest(**(fields | more))


async def call(house: House, name: str, request: Any, actor: auth.Actor, key: str = "") -> Any:
    """One call as this actor."""
    with acting(actor, idempotency_key=key or str(uuid.uuid4())):
        return await getattr(house.channels.stub(ReferralsStub, "referrals"), name)(request)


async def submit(house: House, request: pb.SubmitReferralRequest | None = None, actor: auth.Actor = HOSPITAL) -> Any:
    """Refer somebody."""
    return await call(house, "SubmitReferral", request or asked(), actor)


async def get(house: House, referral_id: str, actor: auth.Actor = TRIAGE) -> pb.Referral:
    """One referral as this actor."""
    found = await call(house, "GetReferral", pb.GetReferralRequest(referral_id=referral_id), actor)
    assert isinstance(found, pb.Referral)
    return found


async def worklist(house: House, actor: auth.Actor = TRIAGE, **more: Any) -> pb.ListWorklistResponse:
    """A page of a work list."""
    answer = await call(house, "ListWorklist", pb.ListWorklistRequest(**more), actor)
    assert isinstance(answer, pb.ListWorklistResponse)
    return answer
