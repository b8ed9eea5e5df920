"""Identity with the register's service, and the people who ask it: for tests of keeping and of restricting."""

from __future__ import annotations

import random
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis import auth
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2, register_pb2
from joinedup.identity.v1.identity_pb2_grpc import IdentityStub
from joinedup.identity.v1.register_pb2_grpc import RegisterStub
from services.identity import __main__ as identity
from services.identity.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House


def practitioner(name: str, organisation: str, sector: auth.Sector, role: str) -> auth.Actor:
    """Somebody of an organisation in a role."""
    return auth.Actor(
        subject=f"practitioner:{name}",
        kind=auth.Kind.PRACTITIONER,
        organisation_id=organisation,
        sector=sector,
        role=role,
        practitioner_id=name,
    )


HOSPITAL = auth.Actor(
    subject="integrator:hospital",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="integrator",
)
KEY_WORKER = practitioner("keyworker", "community", auth.Sector.NHS, "caseworker")
# A caseworker by role whose organisation did no more than refer the person.
MERE_REFERRER = practitioner("referring", "hospital", auth.Sector.NHS, "caseworker")
STRANGER = practitioner("stranger", "elsewhere", auth.Sector.COUNCIL, "caseworker")
LEAD = practitioner("lead", "icb", auth.Sector.NHS, "ig_lead")


@asynccontextmanager
async def world(database: Database, directory: Path) -> AsyncIterator[House]:
    """Identity, with an agreement that lets every sector know everything through any relationship."""
    async with service_house.house(database, directory, Settings, identity.served, database_pool=10) as running:
        everything = service_house.rule(*service_house.EVERYTHING, sectors=service_house.SECTORS)
        await running.agree(service_house.agreement(everything))
        yield running


def number(seed: int) -> str:
    """A synthetic NHS Number whose check digit is right."""
    chosen = random.Random(seed)
    while True:
        nine = "999" + f"{chosen.randrange(1_000_000):06d}"
        check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return nine + str(check % 11)


def somebody(seed: int, **more: Any) -> identity_pb2.Demographics:
    """Demographics that nobody else of another seed comes near."""
    chosen = random.Random(seed)
    letters = "".join(chosen.choices("bcdfghklmnprst", k=4))
    return identity_pb2.Demographics(
        nhs_number=more.get("nhs_number", ""),
        name=identity_pb2.Name(given=[f"Ana{letters}"], family=more.get("family", f"{letters}owitz")),
        birth_date=f"{1930 + seed % 70}-0{1 + seed % 9}-1{seed % 9}",
        gender="female",
        address=identity_pb2.Address(
            lines=more.get("lines", ["1 High Street"]), postcode=more.get("postcode", f"EX{seed % 30 + 1} 4QA")
        ),
        telephone=more.get("telephone", ""),
    )


@dataclass
class Desk:
    """Asks identity as somebody."""

    house: House
    actor: auth.Actor

    async def identity(self, rpc: str, request: Any) -> Any:
        """Call an RPC of the Identity service."""
        return await self._call(IdentityStub, rpc, request)

    async def register(self, rpc: str, request: Any) -> Any:
        """Call an RPC of the Register service."""
        return await self._call(RegisterStub, rpc, request)

    async def _call(self, stub: Any, rpc: str, request: Any) -> Any:
        with acting(self.actor, idempotency_key=str(uuid.uuid4())):
            return await getattr(self.house.channels.stub(stub, "identity"), rpc)(request)


async def registered(house: House, demographics: identity_pb2.Demographics) -> str:
    """Somebody whom the hospital referred, and whose key worker is of the community trust."""
    request = identity_pb2.RegisterPersonRequest(demographics=demographics, source="bars/1")
    person_id = str((await Desk(house, HOSPITAL).identity("RegisterPerson", request)).person_id)
    await house.relate(person_id, KEY_WORKER, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    return person_id


async def person(house: House, person_id: str, actor: auth.Actor = KEY_WORKER) -> identity_pb2.Person:
    """A person as somebody may see them."""
    found = await Desk(house, actor).identity("GetPerson", identity_pb2.GetPersonRequest(person_id=person_id))
    assert isinstance(found, identity_pb2.Person)
    return found


async def traced(
    house: House, demographics: identity_pb2.Demographics, actor: auth.Actor = KEY_WORKER
) -> identity_pb2.TracePersonResponse:
    """What a trace answers somebody."""
    found = await Desk(house, actor).identity("TracePerson", identity_pb2.TracePersonRequest(demographics=demographics))
    assert isinstance(found, identity_pb2.TracePersonResponse)
    return found


async def history(house: House, person_id: str, actor: auth.Actor = KEY_WORKER) -> register_pb2.PersonHistory:
    """What was stated and shown of a person, as somebody may see it."""
    request = register_pb2.GetPersonHistoryRequest(person_id=person_id)
    found = await Desk(house, actor).register("GetPersonHistory", request)
    assert isinstance(found, register_pb2.PersonHistory)
    return found


async def restrict(house: House, person_id: str, actor: auth.Actor = KEY_WORKER) -> None:
    """Protect somebody's whereabouts."""
    request = register_pb2.RestrictPersonRequest(person_id=person_id, source="case/1", reason="a partner looks for her")
    assert (await Desk(house, actor).register("RestrictPerson", request)).restricted


async def lift(house: House, person_id: str, actor: auth.Actor = LEAD) -> None:
    """End it."""
    request = register_pb2.LiftRestrictionRequest(person_id=person_id, source="case/1", reason="the order ended")
    assert not (await Desk(house, actor).register("LiftRestriction", request)).restricted
