"""Identity and referrals on one real Kafka: what one does the other knows, and what was asked early is done."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from google.protobuf.message import Message

from chassis import auth, consumer, errors, relay, work
from chassis.rpc.client import acting
from devstack import testing
from joinedup.caseworker.v1 import events_pb2 as caseworker_events
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.identity.v1 import identity_pb2
from joinedup.identity.v1.identity_pb2_grpc import IdentityStub
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from joinedup.referrals.v1.referrals_pb2_grpc import ReferralsStub
from services.identity import __main__ as identity
from services.identity.rpc import people as identity_rpc
from services.identity.settings import Settings as IdentitySettings
from services.referrals import __main__ as referrals
from services.referrals import consumers
from services.referrals import rpc as referrals_rpc
from services.referrals.settings import Settings as ReferralsSettings
from tests.integration import service_house
from tests.integration.service_house import House

pytestmark = pytest.mark.kafka

T = TypeVar("T")

HOSPITAL = auth.Actor(
    subject="integrator:hospital",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="integrator",
)


@dataclass
class Pair:
    """Both services with their relays and consumers, and a team that is nobody else's."""

    identity: House
    referrals: House
    team_id: str

    @property
    def member(self) -> auth.Actor:
        """Somebody who triages for the team."""
        return auth.Actor(
            subject="practitioner:triage",
            kind=auth.Kind.PRACTITIONER,
            organisation_id="trust",
            sector=auth.Sector.NHS,
            role="triage",
            team_ids=(self.team_id,),
            practitioner_id="triage",
        )

    async def person(self, person_id: str) -> identity_pb2.Person:
        """A person as the team sees them."""
        with acting(self.member):
            request = identity_pb2.GetPersonRequest(person_id=person_id)
            return await self.identity.channels.stub(IdentityStub, "identity").GetPerson(request)

    async def worklist(self) -> list[pb.Referral]:
        """The team's inbox, whatever the status."""
        with acting(self.member):
            request = pb.ListWorklistRequest(team_id=self.team_id, statuses=pb.Status.values()[1:])
            answer = await self.referrals.channels.stub(ReferralsStub, "referrals").ListWorklist(request)
        return list(answer.referrals)

    async def tell(self, event: Message, about: str) -> None:
        """Have an event of another service published: the topic follows from its type, whoever relays it."""
        async with work.unit(self.referrals.database, self.referrals.actor, service="referrals") as unit:
            unit.publish(event, person_id="", aggregate=about, version=1)


@pytest.fixture
async def pair(postgres: testing.Postgres, kafka: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Both, running."""
    databases = [postgres.create("identity"), postgres.create("referrals")]
    mark = uuid.uuid4().hex[:8]
    more: dict[str, Any] = {
        "kafka_bootstrap_servers": kafka,
        "relay_poll_seconds": 0.2,
        "consumer_backoff_seconds": 0.05,
    }
    async with AsyncExitStack() as stack:
        people = await stack.enter_async_context(
            service_house.house(
                databases[0],
                tmp_path_factory.mktemp("identity"),
                IdentitySettings,
                lambda config: identity_rpc.service(identity.bench(config)),
                **more,
            )
        )
        asked = await stack.enter_async_context(
            service_house.house(
                databases[1],
                tmp_path_factory.mktemp("referrals"),
                ReferralsSettings,
                lambda config: referrals_rpc.service(referrals.desk(config)),
                **more,
            )
        )
        assert isinstance(asked.config, ReferralsSettings)
        handlers = consumers.handlers(referrals.desk(asked.config))
        nhs = service_house.rule(options_pb2.DATA_CLASS_IDENTIFYING, sectors=[common_pb2.SECTOR_NHS])
        await people.agree(service_house.agreement(nhs))
        await stack.enter_async_context(
            _running(
                relay.Relay(people.config, people.database),
                relay.Relay(asked.config, asked.database),
                consumer.Consumer(people.config, people.database, group=f"identity.{mark}", handlers={}),
                consumer.Consumer(asked.config, asked.database, group=f"referrals.{mark}", handlers=handlers),
            )
        )
        yield Pair(people, asked, f"team-{mark}")
    for database in databases:
        postgres.drop(database)


async def test_a_referral_ahead_of_its_team_is_routed_and_the_team_may_then_read_who_it_is_about(pair: Pair) -> None:
    demographics = identity_pb2.Demographics(
        name=identity_pb2.Name(given=["Ana"], family="Kowalska"), birth_date="1984-03-09", gender="female"
    )
    with acting(HOSPITAL, idempotency_key=str(uuid.uuid4())):
        request = identity_pb2.RegisterPersonRequest(demographics=demographics, source="bars/1")
        registered = await pair.identity.channels.stub(IdentityStub, "identity").RegisterPerson(request)
        asked = pb.SubmitReferralRequest(
            person_id=registered.person_id,
            team_id=pair.team_id,
            narrative=common_pb2.Narrative(health="Ninth attendance"),
        )
        stub = pair.referrals.channels.stub(ReferralsStub, "referrals")
        answer = await stub.SubmitReferral(asked)
    assert answer.team_id == ""

    with pytest.raises(errors.NotFound):
        await pair.person(registered.person_id)
    team = directory_pb2.Team(
        id=pair.team_id,
        organisation_id="trust",
        name="Team",
        kind="complex_needs",
        capacity=9,
        service_hours={1: "09:00-17:00"},
    )
    await pair.tell(governance_events.TeamRegistered(team=team), f"team/{pair.team_id}")
    (found,) = await _until(pair.worklist)
    assert (found.referral_id, found.status) == (answer.referral_id, pb.STATUS_RECEIVED)

    async def known() -> identity_pb2.Person | None:
        try:
            return await pair.person(registered.person_id)
        except errors.NotFound:
            return None

    person = await _until(known)
    assert person is not None
    assert person.demographics.name.family == "Kowalska"

    role = governance_events.PractitionerRoleAssigned(
        practitioner_id="kw", organisation_id="trust", team_id=pair.team_id, role="caseworker"
    )
    await pair.tell(role, "practitioner/kw")
    await _until(lambda: pair.referrals.rows("SELECT role FROM team_member WHERE practitioner_id = 'kw'"))
    with acting(pair.member, idempotency_key=str(uuid.uuid4())):
        accept = pb.AcceptReferralRequest(referral_id=answer.referral_id, version=2, key_worker_id="kw")
        await stub.AcceptReferral(accept)
    opened = caseworker_events.CaseOpened(case_id="c", referral_id=answer.referral_id, key_worker_id="kw")
    await pair.tell(opened, "case/c")

    async def in_progress() -> bool:
        return (await pair.worklist())[0].status == pb.STATUS_IN_PROGRESS

    assert await _until(in_progress)


@asynccontextmanager
async def _running(*roles: relay.Relay | consumer.Consumer) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(role.run(stop)) for role in roles]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def _until(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the answer says something; the last answer after a minute."""
    for _ in range(600):
        if answer := await ask():
            return answer
        await asyncio.sleep(0.1)
    return await ask()
