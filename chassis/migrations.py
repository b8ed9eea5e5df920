"""The tables of a service: those of the frame, the row-level security over people, and Alembic run at deployment."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from chassis import audit, errors, idempotency, inbox, outbox, settings
from chassis.disclosure import agreements, merges, relationships, restrictions

logger = logging.getLogger(__name__)

_LOCK = 7_105_000_002

# The frame's tables and what the application role may do with each. The audit is append-only; nothing is ever
# deleted but what has served its time (outbox, inbox, idempotency).
FRAME: dict[Any, str] = {
    outbox.OutboxRow: "SELECT, INSERT, UPDATE, DELETE",
    inbox.InboxRow: "SELECT, INSERT, DELETE",
    audit.AuditRow: "SELECT, INSERT",
    idempotency.IdempotencyRow: "SELECT, INSERT, UPDATE, DELETE",
    relationships.RelationshipRow: "SELECT, INSERT, UPDATE",
    agreements.AgreementRow: "SELECT, INSERT",
    agreements.SharingDecisionRow: "SELECT, INSERT, UPDATE",
}
# Merges came later: databases that were made before them get these tables by a revision (`follow_merges`).
MERGES: dict[Any, str] = {
    merges.MergeRow: "SELECT, INSERT, UPDATE",
    merges.AlsoKnownAsRow: "SELECT, INSERT, DELETE",
}

SERVICE = "current_setting('joinedup.actor_kind', true) = 'service'"
_MINE = "current_setting('joinedup.organisation_id', true)"
_HOLDS = f"""known.organisation_id = {_MINE}
    AND (known.team_id = '' OR known.team_id = ANY (string_to_array(current_setting('joinedup.team_ids', true), ',')))
    AND (known.practitioner_id = '' OR known.practitioner_id = current_setting('joinedup.practitioner_id', true))
    AND known.valid_from <= now() AND (known.valid_to IS NULL OR known.valid_to > now())"""
# The last arm is for people who were merged: it is tried only where the others fail, on a table that holds nobody else.
_RELATED = f"""{SERVICE} OR EXISTS (
  SELECT 1 FROM relationship AS known WHERE known.person_id = {{table}}.{{column}} AND {_HOLDS}
) OR EXISTS (
  SELECT 1 FROM also_known_as AS same JOIN relationship AS known ON known.person_id = same.other_id
  WHERE same.person_id = {{table}}.{{column}} AND {_HOLDS}
)"""  # noqa: S608 (names of tables and columns come from migrations)
# Every id that stands for one of some people, their own among them. Given a parameter, not a column, it is asked once.
_KNOWN_AS = """
CREATE OR REPLACE FUNCTION known_as(ids text[]) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT ids || ARRAY(SELECT same.other_id FROM also_known_as AS same WHERE same.person_id = ANY (ids))
$$
"""

# A policy that always holds leaves nothing of the others' to be set up and asked: PostgreSQL sees it while it plans.
_SHOW = """
DO $$ DECLARE searching text := current_database() || '_search';
BEGIN
  EXECUTE format('GRANT SELECT ON {table} TO %I', searching);
  IF (SELECT relrowsecurity FROM pg_class WHERE oid = '{table}'::regclass) THEN
    EXECUTE format('CREATE POLICY {table}_search ON {table} FOR SELECT TO %I USING (true)', searching);
  END IF;
END $$
"""
_SEARCHING = """
DO $$ DECLARE app text := current_database() || '_app'; searching text := current_database() || '_search';
BEGIN
  IF pg_has_role(app, searching, 'USAGE') OR NOT pg_has_role(app, searching, 'SET') THEN
    RAISE EXCEPTION 'GRANT % TO % WITH INHERIT FALSE, SET TRUE, and not otherwise', searching, app;
  END IF;
  EXECUTE format('GRANT INSERT ON outbox TO %I', searching);
END $$
"""


def frame_tables(op: Any) -> None:
    """Create every table of the frame with its indexes, grants and row-level security; called by a first migration."""
    for row, verbs in FRAME.items():
        row.__table__.create(op.get_bind())
        grant(op, row.__tablename__, verbs)
    # The event or act is written by whoever acts; it is read by the frame, which acts as a service.
    for name in ("outbox", "audit"):
        secure(op, name, read=SERVICE, write="true")
    _merge_tables(op)
    # No recursion: whether somebody is related is itself read from this table.
    secure(op, "relationship", read=f"{SERVICE} OR organisation_id = {_MINE}", write="true")
    row_security(op, "sharing_decision")


def restriction_table(op: Any) -> None:
    """Create the frame's table of people whose whereabouts are protected; called by a revision of each service.

    Everybody's work reads it, whomever it is about: who cannot see the mark must not be shown what it covers. It is
    written by the frame's projection, and by identity, which says so.
    """
    row: Any = restrictions.RestrictionRow
    row.__table__.create(op.get_bind())
    grant(op, "restriction", "SELECT, INSERT, UPDATE")
    secure(op, "restriction", read="true", write=SERVICE)


def row_security(op: Any, table: str, person_column: str = "person_id") -> None:
    """Force row-level security on a table about people: services see all, others whom they are related to just now.

    New rows may be written by anybody whom the policy of the code lets write them: a referrer writes the first row
    about a person before the relationship that it establishes exists; it becomes visible with the relationship.
    """
    _merge_tables(op)
    secure(op, table, read=_RELATED.format(table=table, column=person_column), write="true")


def follow_merges(op: Any, people: Mapping[str, str]) -> None:
    """Let a database that was made before merges follow them; changes nothing in one that was made after.

    `people` are the tables under `row_security`, each with its column of person ids: whoever is related to somebody
    under one id sees what stands under the other. The frame's own are added.
    """
    _merge_tables(op)
    for table, column in {"sharing_decision": "person_id", **people}.items():
        op.execute(f"ALTER POLICY {table}_reach ON {table} USING ({_RELATED.format(table=table, column=column)})")


def _merge_tables(op: Any) -> None:
    # Ids and nothing else: policies over other tables read them for everybody, so that they stand under none.
    for row, verbs in MERGES.items():
        row.__table__.create(op.get_bind(), checkfirst=True)
        grant(op, row.__tablename__, verbs)
    op.execute(_KNOWN_AS)


def secure(op: Any, table: str, *, read: str, write: str) -> None:
    """Enable and force row-level security with one condition for rows read or changed and one for rows written."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_reach ON {table} USING ({read}) WITH CHECK ({write})")


def grant(op: Any, table: str, verbs: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Let the application role, `<database>_app`, do these things with a table; it owns nothing."""
    op.execute(
        f"""DO $$ BEGIN EXECUTE format('GRANT {verbs} ON {table} TO %I', current_database() || '_app'); END $$"""
    )


def searched(op: Any, *tables: str) -> None:
    """Show everything in these tables to the role that searches, `<database>_search`, and let it say who was told what.

    The application becomes that role for searches alone; it must not inherit from it, or every one of its transactions
    would see everybody. Raises where it does, or cannot become that role.
    """
    op.execute(_SEARCHING)
    for table in tables:
        op.execute(_SHOW.format(table=table))


def run(config: settings.ServiceSettings, package: str) -> None:
    """Bring the service's database to the newest revision of `<package>/migrations/versions`; quick when it is there.

    Runs one at a time under an advisory lock, as the owner. Raises errors.Unavailable when PostgreSQL is away.
    """
    asyncio.run(migrate(config, package))


async def migrate(config: settings.ServiceSettings, package: str) -> None:
    """The same inside a running loop."""
    url = config.migration_database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url, poolclass=sqlalchemy.pool.NullPool, connect_args={"timeout": 10})
    try:
        async with engine.connect() as connection:
            await connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_upgrade, alembic_config(package))
            await connection.commit()
    except (OSError, TimeoutError) as failure:
        raise errors.Unavailable("the database does not answer") from failure
    finally:
        await engine.dispose()


def alembic_config(package: str) -> Config:
    """Alembic's configuration for a service: its revisions, run by the environment that all services share."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ValueError(f"no package {package}")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "revisions"))
    config.set_main_option("version_locations", str(Path(found.origin).parent / "migrations" / "versions"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, config: Config) -> None:
    heads = set(ScriptDirectory.from_config(config).get_heads())
    context = MigrationContext.configure(connection)
    if set(context.get_current_heads()) == heads:
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    logger.info("migrated to %s", ", ".join(sorted(heads)))
