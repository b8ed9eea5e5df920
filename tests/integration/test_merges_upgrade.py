"""A database that was made before merges follows them after the upgrade as one that is made today does."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
import sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from chassis import migrations
from devstack import testing
from devstack.databases import Database

SERVICES = ("identity", "referrals", "caseworker", "governance", "insight", "notify", "gateway")
SHAPE = (
    "SELECT tablename, policyname, qual, with_check FROM pg_policies",
    "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
    " WHERE table_schema = 'public'",
    "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT proname, prosrc FROM pg_proc JOIN pg_namespace ON pronamespace = pg_namespace.oid WHERE nspname = 'public'",
    "SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges"
    " WHERE grantee LIKE '%\\_app'",
)


@pytest.fixture
def two(postgres: testing.Postgres) -> Iterator[tuple[Database, Database]]:
    """Two fresh databases."""
    made = postgres.create(), postgres.create()
    yield made
    for one in made:
        postgres.drop(one)


async def shape(database: Database) -> list[list[tuple[Any, ...]]]:
    """Policies, columns, indexes, functions and grants."""
    connection = await asyncpg.connect(database.owner_url)
    try:
        return [sorted(tuple(row) for row in await connection.fetch(query)) for query in SHAPE]
    finally:
        await connection.close()


async def before_merges(database: Database, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring a database to where it stood before: no tables of merges, and reach by one id."""
    config = migrations.alembic_config(f"services.{service}")
    revisions = ScriptDirectory.from_config(config).walk_revisions()
    before = next(one.down_revision for one in revisions if one.path.endswith("_merges.py"))
    related, arm, _ = migrations._RELATED.partition(" OR EXISTS (\n  SELECT 1 FROM also_known_as")
    assert arm

    def upgrade(connection: sqlalchemy.Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, str(before))

    engine = create_async_engine(database.owner_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    with monkeypatch.context() as then:
        then.setattr(migrations, "_RELATED", related)
        then.setattr(migrations, "_merge_tables", lambda op: None)
        async with engine.connect() as connection:
            await connection.run_sync(upgrade)
            await connection.commit()
    await engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
async def test_an_upgraded_database_is_as_a_new_one(
    service: str, two: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = two
    await before_merges(old, service, monkeypatch)
    policies, *_ = await shape(old)
    assert not [row for row in policies if "also_known_as" in row[2]]
    settings = importlib.import_module(f"services.{service}.settings").Settings
    for database in two:
        config = settings(environment="test", database_url=database.app_url, migration_database_url=database.owner_url)
        await migrations.migrate(config, f"services.{service}")
    assert await shape(old) == await shape(new)
    policies, *_ = await shape(old)
    assert [row for row in policies if "also_known_as" in row[2]]
