"""Live pages on the real Kafka: heard at once, garbage passed over, and made good after Kafka was away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from starlette.responses import Response

from chassis import events, web
from devstack import ports, testing
from joinedup.referrals.v1 import events_pb2
from services.portal import application, live, watch
from services.portal.__main__ import Pages
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


async def test_a_process_that_stops_ends_its_streams(kafka: str) -> None:
    port = ports.free()
    made = portal_house.unfurnished(kafka_bootstrap_servers=kafka, public_url=f"http://127.0.0.1:{port}")
    server = web.WebServer(application.application(made), f"127.0.0.1:{port}", made.config)
    role = Pages(server, watch.Watch(made.config, made.hub), made.hub)
    stop = asyncio.Event()
    running = asyncio.create_task(role.run(stop))
    for _ in range(500):
        if role.ready:
            break
        await asyncio.sleep(0.02)
    session, kept = made.sessions.begin("somebody", 0), Response()
    made.sessions.write(kept, session)
    cookie = kept.headers["set-cookie"].split(";")[0]
    query = {"topic": "team:t", "mark": made.sessions.stream_mark(session, "team:t"), "since": str(time.time())}
    async with httpx.AsyncClient(trust_env=False, timeout=20) as browser:
        address = f"http://127.0.0.1:{port}/live"
        async with browser.stream("GET", address, params=query, headers={"cookie": cookie}) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: hello"
            assert made.hub.count == 1
            started = time.monotonic()
            stop.set()
            async for _ in lines:
                pass
    await running
    assert time.monotonic() - started < 4
    assert made.hub.count == 0
