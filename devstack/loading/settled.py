"""Whether everything that was told has been heard: no consumer group of a stack is behind its topics."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from devstack import topics

LOOK_SECONDS = 0.3
CLOSE_SECONDS = 5.0
Ends = Mapping[TopicPartition, int]


class NotSettledError(RuntimeError):
    """Some consumer is still behind; the text says which and by how much."""


async def wait(bootstrap_servers: str, groups: Mapping[str, str], *, seconds: float) -> None:
    """Return once all groups have heard everything and, for one more look, nothing new was told.

    `groups` names with each a topic that it listens to; the others show by its commits. Raises NotSettledError when it
    has not happened after `seconds`.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await admin.start()
    await reader.start()
    try:
        end, before = time.monotonic() + seconds, None
        while True:
            ends = await _ends(admin, reader)
            behind = {group: await _behind(admin, group, topic, ends) for group, topic in groups.items()}
            if not any(behind.values()) and ends == before:
                return
            if time.monotonic() > end:
                late = ", ".join(f"{group} by {count}" for group, count in behind.items() if count)
                raise NotSettledError(f"after {seconds:.0f} s still behind: {late or 'nobody, but events keep coming'}")
            before = ends
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        # A client that does not end must not keep what it was asked for from being told.
        for close in (reader.stop, admin.close):
            with contextlib.suppress(TimeoutError, KafkaError, OSError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await close()


async def _ends(admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer) -> Ends:
    places = [
        TopicPartition(described["topic"], part["partition"])
        for described in await admin.describe_topics(list(topics.EVENT_TOPICS))
        for part in described["partitions"]
    ]
    ends: Ends = await reader.end_offsets(places)
    return ends


async def _behind(admin: AIOKafkaAdminClient, group: str, topic: str, ends: Ends) -> int:
    """Records that a group has not heard yet, on the topics it listens to."""
    committed = {
        place: found.offset
        for place, found in (await admin.list_consumer_group_offsets(group)).items()
        if found.offset >= 0
    }
    listens = {place.topic for place in committed} | {topic}
    return sum(
        max(0, last - committed.get(place, 0)) for place, last in ends.items() if last and place.topic in listens
    )
