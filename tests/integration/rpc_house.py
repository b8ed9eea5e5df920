"""What tests of calls stand on: an identity-shaped service with its handlers, keys, agreements and callers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import auth, db, errors, migrations, settings, work
from chassis.disclosure import agreements
from chassis.rpc import client, server
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from joinedup.options.v1 import options_pb2

PACKAGE = "tests.integration.frame"
ROLES = Path(__file__).parents[2] / "governance" / "roles.yaml"
NURSE = auth.Actor(
    subject="practitioner:nurse",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="caseworker",
    team_ids=("ward",),
    practitioner_id="nurse",
)
OFFICER = replace(
    NURSE,
    subject="practitioner:officer",
    organisation_id="constabulary",
    sector=auth.Sector.POLICE,
    role="partner",
    team_ids=(),
    practitioner_id="officer",
)
SERVICE = auth.service_actor("referrals")

_EFFECT = sqlalchemy.text("INSERT INTO effect (event_id, person_id, number, mood) VALUES (:id, :person, 1, '')")


@dataclass
class Register:
    """The handlers of a small identity: answers about anybody, and registers with one countable row."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    mood: str = "well"

    async def get_person(self, request: identity_pb2.GetPersonRequest, unit: work.Work) -> identity_pb2.Person:
        """Somebody with every field filled."""
        if self.mood == "broken":
            raise ValueError(f"could not read {request.person_id} Margaret")
        if self.mood == "slow":
            await asyncio.sleep(30)
        if self.mood == "held":
            self.reached.set()
            await self.hold.wait()
        return person(request.person_id)

    async def get_people(
        self, request: identity_pb2.GetPeopleRequest, unit: work.Work
    ) -> identity_pb2.GetPeopleResponse:
        """Everybody asked for."""
        return identity_pb2.GetPeopleResponse(people=[person(one) for one in request.person_ids])

    async def trace(
        self, request: identity_pb2.TracePersonRequest, unit: work.Work
    ) -> identity_pb2.TracePersonResponse:
        """Nobody."""
        return identity_pb2.TracePersonResponse(outcome=identity_pb2.TRACE_OUTCOME_NONE)

    async def register(
        self, request: identity_pb2.RegisterPersonRequest, unit: work.Work
    ) -> identity_pb2.RegisterPersonResponse:
        """A new person, related to whoever registers."""
        person_id = str(uuid.uuid4())
        await db.execute(unit.session, _EFFECT, {"id": str(uuid.uuid4()), "person": person_id})
        if self.mood == "refusing":
            raise errors.Invalid.of("demographics.name", "is not a name")
        await unit.relate(
            person_id=person_id,
            organisation_id=unit.actor.organisation_id,
            kind=common_pb2.RELATIONSHIP_KIND_REFERRER,
            source=request.source,
        )
        return identity_pb2.RegisterPersonResponse(person_id=person_id, version=1)

    @property
    def handlers(self) -> Mapping[str, Any]:
        """By RPC."""
        return {
            "GetPerson": self.get_person,
            "GetPeople": self.get_people,
            "TracePerson": self.trace,
            "RegisterPerson": self.register,
        }


def person(person_id: str) -> identity_pb2.Person:
    """A person with every field filled."""
    return identity_pb2.Person(
        person_id=person_id,
        version=3,
        verification_status="01",
        demographics=identity_pb2.Demographics(
            nhs_number="9990000018",
            name=identity_pb2.Name(given=["Margaret"], family="Canary"),
            birth_date="1950-02-03",
            address=identity_pb2.Address(lines=["1 Canary Row"], postcode="EX1 1AA"),
            telephone="01632960000",
        ),
    )


def agreement(*rules: events_pb2.AgreementRule, version: int = 1) -> events_pb2.Agreement:
    """An agreement in force since 2020."""
    return events_pb2.Agreement(
        id="test", version=version, valid_from=Timestamp(seconds=1577836800), rules=rules, title="For tests"
    )


def nhs_rule(*releases: options_pb2.DataClass.ValueType) -> events_pb2.AgreementRule:
    """Lets an NHS key worker or referrer know these classes for direct care, unless the person refuses."""
    return events_pb2.AgreementRule(
        id="nhs",
        sectors=[common_pb2.SECTOR_NHS],
        relationships=[common_pb2.RELATIONSHIP_KIND_KEY_WORKER, common_pb2.RELATIONSHIP_KIND_REFERRER],
        purposes=["direct_care"],
        releases=releases,
        lawful_basis="UK GDPR 6(1)(e), 9(2)(h)",
        refusable=True,
    )


@dataclass
class House:
    """A running server, its database, and channels to it as any actor."""

    server: server.Server
    channels: client.Channels
    register: Register
    where: Database

    @property
    def identity(self) -> identity_pb2_grpc.IdentityAsyncStub:
        """A stub whose calls are on behalf of whoever `client.acting` names."""
        return self.channels.stub(identity_pb2_grpc.IdentityStub, "identity")

    async def agree(self, made: events_pb2.Agreement) -> None:
        """Have an agreement projected."""
        async with work.unit(self.server.database, SERVICE, service="identity") as unit:
            await agreements.record_agreement(unit.session, made)

    async def relate(self, person_id: str, actor: auth.Actor, kind: common_pb2.RelationshipKind.ValueType) -> None:
        """Relate an actor's organisation to a person."""
        async with work.unit(self.server.database, SERVICE, service="identity") as unit:
            await unit.relate(
                person_id=person_id, organisation_id=actor.organisation_id, kind=kind, source="referral/1"
            )

    async def refuse(self, person_id: str, sector: common_pb2.Sector.ValueType) -> None:
        """Record that a person refuses sharing with a sector."""
        decision = events_pb2.SharingDecisionRecorded(person_id=person_id, sector=sector, refused=True, version=1)
        decision.decided_at.FromDatetime(datetime.now(UTC))
        async with work.unit(self.server.database, SERVICE, service="identity") as unit:
            await agreements.record_decision(unit.session, decision)

    async def ledger(self, person_id: str) -> list[events_pb2.DisclosureRecorded]:
        """The ledger entries about a person that wait in the outbox, oldest first."""
        rows = await self.rows(
            "SELECT body FROM outbox WHERE person_id = $1 AND topic = 'disclosures.v1' ORDER BY id", person_id
        )
        return [events_pb2.DisclosureRecorded.FromString(row["body"]) for row in rows]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Ask the database past row-level security."""
        connection = await asyncpg.connect(self.where.owner_url, server_settings={"joinedup.actor_kind": "service"})
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()


@asynccontextmanager
async def house(where: Database, directory: Path, **more: Any) -> AsyncIterator[House]:
    """A running identity-shaped service over a fresh database, on a free port."""
    key = auth.new_key()
    kinds = [auth.Kind.SERVICE, auth.Kind.PRACTITIONER, auth.Kind.INTEGRATOR]
    auth.trust(directory, "portal", key, kinds)
    config = settings.ServiceSettings(
        service="identity",
        environment="test",
        database_url=where.app_url,
        migration_database_url=where.owner_url,
        rpc_bind="127.0.0.1:0",
        trusted_keys=str(directory),
        roles_file=str(ROLES),
        **more,
    )
    await migrations.migrate(config, PACKAGE)
    register = Register()
    service = server.Service(identity_pb2.DESCRIPTOR.services_by_name["Identity"], register.handlers)
    database = db.Database.of(config)
    serving = server.Server(config, database, [service])
    await serving.start()
    calling = config.model_copy(update={"identity_address": f"localhost:{serving.port}"})
    channels = client.Channels(calling, auth.Signer("portal", key))
    try:
        yield House(serving, channels, register, where)
    finally:
        await channels.close()
        await serving.stop(0.1)
        await database.close()
