"""Identity, its worker and a PDS that answers over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chassis import db
from devstack.databases import Database
from joinedup.identity.v1 import identity_pb2
from services.identity import __main__ as identity
from services.identity.pds import composition, worker
from services.identity.settings import Settings
from tests import demographics_service as pds
from tests.integration import service_house
from tests.integration.service_house import House

ROOT = Path(__file__).parents[2]


@dataclass
class Place:
    """Identity, the PDS it asks, and its worker."""

    house: House
    pds: pds.Service
    worker: worker.Worker

    async def round(self) -> int:
        """Ask about whoever is due, until nobody is."""
        asked = 0
        while found := await self.worker.once():
            asked += found
        return asked

    async def trace(self, person_id: str) -> Any:
        """The row of a person's trace."""
        rows = await self.house.rows("SELECT * FROM pds_trace WHERE person_id = $1", person_id)
        return rows[0] if rows else None

    async def status(self, person_id: str) -> tuple[str, str]:
        """Status and number as they stand on record."""
        query = "SELECT verification, coalesce(nhs_number, '') AS number FROM person WHERE id = $1"
        (row,) = await self.house.rows(query, person_id)
        return row["verification"], row["number"]

    async def due(self) -> None:
        """Let time pass: whoever waits is due."""
        await self.house.rows("UPDATE pds_trace SET next_attempt_at = now() - interval '1 s' WHERE state = 'waiting'")


@asynccontextmanager
async def running(database: Database, directory: Path, service: pds.Service) -> AsyncIterator[Place]:
    more = pds.settings(service, directory, pds_attempts=1, pds_open_after=50).model_dump()
    asked = {name: value for name, value in more.items() if name.startswith("pds_")}
    async with (
        service_house.house(database, directory, Settings, identity.served, **asked) as house,
        worker_of(house) as made,
    ):
        yield Place(house, service, made)


@asynccontextmanager
async def worker_of(house: House) -> AsyncIterator[worker.Worker]:
    config = house.config
    assert isinstance(config, Settings)
    async with AsyncExitStack() as closing:
        own = db.Database.of(config)
        closing.push_async_callback(own.close)
        yield worker.Worker(config, own, composition.compose(config, closing), identity.bench(config))


def known(place: Place, stated: identity_pb2.Demographics, nhs_number: str, **more: Any) -> dict[str, Any]:
    """Have the PDS know somebody of these demographics under a number."""
    name = [{"use": "usual", "family": stated.name.family, "given": list(stated.name.given)}]
    made = pds.patient(nhs_number, **{"name": name, "birthDate": stated.birth_date} | more)
    place.pds.patients[nhs_number] = pds.fhir(made)
    return made
