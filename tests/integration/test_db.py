"""Transactions on the real PostgreSQL: row-level security holds, and a dead or frozen server is Unavailable, soon."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy

from chassis import auth, db, errors, statements, work
from devstack import testing
from joinedup.common.v1 import common_pb2
from tests.integration.frame.world import ACTOR, World, world

# Two seconds is the promise; a loaded machine adds some of its own.
SOON = 3.0

NURSE = auth.Actor(
    subject="nurse",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="ward",
    sector=auth.Sector.NHS,
    role="caseworker",
    team_ids=("frailty", "triage"),
    practitioner_id="p-1",
)


@pytest.fixture
async def frame(postgres: testing.Postgres) -> AsyncIterator[World]:
    where = postgres.create("db")
    async with world(where, "127.0.0.1:9") as made:
        yield made
    postgres.drop(where)


async def notes(frame: World, actor: auth.Actor) -> list[str]:
    """The notes that an actor can see."""
    async with frame.database.transaction(actor) as session:
        rows = await db.execute(session, sqlalchemy.text("SELECT person_id FROM note ORDER BY 1"))
        return [row[0] for row in rows]


async def note(frame: World, actor: auth.Actor, person: str) -> None:
    """Write a note about a person."""
    async with frame.database.transaction(actor) as session:
        values = {"id": f"note-{person}", "person": person}
        await db.execute(session, sqlalchemy.text("INSERT INTO note VALUES (:id, :person, 'words')"), values)


async def relate(frame: World, person: str, **more: str) -> None:
    """Relate the ward, or a part of it, to a person since yesterday."""
    since = datetime.now(UTC) - timedelta(days=1)
    async with work.unit(frame.database, ACTOR, service="frame", now=since) as unit:
        await unit.relate(
            person_id=person,
            organisation_id=more.get("organisation_id", "ward"),
            kind=common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM,
            source=f"referral/{person}",
            team_id=more.get("team_id", ""),
            practitioner_id=more.get("practitioner_id", ""),
        )


async def test_row_security_shows_whom_one_is_related_to_and_nobody_else(frame: World) -> None:
    for person in ("ada", "bob", "cid", "dot", "eve", "fay"):
        await note(frame, ACTOR, person)
    await relate(frame, "ada")
    await relate(frame, "bob", team_id="frailty")
    await relate(frame, "cid", team_id="another team")
    await relate(frame, "dot", practitioner_id="p-1")
    await relate(frame, "eve", practitioner_id="p-2")
    await relate(frame, "fay", organisation_id="another ward")
    assert await notes(frame, NURSE) == ["ada", "bob", "dot"]
    assert await notes(frame, ACTOR) == ["ada", "bob", "cid", "dot", "eve", "fay"]
    assert await notes(frame, replace(NURSE, organisation_id="")) == []


async def test_a_relationship_that_may_wait_is_seen_with_the_commit_or_when_asked_for(frame: World) -> None:
    await note(frame, ACTOR, "ada")
    for asked_for in (False, True):
        async with work.unit(frame.database, NURSE, service="frame") as unit:
            await unit.relate(
                person_id="ada",
                organisation_id="ward",
                kind=common_pb2.RELATIONSHIP_KIND_KEY_WORKER,
                source=f"case/{asked_for}",
                at_once=False,
            )
            if asked_for:
                await unit.begin_relationships()
        assert await notes(frame, NURSE) == ["ada"]
    assert len(await frame.rows("SELECT 1 FROM relationship")) == 2
    assert len(await frame.rows("SELECT 1 FROM outbox")) == 2


async def test_an_ended_relationship_ends_what_is_seen(frame: World) -> None:
    await note(frame, ACTOR, "ada")
    await relate(frame, "ada")
    assert await notes(frame, NURSE) == ["ada"]
    async with work.unit(frame.database, ACTOR, service="frame") as unit:
        await unit.unrelate(
            person_id="ada",
            organisation_id="ward",
            kind=common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM,
            source="referral/ada",
        )
    assert await notes(frame, NURSE) == []


async def test_relating_tells_every_other_service(frame: World) -> None:
    await relate(frame, "ada", team_id="frailty")
    [row] = await frame.rows("SELECT topic, type, key, aggregate, body FROM outbox")
    assert (row["topic"], row["type"], row["key"]) == (
        "frame.events.v1",
        "joinedup.common.v1.RelationshipEstablished",
        "ada",
    )
    told = common_pb2.RelationshipEstablished.FromString(row["body"])
    assert (told.organisation_id, told.team_id, told.source) == ("ward", "frailty", "referral/ada")


async def test_a_stranger_reads_neither_audit_nor_outbox(frame: World) -> None:
    async with work.unit(frame.database, NURSE, service="frame") as unit:
        unit.audit("looked")
    async with frame.database.transaction(NURSE) as session:
        for table in ("audit", "outbox"):
            found = await db.execute(session, sqlalchemy.text(f"SELECT count(*) FROM {table}"))
            assert found.scalar_one() == 0
    assert len(await frame.rows("SELECT 1 FROM audit")) == 1


async def test_one_actors_reach_does_not_leak_into_the_next_transaction(frame: World) -> None:
    narrow = db.Database.open(frame.config.database_url, db.Limits(pool=1))
    await note(frame, ACTOR, "ada")
    try:
        async with narrow.transaction(ACTOR) as session:
            assert (await db.execute(session, sqlalchemy.text("SELECT count(*) FROM note"))).scalar_one() == 1
        async with narrow.transaction(NURSE) as session:
            assert (await db.execute(session, sqlalchemy.text("SELECT count(*) FROM note"))).scalar_one() == 0
    finally:
        await narrow.close()


async def seen(unit: work.Work) -> list[str]:
    """The notes that this transaction can see."""
    return [row[0] for row in await db.execute(unit.session, sqlalchemy.text("SELECT person_id FROM note ORDER BY 1"))]


@pytest.mark.parametrize("searches", [False, True])
async def test_the_wall_that_a_search_lifts_stands_again_in_the_next_transaction(frame: World, searches: bool) -> None:
    await note(frame, ACTOR, "ada")
    async with work.unit(frame.database, NURSE, service="frame", searches=searches) as unit:
        assert await seen(unit) == (["ada"] if searches else [])
        await unit.see_everybody()
        assert await seen(unit) == ["ada"]
        await unit.see_everybody()
        await db.rescope(unit.session, NURSE)
        assert await seen(unit) == []
        await unit.see_everybody()
        assert await seen(unit) == ["ada"]
        assert unit.actor is NURSE
    assert await notes(frame, NURSE) == []


async def test_a_query_that_searches_sees_everybody_in_no_transaction_and_cannot_narrow_its_view(frame: World) -> None:
    await note(frame, ACTOR, "ada")
    async with work.unit(frame.database, NURSE, service="frame", searches=True, queries=True) as unit:
        assert await seen(unit) == ["ada"]
        await unit.see_everybody()
        now, then = [(await db.fetch(unit.session, "SELECT now()"))[0][0] for _ in range(2)]
        assert now < then, "each statement has a moment of its own"
        with pytest.raises(RuntimeError, match="sees everybody"):
            await db.rescope(unit.session, NURSE)
    assert await notes(frame, NURSE) == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with frame.database.searching() as session:
            await db.execute(session, sqlalchemy.text("DELETE FROM note"))
    async with frame.database.searching() as session:
        assert (await db.execute(session, sqlalchemy.text("SELECT count(*) FROM note"))).scalar_one() == 1


async def test_a_query_changes_nothing(frame: World) -> None:
    with pytest.raises(RuntimeError, match="changes nothing"):
        async with work.unit(frame.database, NURSE, service="frame", queries=True) as unit:
            unit.later(sqlalchemy.text("INSERT INTO note VALUES ('n', 'ada', 'words')"), {})
    assert await notes(frame, ACTOR) == []


async def test_a_wall_that_a_savepoint_put_back_is_lifted_again_when_asked_for(frame: World) -> None:
    await note(frame, ACTOR, "ada")
    async with work.unit(frame.database, NURSE, service="frame") as unit:
        with suppress(LookupError):
            async with unit.session.begin_nested():
                assert await seen(unit) == []
                await unit.see_everybody()
                assert await seen(unit) == ["ada"]
                raise LookupError
        assert await seen(unit) == []
        await unit.see_everybody()
        assert await seen(unit) == ["ada"]


async def test_nothing_listens_there() -> None:
    database = db.Database.open("postgresql://nobody@127.0.0.1:9/nothing")
    with _soon(), pytest.raises(errors.Unavailable):
        await database.ping()
    await database.close()


async def test_a_statement_that_takes_too_long_is_given_up_on_both_sides(frame: World) -> None:
    with _soon(), pytest.raises(errors.Unavailable):
        async with frame.database.transaction(ACTOR) as session:
            await db.execute(session, sqlalchemy.text("SELECT pg_sleep(30)"))
    await asyncio.sleep(0.3)
    assert (
        await frame.rows(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active'"
            " AND pid <> pg_backend_pid()"
        )
        == []
    )
    await frame.database.ping()


async def test_an_exhausted_pool_is_unavailable_rather_than_a_queue(frame: World) -> None:
    narrow = db.Database.open(frame.config.database_url, db.Limits(pool=1))
    async with narrow.transaction(ACTOR):
        with _soon(), pytest.raises(errors.Unavailable):
            await narrow.ping()
    await narrow.ping()
    await narrow.close()


async def test_a_failing_body_rolls_back_and_keeps_its_exception(frame: World) -> None:
    async def change_my_mind() -> None:
        async with frame.database.transaction(ACTOR) as session:
            await db.execute(session, sqlalchemy.text("INSERT INTO note VALUES ('1', 'ada', 'words')"))
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await change_my_mind()
    assert await frame.rows("SELECT 1 FROM note") == []


async def test_a_failed_statement_that_somebody_hid_does_not_look_committed(frame: World) -> None:
    async def hide() -> None:
        async with frame.database.transaction(ACTOR) as session:
            await db.execute(session, sqlalchemy.text("INSERT INTO note VALUES ('1', 'ada', 'words')"))
            with suppress(asyncpg.UndefinedTableError):
                await db.execute(session, sqlalchemy.text("SELECT 1 FROM nowhere"))

    with pytest.raises(RuntimeError, match="nothing was committed"):
        await hide()
    assert await frame.rows("SELECT 1 FROM note") == []


async def test_text_and_what_sqlalchemy_composes_answer_alike(frame: World) -> None:
    note_table = sqlalchemy.table("note", *map(sqlalchemy.column, ("id", "person_id", "words")))
    async with frame.database.transaction(ACTOR) as session:
        added = await db.execute(
            session,
            sqlalchemy.text("INSERT INTO note SELECT id, :who, :who FROM unnest(CAST(:ids AS text[])) AS id"),
            {"ids": ["1", "2", "3"], "who": "ada"},
        )
        assert added.rowcount == 3
        texts = await db.execute(session, sqlalchemy.text("SELECT id, words FROM note WHERE id > :id"), {"id": "1"})
        composed = await db.execute(session, sqlalchemy.select(note_table.c.id, note_table.c.words))
        [second, third] = texts
        assert (second.id, second.words) == tuple(composed.all()[1])
        assert third._mapping["id"] == "3"
        gone = await db.execute(session, sqlalchemy.text("DELETE FROM note WHERE id = :id RETURNING id"), {"id": "1"})
        assert (gone.rowcount, gone.scalar_one()) == (1, "1")
        changed = await db.execute(session, sqlalchemy.update(note_table).values(words="other"))
        assert changed.rowcount == 2
        nothing = await db.execute(session, sqlalchemy.text("SELECT id FROM note WHERE id = '9'"))
        assert nothing.one_or_none() is None


async def test_a_savepoint_saves_what_came_before_it(frame: World) -> None:
    insert = sqlalchemy.text("INSERT INTO note VALUES (:id, 'ada', 'words')")
    async with frame.database.transaction(ACTOR) as session:
        await db.execute(session, insert, {"id": "1"})
        with suppress(asyncpg.UniqueViolationError):
            async with session.begin_nested():
                await db.execute(session, insert, {"id": "1"})
        await db.execute(session, insert, {"id": "2"})
    assert [row["id"] for row in await frame.rows("SELECT id FROM note ORDER BY id")] == ["1", "2"]


class CutOff:
    """A driver's connection whose user is cancelled once more while it rolls back."""

    def __init__(self, driver: Any) -> None:
        self.terminate = driver.terminate

    async def execute(self, _query: str, *, timeout: float) -> str:  # noqa: ASYNC109 (as the driver has it)
        raise asyncio.CancelledError


async def test_what_was_not_rolled_back_is_not_committed_by_the_next(frame: World) -> None:
    narrow = db.Database.open(frame.config.database_url, db.Limits(pool=1))
    insert = sqlalchemy.text("INSERT INTO note VALUES (:id, 'ada', 'words')")

    async def cut_off() -> None:
        async with narrow.transaction(ACTOR) as session:
            await db.execute(session, insert, {"id": "1"})
            statements.attach(session, CutOff(statements.driver(session)))
            raise LookupError

    try:
        with pytest.raises(asyncio.CancelledError):
            await cut_off()
        async with narrow.transaction(ACTOR) as session:
            await db.execute(session, insert, {"id": "2"})
    finally:
        await narrow.close()
    assert [row["id"] for row in await frame.rows("SELECT id FROM note ORDER BY id")] == ["2"]


async def test_a_call_that_is_cancelled_leaves_a_sound_pool(frame: World) -> None:
    narrow = db.Database.open(frame.config.database_url, db.Limits(pool=1))

    async def dawdle() -> None:
        async with narrow.transaction(ACTOR) as session:
            await db.execute(session, sqlalchemy.text("SELECT pg_sleep(0.7)"))

    try:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(dawdle(), 0.1)
            await narrow.ping()
    finally:
        await narrow.close()


async def test_a_frozen_and_a_dead_postgresql_mean_unavailable_and_it_recovers_by_itself(tmp_path: Path) -> None:
    server = testing.start_postgres(tmp_path)
    where = server.create("frozen")
    try:
        async with world(where, "127.0.0.1:9") as frame:
            await asyncio.gather(*(frame.database.ping() for _ in range(4)))
            with _frozen(server):
                for _ in range(3):
                    with _soon(), pytest.raises(errors.Unavailable):
                        await frame.database.ping()
                assert not await frame.database.answers(within_seconds=0)
            await _recovers(frame)
            server.kill()
            for _ in range(3):
                with _soon(), pytest.raises(errors.Unavailable):
                    await frame.database.ping()
            await asyncio.to_thread(server.start)
            await _recovers(frame)
    finally:
        server.stop()


async def _recovers(frame: World) -> None:
    # At most one call may still meet a connection of before.
    end = time.monotonic() + 15
    while not await frame.database.answers(within_seconds=0):
        assert time.monotonic() < end
    for _ in range(5):
        await frame.database.ping()


@contextmanager
def _soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON


@contextmanager
def _frozen(server: testing.Postgres) -> Iterator[None]:
    """Stop the server and every one of its backends in their tracks."""
    assert server.running is not None
    everybody = _family(server.running.process.pid)
    for number in everybody:
        os.kill(number, signal.SIGSTOP)
    try:
        yield
    finally:
        for number in everybody:
            os.kill(number, signal.SIGCONT)


def _family(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [parent, *(member for child in children for member in _family(int(child)))]
