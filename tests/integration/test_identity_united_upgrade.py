"""A register that was kept before merged people were found by all their records together finds them so afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from chassis import auth, db, migrations
from chassis.disclosure import merges as groups
from devstack import testing
from devstack.databases import Database
from joinedup.identity.v1 import identity_pb2
from services.identity import domain, merges, tracing, wire
from services.identity.matching import blocking, decide
from services.identity.store import people
from tests.integration import register_world
from tests.integration.test_identity_register import somebody, trace
from tests.integration.test_identity_united import without

BEFORE = "0010"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SERVICE = auth.service_actor("identity")


@pytest.fixture
async def old(postgres: testing.Postgres) -> AsyncIterator[Database]:
    """A database as it was made before."""
    made = postgres.create()
    config = migrations.alembic_config("services.identity")

    def upgrade(connection: sqlalchemy.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)

    engine = create_async_engine(made.owner_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
        await connection.commit()
    await engine.dispose()
    yield made
    postgres.drop(made)


async def test_whoever_was_merged_before_is_tied_with_after_the_upgrade(old: Database, tmp_path: Path) -> None:
    stated, other = somebody(1), somebody(2)
    said = {
        "named": without(stated, "birth_date"),
        "born": without(stated, "name"),
        "namesake": stated,
        "alone": without(other, "birth_date"),
        "parted": without(other, "name"),
    }
    register = db.Database.open(old.app_url)
    async with register.transaction(SERVICE) as session:
        for person_id, each in said.items():
            known = wire.stated(each)
            verdict = domain.Verdict(decide.Outcome.NONE, "", (), keeps_number=True)
            person = domain.register(known, verdict, person_id=person_id, source="test", now=NOW)
            statement = people.Statement(known, "test", NOW, tracing.keys(known), ())
            await people.add(session, person, statement)
        await groups.keep(session, groups.Spell("merge-1", "named", "born", NOW))
        await groups.keep(session, groups.Spell("merge-2", "alone", "parted", NOW, NOW))
    await register.close()

    async with register_world.world(old, tmp_path) as house:
        async with house.database.transaction(SERVICE) as session:
            united = merges.united_keys(tuple(await people.get(session, ["named", "born"])))
        assert united
        rows = await house.rows("SELECT key, person_id FROM united_key")
        assert {tuple(row) for row in rows} == {(blocking.hashed(key), "named") for key in united}
        assert (await trace(house, stated)).outcome == identity_pb2.TRACE_OUTCOME_REVIEW
