"""The relay on the real Kafka and PostgreSQL: nothing is lost, order holds, whoever is killed in between."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from chassis import events, kafka, relay
from devstack import testing
from tests.integration.frame import wire
from tests.integration.frame.world import World, running, until, world

pytestmark = pytest.mark.kafka

PEOPLE = [f"person-{number}" for number in range(5)]


@pytest.fixture
async def frame(postgres: testing.Postgres, kafka: str) -> AsyncIterator[World]:
    where = postgres.create("relay")
    async with world(where, kafka) as made:
        yield made
    postgres.drop(where)


async def log(frame: World, expected: int, seconds: float = 60) -> list[ConsumerRecord[bytes, bytes]]:
    """Everything on the frame's topic, once at least `expected` different events stand there."""
    client: AIOKafkaConsumer = kafka.consumer(frame.config)
    found: list[Any] = []
    await client.start()
    try:
        await until(lambda: _has(client, frame.topic), seconds)
        client.subscribe(topics=[frame.topic])
        end = time.monotonic() + seconds
        while len({_id(record) for record in found}) < expected:
            assert time.monotonic() < end, f"{len(found)} records of {expected}"
            for part in (await client.getmany(timeout_ms=200)).values():
                found.extend(part)
    finally:
        await client.stop()
    return found


async def _has(client: AIOKafkaConsumer, topic: str) -> bool:
    return topic in await client.topics()


def _id(record: Any) -> str:
    return events.decode(record.headers, record.value).id


def orders(frame: World, records: Sequence[Any]) -> dict[str, list[int]]:
    """For each person, the numbers in the order in which each was first seen."""
    found: dict[str, list[int]] = {}
    for record in records:
        body = wire.event(frame.topic).FromString(record.value)
        numbers = found.setdefault(body.person_id, [])
        if body.number not in numbers:
            numbers.append(body.number)
    return found


async def write(frame: World, each: int, *, pause: float = 0.0) -> None:
    """Write `each` events for every person, one transaction each, people at the same time."""

    async def about(person: str) -> None:
        for number in range(1, each + 1):
            await frame.tell((person, number, "well"))
            await asyncio.sleep(pause)

    await asyncio.gather(*(about(person) for person in PEOPLE))


async def test_an_event_arrives_as_a_cloud_event(frame: World) -> None:
    async with running(relay.Relay(frame.config, frame.database)):
        await frame.tell(("ada", 1, "well"))
        [record] = await log(frame, 1)
    envelope = events.decode(record.headers, record.value)
    assert record.key == b"ada"
    assert (envelope.source, envelope.subject, envelope.aggregate, envelope.version) == (
        "/joinedup/frame",
        "ada",
        "count/ada",
        1,
    )
    assert dict(record.headers)["content-type"] == b"application/protobuf"


async def test_rows_are_marked_and_pruned_when_their_time_has_come(frame: World) -> None:
    await frame.tell(("ada", 1, "well"))
    async with running(relay.Relay(frame.config, frame.database)):
        await log(frame, 1)
        await until(lambda: _none(frame, "published_at IS NULL"))
    hurried = frame.config.model_copy(update={"outbox_keep_hours": 0.0})
    async with running(relay.Relay(hurried, frame.database)):
        await until(lambda: _none(frame, "true"))


async def _none(frame: World, condition: str) -> bool:
    return not await frame.rows(f"SELECT 1 FROM outbox WHERE {condition}")


async def test_of_two_relays_one_works_and_the_other_takes_over(frame: World) -> None:
    first, second = frame.spawn("relay"), frame.spawn("relay")
    await write(frame, 20)
    await log(frame, 100)
    holders = await frame.rows(
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    assert len(holders) == 1
    first.kill()
    await write_more(frame)
    records = await log(frame, 105)
    assert all(numbers == sorted(numbers) for numbers in orders(frame, records).values())
    second.kill()


async def write_more(frame: World) -> None:
    """One more event for every person."""
    await frame.tell(*[(person, 21, "well") for person in PEOPLE])


async def test_kill_9_of_the_relay_loses_nothing_and_keeps_order(frame: World) -> None:
    each = 150
    writing = asyncio.create_task(write(frame, each, pause=0.01))
    while not writing.done():
        started = frame.spawn("relay", JOINEDUP_RELAY_BATCH="20")
        await asyncio.sleep(1.7)
        started.kill()
        started.wait()
    await writing
    async with running(relay.Relay(frame.config, frame.database)):
        records = await log(frame, each * len(PEOPLE))
    assert orders(frame, records) == {person: list(range(1, each + 1)) for person in PEOPLE}


async def test_kafka_down_accepts_events_and_drains_when_it_is_back(postgres: testing.Postgres, tmp_path: Path) -> None:
    node = testing.start_kafka(tmp_path)
    where = postgres.create("relay_drain")
    try:
        async with world(where, node.bootstrap_servers, kafka_request_seconds=3) as frame:
            await _outlast(frame, node)
    finally:
        node.stop()
        postgres.drop(where)


async def _outlast(frame: World, node: testing.Kafka) -> None:
    async with running(relay.Relay(frame.config, frame.database)):
        await frame.tell(*[(person, 1, "well") for person in PEOPLE])
        await log(frame, 5)
        node.kill()
        began = time.monotonic()
        for number in range(2, 22):
            await frame.tell(*[(person, number, "well") for person in PEOPLE])
        assert time.monotonic() - began < 10, "commands must not wait for Kafka"
        await asyncio.sleep(3)
        await asyncio.to_thread(node.start)
        records = await log(frame, 105)
    assert orders(frame, records) == {person: list(range(1, 22)) for person in PEOPLE}
