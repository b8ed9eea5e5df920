"""Topics of the local stack, and the question whether Kafka answers."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from devstack import kafka

EVENT_TOPICS = (
    "identity.events.v1",
    "referrals.events.v1",
    "caseworker.events.v1",
    "notify.events.v1",
    "governance.events.v1",
    "gateway.events.v1",
    "insight.events.v1",
    "encounters.events.v1",
    "disclosures.v1",
)
POLL_SECONDS = 0.05
LEADER_SECONDS = 30.0


class TopicError(RuntimeError):
    """A topic could not be made."""


async def create(
    bootstrap_servers: str,
    names: Iterable[str],
    *,
    partitions: int = kafka.PARTITIONS,
    settings: Mapping[str, str] | None = None,
) -> None:
    """Make the topics that are not there yet, and wait until each has its leaders. Raises TopicError."""
    wanted = list(names)
    async with _administer(bootstrap_servers) as admin:
        new = [NewTopic(name, partitions, 1, topic_configs=dict(settings or {})) for name in wanted]
        answer = await admin.create_topics(new)
        for name, code, *detail in answer.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise TopicError(f"{name}: {for_code(code).__name__} {detail}")
        end = time.monotonic() + LEADER_SECONDS
        while not await _led(admin, wanted):
            if time.monotonic() > end:
                raise TopicError(f"no leader for {', '.join(wanted)} after {LEADER_SECONDS:.0f} s")
            await asyncio.sleep(POLL_SECONDS)


async def _led(admin: AIOKafkaAdminClient, names: list[str]) -> bool:
    described = await admin.describe_topics(names)
    return all(
        topic["error_code"] == 0 and topic["partitions"] and all(part["leader"] >= 0 for part in topic["partitions"])
        for topic in described
    )


@contextlib.asynccontextmanager
async def _administer(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=10_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def answers(bootstrap_servers: str) -> bool:
    """Does a broker answer a metadata request?"""
    # A bare connection first: aiokafka logs an error for each one that is refused, and at start many are.
    if not await _accepts(bootstrap_servers.partition(",")[0]):
        return False
    try:
        async with _administer(bootstrap_servers) as admin:
            await admin.list_topics()
    except (KafkaError, OSError, TimeoutError):
        return False
    return True


async def _accepts(server: str) -> bool:
    host, _, port = server.strip().rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def wait(bootstrap_servers: str, seconds: float) -> bool:
    """Wait until Kafka answers; False when it has not after `seconds`."""
    end = time.monotonic() + seconds
    while not await answers(bootstrap_servers):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
