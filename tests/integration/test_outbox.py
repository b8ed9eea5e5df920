"""The outbox on the real PostgreSQL: events commit with what caused them, or not at all."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import sqlalchemy

from chassis import db, outbox, work
from devstack import testing
from devstack.databases import Database
from tests.integration.frame import service
from tests.integration.frame.world import ACTOR, World, world


@pytest.fixture
async def frame(postgres: testing.Postgres) -> AsyncIterator[World]:
    where = postgres.create("outbox")
    async with world(where, "127.0.0.1:9") as made:
        yield made
    postgres.drop(where)


async def test_an_event_and_its_cause_commit_together(frame: World) -> None:
    async with work.unit(frame.database, ACTOR, service="frame") as unit:
        service.tell(unit, frame.topic, "ada", 1)
        unit.audit("counted", subject="count/ada", detail={"by": "hand"})
    [row] = await frame.rows("SELECT topic, key, type, person_id, aggregate, version, published_at FROM outbox")
    assert tuple(row)[:2] == (frame.topic, "ada")
    assert row["type"].startswith("joinedup.frame.v1.")
    assert (row["aggregate"], row["version"], row["published_at"]) == ("count/ada", 1, None)
    [act] = await frame.rows("SELECT action, subject, actor, detail FROM audit")
    assert (act["action"], act["subject"], act["actor"]) == ("counted", "count/ada", "service:frame")


async def test_nothing_is_told_when_the_work_fails(frame: World) -> None:
    async def change_my_mind() -> None:
        async with work.unit(frame.database, ACTOR, service="frame") as unit:
            service.tell(unit, frame.topic, "ada", 1)
            unit.audit("counted")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_my_mind()
    assert await frame.rows("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM audit") == []


async def test_events_of_one_work_keep_their_order_in_one_statement(frame: World) -> None:
    await frame.tell(*[("ada", number, "well") for number in range(1, 301)])
    rows = await frame.rows("SELECT version FROM outbox ORDER BY id")
    assert [row["version"] for row in rows] == list(range(1, 301))


async def test_who_commits_is_heard(frame: World) -> None:
    heard = asyncio.Event()
    connection = await frame.database.listen(statement_seconds=5)
    await connection.add_listener(outbox.CHANNEL, lambda *_: heard.set())
    await frame.tell(("ada", 1, "well"))
    await asyncio.wait_for(heard.wait(), 5)
    await connection.close()


async def test_a_relay_in_the_same_process_is_woken_without_a_notification(frame: World) -> None:
    heard, notified = asyncio.Event(), asyncio.Event()
    connection = await frame.database.listen(statement_seconds=5)
    await connection.add_listener(outbox.CHANNEL, lambda *_: notified.set())
    with frame.database.bell.answered(heard.set):
        await frame.tell(("ada", 1, "well"))
        assert heard.is_set()
    await frame.tell(("ada", 2, "well"))
    await asyncio.wait_for(notified.wait(), 5)
    await connection.close()


async def test_what_a_query_tells_waits_a_moment_and_a_command_takes_it_along(frame: World) -> None:
    heard: list[float] = []
    rung = asyncio.Event()
    now = asyncio.get_running_loop().time

    def wake() -> None:
        heard.append(now())
        rung.set()

    with frame.database.bell.answered(wake):
        begun = now()
        frame.database.bell.ring(soon=False)
        frame.database.bell.ring(soon=False)
        await asyncio.wait_for(rung.wait(), 5)
        assert len(heard) == 1
        assert heard[0] - begun > 0.04
        frame.database.bell.ring(soon=False)
        frame.database.bell.ring()
        assert len(heard) == 2, "who does not wait is answered at once"


async def test_only_events_can_be_published(frame: World) -> None:
    from joinedup.common.v1 import common_pb2

    async with work.unit(frame.database, ACTOR, service="frame") as unit:
        with pytest.raises(ValueError, match="not labelled as an event"):
            unit.publish(common_pb2.PageRequest(), person_id="ada", aggregate="page/1", version=1)
        with pytest.raises(ValueError, match="versions start at 1"):
            service.tell(unit, frame.topic, "ada", 0)
        with pytest.raises(ValueError, match="does not fit on the log"):
            service.tell(unit, frame.topic, "ada", 1, mood="m" * 1_000_000)


async def test_the_application_may_neither_change_nor_delete_the_audit(frame: World) -> None:
    async with work.unit(frame.database, ACTOR, service="frame") as unit:
        unit.audit("counted")
    for forbidden in ("DELETE FROM audit", "UPDATE audit SET action = 'nothing'", "TRUNCATE audit"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with frame.database.transaction(ACTOR) as session:
                await db.execute(session, sqlalchemy.text(forbidden))


async def test_a_second_migration_changes_nothing(frame: World, postgres: testing.Postgres) -> None:
    from chassis import migrations

    await asyncio.gather(*(migrations.migrate(frame.config, service.PACKAGE) for _ in range(3)))
    assert isinstance(frame.where, Database)
    [row] = await frame.rows("SELECT version_num FROM alembic_version")
    assert row["version_num"] == "0001"
