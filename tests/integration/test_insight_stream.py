"""The stream on the real Kafka: contacts are counted across a kill, each rise is told once, poison is dead-lettered."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chassis import deadletter, events, kafka, migrations
from devstack import databases, testing
from joinedup.gateway.v1 import events_pb2, gateway_pb2
from joinedup.insight.v1 import events_pb2 as insight_events
from joinedup.referrals.v1 import events_pb2 as referral_events
from services.insight.settings import Settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

CHECKOUT = Path(__file__).parents[2]
START = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PATIENCE_SECONDS = 150


@dataclass
class World:
    """Insight's database and settings, and its stream as a process of its own."""

    where: databases.Database
    config: Settings
    publisher: kafka.Publisher
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run the stream and the relay in a process of their own."""
        settings = {
            "JOINEDUP_DATABASE_URL": self.config.database_url,
            "JOINEDUP_KAFKA_BOOTSTRAP_SERVERS": self.config.kafka_bootstrap_servers,
            "JOINEDUP_STREAM_GROUP": self.config.stream_group,
            "JOINEDUP_RISING_NEED_CONTACTS": "3",
            "JOINEDUP_PROBE_BIND": "127.0.0.1:0",
            "JOINEDUP_CONSUMER_BACKOFF_SECONDS": "0.1",
            "PYTHONPATH": f"{CHECKOUT}:{CHECKOUT / 'gen'}",
        }
        command = [sys.executable, "-m", "services.insight", "stream"]
        self.running = subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, **settings})

    def kill(self) -> None:
        """SIGKILL, as a crash does it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an orchestrator would, if it runs."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.running is not None:
            self.running.send_signal(number)
            self.running.wait(30)
            self.running = None

    async def tell(self, *told: Any, group: str = "") -> None:
        """Put events on the log as a relay would, or as a redrive for one group."""
        records = []
        for event in told:
            envelope = events.Envelope(
                id=str(uuid.uuid4()),
                type=event.DESCRIPTOR.full_name,
                source="/joinedup/tests",
                time=datetime.now(UTC),
                subject=event.person_id,
            )
            headers, body = events.encode(envelope, event.SerializeToString())
            headers += [(deadletter.REDRIVE_GROUP, group.encode())] if group else []
            topic = events.topic(event.DESCRIPTOR)
            records.append(kafka.Outgoing(topic, event.person_id.encode(), body, headers, int(time.time() * 1000)))
        assert len(await self.publisher.publish(records)) == len(records)

    async def signals(self) -> list[tuple[str, str]]:
        """The person and the contact of every signal."""
        rows = await self.rows("SELECT person_id, encounter FROM signal ORDER BY detected_at, person_id")
        return [(row["person_id"], row["encounter"]) for row in rows]

    async def told(self) -> list[insight_events.RisingNeedDetected]:
        """What was put in the outbox."""
        rows = await self.rows("SELECT body FROM outbox ORDER BY id")
        return [insight_events.RisingNeedDetected.FromString(row["body"]) for row in rows]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Ask the database past row-level security."""
        connection = await asyncpg.connect(self.where.owner_url, server_settings={"joinedup.actor_kind": "service"})
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()


@asynccontextmanager
async def world(where: databases.Database, bootstrap: str) -> AsyncIterator[World]:
    config = Settings(
        environment="test",
        database_url=where.app_url,
        migration_database_url=where.owner_url,
        kafka_bootstrap_servers=bootstrap,
        stream_group=f"insight.test{uuid.uuid4().hex[:8]}",
    )
    await migrations.migrate(config, "services.insight")
    made = World(where, config, kafka.Publisher(config))
    try:
        yield made
    finally:
        made.stop()
        await made.publisher.close()


@pytest.fixture
async def insight(postgres: testing.Postgres, kafka: str) -> AsyncIterator[World]:
    where = postgres.create("insight")
    async with world(where, kafka) as made:
        yield made
    postgres.drop(where)


def encounter(person: str, name: str, day: int, kind: int = gateway_pb2.ENCOUNTER_CLASS_EMERGENCY) -> Any:
    event = events_pb2.EncounterRecorded(
        encounter_id=name,
        person_id=person,
        encounter_class=kind,  # type: ignore[arg-type]
        organisation_id="hospital",
    )
    event.started_at.FromDatetime(START + timedelta(days=day))
    return event


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await reached():  # noqa: ASYNC110 (another process's database)
            await asyncio.sleep(0.2)


async def test_contacts_are_counted_across_a_kill(insight: World) -> None:
    people = [f"{uuid.uuid4()}" for _ in range(40)]
    marker, ready = f"{uuid.uuid4()}", f"{uuid.uuid4()}"
    insight.start()
    await insight.tell(*[encounter(ready, f"r{n}", n) for n in range(3)])
    await until(lambda: _has(insight, ready))
    await insight.tell(*[encounter(person, f"a{n}", n) for person in people for n in range(2)])
    insight.kill()
    await insight.tell(*[encounter(person, "a2", 2) for person in people[:20]])
    insight.start()
    await insight.tell(*[encounter(person, "a2", 2) for person in people[20:]])
    await insight.tell(*[encounter(marker, f"m{n}", n) for n in range(3)])
    await until(lambda: _all(insight, {*people, marker, ready}))
    found = await insight.signals()
    expected = [(person, "hospital/a2") for person in people]
    assert sorted(found) == sorted([*expected, (ready, "hospital/r2"), (marker, "hospital/m2")])
    assert len(await insight.told()) == len(found)


async def _has(insight: World, person: str) -> bool:
    return person in {found for found, _ in await insight.signals()}


async def _all(insight: World, people: set[str]) -> bool:
    return people <= {found for found, _ in await insight.signals()}


async def test_a_contact_told_twice_and_other_contacts_raise_nothing(insight: World) -> None:
    calm, marker = f"{uuid.uuid4()}", f"{uuid.uuid4()}"
    once = encounter(calm, "a0", 0)
    insight.start()
    await insight.tell(once, once, once, once, encounter(calm, "a1", 100))
    await insight.tell(*[encounter(calm, f"gp{n}", n, gateway_pb2.ENCOUNTER_CLASS_PRIMARY_CARE) for n in range(5)])
    # The same key, so the same partition: when the marker's signal stands, everything before it was read.
    await insight.tell(*[encounter(marker, f"r{n}", n) for n in range(3)])
    await insight.tell(*[encounter(calm, f"b{n}", 300 + n) for n in range(3)])
    await until(lambda: _all(insight, {calm, marker}))
    assert [pair for pair in await insight.signals() if pair[0] == calm] == [(calm, "hospital/b2")]


async def test_poison_is_dead_lettered_and_the_rest_flows(insight: World) -> None:
    person = f"{uuid.uuid4()}"
    insight.start()
    poison = kafka.Outgoing("encounters.events.v1", person.encode(), b"\xff\xff", [], int(time.time() * 1000))
    assert await insight.publisher.publish([poison])
    await insight.tell(*[encounter(person, f"r{n}", n) for n in range(3)])
    await until(lambda: _has(insight, person))
    dead = await deadletter.read(insight.config, insight.config.stream_group)
    assert [letter.key for letter in dead] == [person.encode()]
    assert dead[0].error.startswith("Unreadable")


async def test_what_is_sent_back_for_another_group_is_not_counted(insight: World) -> None:
    person = f"{uuid.uuid4()}"
    insight.start()
    await insight.tell(*[encounter(person, f"r{n}", n) for n in range(2)])
    await insight.tell(encounter(person, "r2", 2), group="somebody.else")
    await insight.tell(encounter(person, "r3", 3))
    await until(lambda: _has(insight, person))
    assert (person, "hospital/r3") in await insight.signals()


async def test_a_signal_says_whether_a_referral_is_open(insight: World) -> None:
    person = f"{uuid.uuid4()}"
    insight.start()
    await insight.tell(referral_events.ReferralSubmitted(referral_id="r1", version=1, person_id=person))
    # Another topic: give the referral time to be read before the contacts, as their order across topics is not fixed.
    await asyncio.sleep(5)
    await insight.tell(*[encounter(person, f"r{n}", n) for n in range(3)])
    await until(lambda: _has(insight, person))
    rows = await insight.rows("SELECT referral_open FROM signal WHERE person_id = $1", person)
    assert [row["referral_open"] for row in rows] == [True]


async def test_of_an_id_that_was_ever_merged_the_stream_tells_nothing(insight: World) -> None:
    merged, marker = f"{uuid.uuid4()}", f"{uuid.uuid4()}"
    await insight.rows(
        "INSERT INTO merge (merge_id, surviving_id, merged_id, merged_at, unmerged_at)"
        " VALUES ('m1', 'another', $1, now(), now())",
        merged,
    )
    insight.start()
    await insight.tell(*[encounter(merged, f"r{n}", n) for n in range(3)])
    await insight.tell(*[encounter(marker, f"r{n}", n) for n in range(3)])
    # A contact of the same key as the first ones, and so behind them: once it is buried, they were read.
    poison = kafka.Outgoing("encounters.events.v1", merged.encode(), b"\xff\xff", [], int(time.time() * 1000))
    assert await insight.publisher.publish([poison])

    async def read() -> bool:
        dead = await deadletter.read(insight.config, insight.config.stream_group)
        return merged.encode() in {letter.key for letter in dead}

    await until(read)
    await until(lambda: _has(insight, marker))
    assert not await _has(insight, merged)
