"""The whole path: from a referral submitted by gRPC until its event reaches those who show worklists."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from chassis import events
from chassis.auth import Sector
from cli import target
from devstack.loading import directory
from devstack.place.place import Place
from joinedup.common.v1 import common_pb2
from joinedup.referrals.v1 import events_pb2, referrals_pb2, referrals_pb2_grpc
from tests.bench import measure

TOPIC = "referrals.events.v1"
WARM_UP = 20
# A raw record of about the size of a ReferralSubmitted with its headers.
BODY = b"x" * 300


@dataclass
class Arrivals:
    """Reads a topic from its end and wakes whoever waits for a record."""

    waiting: dict[str, asyncio.Future[float]] = field(default_factory=dict)

    def expect(self, name: str) -> asyncio.Future[float]:
        """When the record of this name arrives, on the performance clock."""
        return self.waiting.setdefault(name, asyncio.get_running_loop().create_future())

    def arrived(self, name: str) -> None:
        """The record is here."""
        found = self.expect(name)
        if not found.done():
            found.set_result(time.perf_counter())


@contextlib.asynccontextmanager
async def reading(bootstrap: str, topic: str, name_of: object) -> AsyncIterator[Arrivals]:
    """Arrivals on a topic; `name_of` names a record."""
    arrivals = Arrivals()
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="latest", fetch_max_wait_ms=500)
    await consumer.start()
    # Positions are settled before anything is sent, or the first records would be missed.
    for partition in consumer.assignment():
        await consumer.position(partition)

    async def read() -> None:
        async for record in consumer:
            name = name_of(record)  # type: ignore[operator]
            if name:
                arrivals.arrived(name)

    task = asyncio.create_task(read())
    try:
        yield arrivals
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await consumer.stop()


async def raw(bootstrap: str, topic: str, rounds: int) -> list[float]:
    """Seconds from a bare aiokafka send, acks=all, to its receipt, one after the other."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    found: list[float] = []
    try:
        async with reading(bootstrap, topic, lambda record: record.key.decode()) as arrivals:
            for number in range(rounds + WARM_UP):
                key = f"k{number}"
                begun = time.perf_counter()
                await producer.send_and_wait(topic, BODY, key=key.encode())
                seconds = await arrivals.expect(key) - begun
                found += [seconds] if number >= WARM_UP else []
    finally:
        await producer.stop()
    return found


def submitted(record: object) -> str:
    """The referral that a record says was submitted."""
    headers = dict(record.headers)  # type: ignore[attr-defined]
    if headers.get("ce_type") != events_pb2.ReferralSubmitted.DESCRIPTOR.full_name.encode():
        return ""
    event = events.parse(headers["ce_type"].decode(), record.value)  # type: ignore[attr-defined]
    return str(event.referral_id)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Submitting:
    """Submits referrals of the loaded people as a hospital's system would."""

    stub: referrals_pb2_grpc.ReferralsAsyncStub
    caller: target.Caller
    team_id: str
    people: list[str]

    @classmethod
    def over(cls, house: target.House, place: Place, people: list[str]) -> Submitting:
        """As the hospital of the place."""
        hospital = next(each for each in place.organisations.values() if each.sector == "nhs" and not each.level)
        caller = house.integrator(directory.code(hospital), sector=Sector.NHS)
        stub = caller.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
        team = next(team for team in place.teams.values() if team.kind == "complex_needs")
        return cls(stub, caller, team.id, people)

    async def submit(self, number: int, key: str = "") -> str:
        """Submit one, under a key of its own unless one is given; the referral's id."""
        request = referrals_pb2.SubmitReferralRequest(
            person_id=self.people[number % len(self.people)],
            team_id=self.team_id,
            priority=referrals_pb2.PRIORITY_ROUTINE,
            narrative=common_pb2.Narrative(health="Seen in the emergency department three times this month"),
        )
        with self.caller.acting(key=key or str(uuid.uuid4())):
            return (await self.stub.SubmitReferral(request)).referral_id


async def whole(bootstrap: str, submitting: Submitting, rounds: int) -> list[float]:
    """Seconds from the call to the event at whoever shows the worklist, one referral after the other."""
    found: list[float] = []
    async with reading(bootstrap, TOPIC, submitted) as arrivals:
        for number in range(rounds + WARM_UP):
            begun = time.perf_counter()
            referral_id = await submitting.submit(number)
            seconds = await arrivals.expect(referral_id) - begun
            found += [seconds] if number >= WARM_UP else []
    return found


async def rows(bootstrap: str, topic: str, submitting: Submitting, rounds: int) -> list[measure.Row]:
    """Both in turn, in pieces, so that a slow moment of the machine hits both."""
    ours: list[float] = []
    ceiling: list[float] = []
    for _ in range(4):
        ceiling += await raw(bootstrap, topic, rounds // 4)
        ours += await whole(bootstrap, submitting, rounds // 4)
    return measure.latency(
        "submit to worklist", ours, ceiling, p50=3, p99=5, against="aiokafka send to receive, acks=all"
    )
