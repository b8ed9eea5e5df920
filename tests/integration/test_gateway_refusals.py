"""A message that is refused leaves its refusal and nothing else: no name in an id, and no fault of ours."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from chassis import auth, db, migrations
from devstack.databases import Database
from services.gateway import clients, fhir, messages
from services.gateway.settings import Settings
from tests.unit import bars_examples

HOSPITAL = auth.Actor(
    subject="integrator-rh8",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="integrator",
)


@pytest.fixture(scope="module")
async def intake(database: Database) -> AsyncIterator[messages.Intake]:
    """The gateway's intake on its own database; nothing that is refused asks a peer."""
    config = Settings(environment="test", database_url=database.app_url, migration_database_url=database.owner_url)
    await migrations.migrate(config, "services.gateway")
    connected = db.Database.of(config)
    nobody = clients.Peers(identity=None, referrals=None)  # type: ignore[arg-type]
    yield messages.Intake(connected, nobody, "complex_needs", fhir.Limits())
    await connected.close()


async def kept(database: Database) -> list[Any]:
    """Every row that the intake wrote, of messages and of the audit."""
    connection = await asyncpg.connect(database.owner_url, server_settings={"joinedup.actor_kind": "service"})
    try:
        rows = await connection.fetch("SELECT message_id AS said FROM message UNION ALL SELECT subject FROM audit")
        return [row["said"] for row in rows]
    finally:
        await connection.close()


@pytest.mark.parametrize("said", ["Margaret Test 999 000 0018", secrets.token_hex(100), secrets.token_hex(2_000)])
async def test_an_id_that_is_none_is_refused_and_not_kept(
    intake: messages.Intake, database: Database, said: str
) -> None:
    tree = bars_examples.bundle()
    tree["id"] = said
    answer = await intake.take_in(bars_examples.as_json(tree), HOSPITAL)
    assert answer.http_status == 400
    assert answer.resource["issue"][0]["expression"] == ["Bundle.id"]
    rows = await kept(database)
    assert rows
    assert not [row for row in rows if said in row]


async def test_a_request_whose_reference_fits_no_index_is_refused_before_it_is_referred(
    intake: messages.Intake,
) -> None:
    tree = bars_examples.bundle()
    entry = next(one for one in tree["entry"] if one["resource"]["resourceType"] == "ServiceRequest")
    header = bars_examples.resource(tree, "MessageHeader")
    entry["fullUrl"] = header["focus"][0]["reference"] = f"urn:long:{secrets.token_hex(2_000)}"
    answer = await intake.take_in(bars_examples.as_json(tree), HOSPITAL)
    assert answer.http_status == 400
    assert "focus" in answer.resource["issue"][0]["expression"][0]
