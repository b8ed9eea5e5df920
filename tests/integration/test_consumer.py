"""The consumer on the real Kafka and PostgreSQL: every event has its effect once, in order, and poison harms nobody."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis import errors, events, kafka, relay, work
from devstack import testing
from tests.integration.frame import service
from tests.integration.frame.world import World, running, until, world

pytestmark = pytest.mark.kafka


@pytest.fixture
async def frame(postgres: testing.Postgres, kafka: str) -> AsyncIterator[World]:
    where = postgres.create("consumer")
    async with world(where, kafka) as made:
        yield made
    postgres.drop(where)


def relaying(frame: World) -> relay.Relay:
    """The frame's relay."""
    return relay.Relay(frame.config, frame.database)


def consuming(frame: World, **more: Any) -> Any:
    """The frame's consumer."""
    return service.consuming(frame.config, frame.database, topic=frame.topic, group=frame.group, **more)


async def _count(frame: World, number: int) -> bool:
    return len(await frame.effects()) >= number


async def test_every_event_takes_effect_once_and_in_order(frame: World) -> None:
    async with running(relaying(frame), consuming(frame)):
        for number in range(1, 41):
            await frame.tell(*[(person, number, "well") for person in ("ada", "bob", "cid")])
        await until(lambda: _count(frame, 120))
    effects = await frame.effects()
    for person in ("ada", "bob", "cid"):
        assert [number for name, number in effects if name == person] == list(range(1, 41))


async def test_what_arrives_twice_takes_effect_once(frame: World) -> None:
    async with running(relaying(frame), consuming(frame)):
        await frame.tell(("ada", 1, "well"), ("ada", 2, "well"))
        await until(lambda: _count(frame, 2))
        # As after a relay that was killed between sending and marking.
        await frame.rows("UPDATE outbox SET published_at = NULL")
        await frame.tell(("ada", 3, "well"))
        await until(lambda: _count(frame, 3))
    assert await frame.effects() == [("ada", 1), ("ada", 2), ("ada", 3)]


async def test_a_consumer_killed_in_mid_batch_leaves_every_effect_once(frame: World) -> None:
    people = ["ada", "bob", "cid", "dot"]
    async with running(relaying(frame)):
        for start in range(1, 101, 10):
            await frame.tell(*[(person, number, "slow") for number in range(start, start + 10) for person in people])
        for _ in range(3):
            started = frame.spawn("consume", JOINEDUP_CONSUMER_BATCH="25")
            before = len(await frame.effects())
            await until(lambda before=before: _count(frame, min(before + 1, 400)))  # type: ignore[misc]
            started.kill()
            started.wait()
        assert len(await frame.effects()) < 400
        async with running(consuming(frame)):
            await until(lambda: _count(frame, 400))
    effects = await frame.effects()
    assert set(Counter(effects).values()) == {1}
    for person in people:
        assert [number for name, number in effects if name == person] == list(range(1, 101))


async def test_members_that_come_and_go_share_the_work(frame: World) -> None:
    async with running(relaying(frame), consuming(frame)):
        for number in range(1, 21):
            await frame.tell(*[(f"p{person}", number, "slow") for person in range(12)])
        async with running(consuming(frame)):
            await until(lambda: _count(frame, 120))
        await until(lambda: _count(frame, 240))
    effects = await frame.effects()
    assert set(Counter(effects).values()) == {1}
    for person in range(12):
        assert [number for name, number in effects if name == f"p{person}"] == list(range(1, 21))


async def test_a_failing_event_harms_neither_its_batch_nor_the_order_behind_it(frame: World) -> None:
    seen: list[tuple[str, int]] = []
    patience = {"left": 3}

    async def moody(unit: work.Work, event: Any) -> None:
        if event.person_id == "ada" and event.number == 2 and patience["left"]:
            patience["left"] -= 1
            raise ValueError("not today")
        await service.happened(unit, event)
        seen.append((event.person_id, event.number))

    await frame.tell(*[(person, number, "well") for number in range(1, 5) for person in ("ada", "bob", "cid", "dot")])
    async with running(relaying(frame), consuming(frame, handler=moody)):
        await until(lambda: _count(frame, 16))
    effects = await frame.effects()
    assert set(Counter(effects).values()) == {1}
    assert [number for name, number in effects if name == "ada"] == [1, 2, 3, 4]


async def test_a_peer_that_is_away_is_waited_for_without_counting_attempts(frame: World) -> None:
    calls = {"made": 0}

    async def needing(unit: work.Work, event: Any) -> None:
        calls["made"] += 1
        if event.person_id == "ada" and calls["made"] < 12:
            raise errors.Unavailable("identity does not answer")
        await service.happened(unit, event)

    hurried = frame.config.model_copy(update={"consumer_backoff_most_seconds": 0.05})
    async with running(
        relaying(frame),
        service.consuming(hurried, frame.database, topic=frame.topic, group=frame.group, handler=needing),
    ):
        await frame.tell(("ada", 1, "well"))
        await until(lambda: _count(frame, 1))
    assert await frame.effects() == [("ada", 1)]


async def test_types_that_nobody_here_handles_pass_by(frame: World) -> None:
    publisher = kafka.Publisher(frame.config)
    envelope = events.Envelope("1", "joinedup.later.v9.NotYetInvented", "/joinedup/later", work_time())
    headers, value = events.encode(envelope, b"\x08\x01")
    await kafka.ensure_topics(frame.config, [frame.topic])
    assert await publisher.publish([kafka.Outgoing(frame.topic, b"ada", value, headers, 0)]) == {0}
    await publisher.close()
    async with running(relaying(frame), consuming(frame)):
        await frame.tell(("ada", 1, "well"))
        await until(lambda: _count(frame, 1))


def work_time() -> Any:
    """A fixed time."""
    from datetime import UTC, datetime

    return datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


async def test_the_consumer_outlasts_the_database(frame: World, postgres: testing.Postgres) -> None:
    async with running(relaying(frame), consuming(frame)):
        await frame.tell(("ada", 1, "well"))
        await until(lambda: _count(frame, 1))
        await _cut(frame, postgres)
        await frame.tell(("ada", 2, "well"))
        await until(lambda: _count(frame, 2))
    assert await frame.effects() == [("ada", 1), ("ada", 2)]


async def _cut(frame: World, postgres: testing.Postgres) -> None:
    """End every connection to the database, as a failover does."""
    import asyncpg

    connection = await asyncpg.connect(postgres.admin_url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
        frame.where.name,
    )
    await connection.close()
    await asyncio.sleep(0.2)
