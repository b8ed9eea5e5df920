"""Live pages on the real Kafka: heard at once, garbage passed over, and made good after Kafka was away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from chassis import events
from devstack import testing
from joinedup.referrals.v1 import events_pb2
from services.portal import live, watch
from tests.unit import portal_house

pytestmark = pytest.mark.kafka


@asynccontextmanager
async def watching(bootstrap_servers: str) -> AsyncIterator[live.Hub]:
    hub = live.Hub(100)
    config = portal_house.settings(kafka_bootstrap_servers=bootstrap_servers)
    stop = asyncio.Event()
    task = asyncio.create_task(watch.Watch(config, hub).run(stop))
    began = hub._blind_until
    for _ in range(600):
        # The reader says so, by telling everybody, once it stands at the end of every partition.
        if hub._blind_until > began:
            break
        await asyncio.sleep(0.05)
    yield hub
    stop.set()
    await asyncio.wait_for(task, 10)


async def send(bootstrap_servers: str, *, garbage: bool = False) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers)
    await producer.start()
    try:
        event = events_pb2.ReferralSubmitted(referral_id="r", version=1, person_id="p", team_id="t")
        envelope = events.Envelope("e", event.DESCRIPTOR.full_name, "/joinedup/referrals", datetime.now(UTC))
        headers, value = events.encode(envelope, event.SerializeToString())
        if garbage:
            await producer.send_and_wait("referrals.events.v1", b"\xff\xfe", key=b"p")
            await producer.send_and_wait("referrals.events.v1", b"\xff\xfe", key=b"p", headers=headers)
        await producer.send_and_wait("referrals.events.v1", value, key=b"p", headers=headers)
    finally:
        await producer.stop()


async def changed(hub: live.Hub, topic: str, since: float, seconds: float = 20) -> float:
    """Seconds until the topic was told of."""
    started = time.monotonic()
    while not hub._changed.get(topic, 0) > since:
        assert time.monotonic() - started < seconds, f"{topic} was not told of"
        await asyncio.sleep(0.01)
    return time.monotonic() - started


async def test_a_referral_is_heard_within_a_second_whatever_comes_before_it(kafka: str) -> None:
    async with watching(kafka) as hub:
        since = time.time()
        await send(kafka, garbage=True)
        assert await changed(hub, "team:t", since) < 1
        assert hub.changed_since("person:p", since)
        assert not hub.changed_since("team:another", since)


async def test_every_replica_hears_everything(kafka: str) -> None:
    async with watching(kafka) as one, watching(kafka) as other:
        since = time.time()
        await send(kafka)
        await changed(one, "team:t", since)
        await changed(other, "team:t", since)


async def test_pages_look_again_when_kafka_is_back(tmp_path: Path) -> None:
    node = testing.start_kafka(tmp_path)
    try:
        async with watching(node.bootstrap_servers) as hub:
            since = time.time()
            await send(node.bootstrap_servers)
            await changed(hub, "team:t", since)
            node.kill()
            node.start()
            since = time.time()
            await send(node.bootstrap_servers)
            started = time.monotonic()
            while not hub.changed_since("team:t", since):
                assert time.monotonic() - started < 60
                await asyncio.sleep(0.05)
    finally:
        node.stop()
