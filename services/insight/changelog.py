"""The topic that the stream's table is rebuilt from: compacted, so that it holds the latest of each person for good."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from chassis import errors, kafka
from services.insight.settings import Settings

_ALREADY_EXISTS = 36


async def ensure(config: Settings, name: str) -> None:
    """Create the topic unless it is there, or settings say that topics are declared elsewhere.

    The stream library would make it itself, but only after it has joined its group, and it then takes the topic for one
    without partitions until its knowledge of the cluster is renewed. Raises errors.Unavailable.
    """
    if not config.kafka_create_topics:
        return
    partitions, replicas = config.kafka_topic_partitions, config.kafka_topic_replication
    topic = NewTopic(name, partitions, replicas, topic_configs={"cleanup.policy": "compact"})
    admin = AIOKafkaAdminClient(**kafka.connection(config))
    try:
        async with asyncio.timeout(config.kafka_request_seconds):
            await admin.start()
            answer = await admin.create_topics([topic])
    except (KafkaError, TimeoutError, OSError) as failure:
        raise errors.Unavailable("Kafka does not answer") from failure
    finally:
        await admin.close()
    for _, code, *_ in answer.topic_errors:
        if code not in (0, _ALREADY_EXISTS):
            raise for_code(code)(name)
