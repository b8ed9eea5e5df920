"""Topics of the local stack, and the question whether Kafka answers."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from devstack import kafka, ready

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
        if not await ready.within(LEADER_SECONDS, lambda: _led(admin, wanted)):
            raise TopicError(f"no leader for {', '.join(wanted)} after {LEADER_SECONDS:.0f} s")


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
    host, _, port = bootstrap_servers.partition(",")[0].strip().rpartition(":")
    if not await ready.listens(host.strip("[]"), int(port)):
        return False
    try:
        async with _administer(bootstrap_servers) as admin:
            await admin.list_topics()
    except (KafkaError, OSError, TimeoutError):
        return False
    return True


async def wait(bootstrap_servers: str, seconds: float) -> bool:
    """Wait until Kafka answers; False when it has not after `seconds`."""
    return await ready.within(seconds, lambda: answers(bootstrap_servers))
