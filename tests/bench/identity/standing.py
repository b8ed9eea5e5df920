"""Identity as it runs in production, for measuring: a process of its own that serves gRPC over a durable PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from chassis import auth, db, migrations, work
from chassis.disclosure import agreements
from chassis.rpc import client
from devstack import databases
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2 as pb
from joinedup.identity.v1 import identity_pb2_grpc
from joinedup.options.v1 import options_pb2
from services.identity import domain, wire
from services.identity.settings import Settings
from tests.integration import loopback_process, service_house

HOSPITAL = auth.Actor(
    subject="integrator:hospital",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="integrator",
)


@dataclass(frozen=True)
class Standing:
    """A running identity, and channels to it."""

    channels: client.Channels

    async def trace(self, stated: domain.Demographics) -> pb.TracePersonResponse:
        """TracePerson, as a hospital that is related to nobody."""
        stub = self.channels.stub(identity_pb2_grpc.IdentityStub, "identity")
        with client.acting(HOSPITAL):
            return await stub.TracePerson(pb.TracePersonRequest(demographics=wire.demographics(stated)))


async def prepare(where: databases.Database) -> None:
    """Make the tables, and have an agreement projected that lets the NHS know who somebody is."""
    config = Settings(environment="test", database_url=where.app_url, migration_database_url=where.owner_url)
    await migrations.migrate(config, "services.identity")
    database = db.Database.of(config)
    nhs = service_house.rule(options_pb2.DATA_CLASS_IDENTIFYING, sectors=[common_pb2.SECTOR_NHS])
    try:
        async with work.unit(database, auth.service_actor("identity"), service="identity") as unit:
            await agreements.record_agreement(unit.session, service_house.agreement(nhs))
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def serving(where: databases.Database, directory: Path) -> AsyncIterator[Standing]:
    """`python -m services.identity rpc` over a prepared database, until the block ends."""
    key = auth.new_key()
    auth.trust(directory / "trusted", "bench", key, list(auth.Kind))
    rpc, probe = loopback_process.free_port(), loopback_process.free_port()
    environment = {
        "JOINEDUP_ENVIRONMENT": "test",
        "JOINEDUP_DATABASE_URL": where.app_url,
        "JOINEDUP_RPC_BIND": f"127.0.0.1:{rpc}",
        "JOINEDUP_PROBE_BIND": f"127.0.0.1:{probe}",
        "JOINEDUP_TRUSTED_KEYS": str(directory / "trusted"),
        "JOINEDUP_ROLES_FILE": str(service_house.ROLES),
        "PYTHONPATH": f"{loopback_process.ROOT}:{loopback_process.ROOT / 'gen'}",
    }
    process = loopback_process.running("services.identity", environment, f"http://127.0.0.1:{probe}/livez", "rpc")
    with contextlib.ExitStack() as running:
        await asyncio.to_thread(running.enter_context, process)
        channels = client.Channels(Settings(identity_address=f"127.0.0.1:{rpc}"), auth.Signer("bench", key))
        try:
            yield Standing(channels)
        finally:
            await channels.close()
