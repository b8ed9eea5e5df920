"""A real service for tests: its server on a free port over a migrated database, keys, agreements and channels."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy.ext.asyncio import create_async_engine

from chassis import auth, db, migrations, work
from chassis.consumer import Handler
from chassis.disclosure import agreements, relationships
from chassis.disclosure.answers import Answers
from chassis.rpc import client, server
from chassis.settings import ServiceSettings
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2
from joinedup.options.v1 import options_pb2

ROLES = Path(__file__).parents[2] / "governance" / "roles.yaml"
EVERYTHING = [number for number in options_pb2.DataClass.values() if number > options_pb2.DATA_CLASS_OPERATIONAL]
SECTORS = [number for number in common_pb2.Sector.values() if number]
KINDS = [number for number in common_pb2.RelationshipKind.values() if number]

Event = TypeVar("Event", bound=Message)


@dataclass
class House:
    """A running service, its database, and channels to it as any actor."""

    config: ServiceSettings
    server: server.Server
    database: db.Database
    channels: client.Channels
    where: Database

    async def agree(self, agreement: events_pb2.Agreement) -> None:
        """Have an agreement projected."""
        async with work.unit(self.database, self.actor, service=self.config.service) as unit:
            await agreements.record_agreement(unit.session, agreement)

    async def relate(self, person_id: str, actor: auth.Actor, kind: common_pb2.RelationshipKind.ValueType) -> None:
        """Project a relationship of an actor's organisation to a person, as another service would have told it."""
        event = common_pb2.RelationshipEstablished(
            person_id=person_id, organisation_id=actor.organisation_id, kind=kind, source="case/1"
        )
        event.valid_from.GetCurrentTime()
        async with work.unit(self.database, self.actor, service=self.config.service) as unit:
            await relationships.establish(unit.session, relationships.spell(event))

    async def events(self, kind: type[Event], **fields: Any) -> list[Event]:
        """The events of a type with these fields that wait in the outbox, oldest first."""
        rows = await self.rows("SELECT body FROM outbox WHERE type = $1 ORDER BY id", kind.DESCRIPTOR.full_name)
        told = [kind.FromString(row["body"]) for row in rows]
        return [event for event in told if all(getattr(event, name) == value for name, value in fields.items())]

    async def ledger(self, person_id: str) -> list[events_pb2.DisclosureRecorded]:
        """The ledger entries about a person, oldest first."""
        return await self.events(events_pb2.DisclosureRecorded, person_id=person_id)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Ask the database past row-level security."""
        connection = await asyncpg.connect(self.where.owner_url, server_settings={"joinedup.actor_kind": "service"})
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def handle(self, handlers: Mapping[type[Message], Handler], event: Message) -> None:
        """Handle an event as the service's consumer would, in one transaction."""
        async with work.unit(self.database, self.actor, service=self.config.service) as unit:
            await handlers[type(event)](unit, event)

    @property
    def actor(self) -> auth.Actor:
        """The service itself."""
        return auth.service_actor(self.config.service)


def agreement(*rules: events_pb2.AgreementRule) -> events_pb2.Agreement:
    """An agreement in force since 2020."""
    return events_pb2.Agreement(
        id="test", version=1, valid_from=Timestamp(seconds=1577836800), rules=rules, title="For tests"
    )


def rule(
    *releases: options_pb2.DataClass.ValueType,
    sectors: Sequence[common_pb2.Sector.ValueType],
    kinds: Sequence[common_pb2.RelationshipKind.ValueType] = tuple(KINDS),
) -> events_pb2.AgreementRule:
    """Lets these sectors know these classes for direct care through these relationships."""
    return events_pb2.AgreementRule(
        id="rule",
        sectors=sectors,
        relationships=kinds,
        purposes=["direct_care"],
        releases=releases,
        lawful_basis="UK GDPR 6(1)(e), 9(2)(h)",
        refusable=True,
    )


@asynccontextmanager
async def house(
    where: Database,
    directory: Path,
    kind: type[ServiceSettings],
    make: Any,
    *,
    answers: Answers | None = None,
    **more: Any,
) -> AsyncIterator[House]:
    """The service of these settings, over a fresh database; `make` answers what it serves from its settings."""
    key = auth.new_key()
    auth.trust(directory, "tests", key, list(auth.Kind))
    config = kind(
        environment="test",
        database_url=where.app_url,
        migration_database_url=where.owner_url,
        rpc_bind="127.0.0.1:0",
        trusted_keys=str(directory),
        roles_file=str(ROLES),
        **more,
    )
    await migrations.migrate(config, f"services.{config.service}")
    database = db.Database.of(config)
    made = make(config)
    services = [made] if isinstance(made, server.Service) else made
    serving = server.Server(config, database, services, answers or Answers())
    await serving.start()
    calling = config.model_copy(update={f"{config.service}_address": f"localhost:{serving.port}"})
    channels = client.Channels(calling, auth.Signer("tests", key))
    try:
        yield House(config, serving, database, channels, where)
    finally:
        await channels.close()
        await serving.stop(0.1)
        await database.close()


async def drift(house: House, declared: sqlalchemy.MetaData) -> list[Any]:
    """How the tables that a service declares differ from those that its migrations made; the frame's are left out."""

    def compare(connection: sqlalchemy.Connection) -> list[Any]:
        def mine(_object: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
            return kind != "table" or not reflected or name in declared.tables

        context = MigrationContext.configure(connection, opts={"include_object": mine, "compare_type": True})
        return list(compare_metadata(context, declared))

    engine = create_async_engine(house.where.owner_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()
