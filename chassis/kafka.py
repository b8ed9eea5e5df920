"""Kafka for a service: clients made from settings, topics made when missing, batches sent in order or not at all."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code
from aiokafka.partitioner import murmur2

from chassis import errors, events, settings

logger = logging.getLogger(__name__)

_ALREADY_EXISTS = 36
_BATCH_BYTES = 512 * 1024


class Outgoing(NamedTuple):
    """One record to send; records of one topic with the same key keep the order in which they are given."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: events.Headers
    timestamp_ms: int
    partition: int | None = None


def connection(config: settings.ServiceSettings) -> dict[str, Any]:
    """The arguments that every client needs to reach the brokers."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": config.kafka_bootstrap_servers,
        "client_id": f"{config.service or 'joinedup'}-{config.instance or socket.gethostname()}",
    }
    if config.kafka_tls:
        context = ssl.create_default_context(cafile=config.tls_ca or None)
        if config.tls_certificate:
            context.load_cert_chain(config.tls_certificate, config.tls_key)
        arguments |= {"security_protocol": "SSL", "ssl_context": context}
    return arguments


def consumer(config: settings.ServiceSettings, group: str | None = None, **overrides: Any) -> AIOKafkaConsumer:
    """A consumer that commits only when told to and starts at the beginning of what it has never read."""
    arguments = {
        "group_id": group,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "session_timeout_ms": 10_000,
        "heartbeat_interval_ms": 3_000,
        "rebalance_timeout_ms": 30_000,
        "metadata_max_age_ms": 30_000,
    }
    return AIOKafkaConsumer(**connection(config), **(arguments | overrides))


async def ensure_topics(config: settings.ServiceSettings, names: Iterable[str]) -> None:
    """Create the topics that are missing, unless settings say that topics are declared elsewhere.

    Raises errors.Unavailable when Kafka cannot be reached.
    """
    wanted = sorted(set(names))
    if not wanted or not config.kafka_create_topics:
        return
    admin = AIOKafkaAdminClient(**connection(config))
    try:
        async with asyncio.timeout(config.kafka_request_seconds):
            await admin.start()
            existing = await admin.list_topics()
            await _create(admin, config, [name for name in wanted if name not in existing])
    except (KafkaError, TimeoutError, OSError) as failure:
        raise errors.Unavailable("Kafka does not answer") from failure
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, config: settings.ServiceSettings, missing: Sequence[str]) -> None:
    if not missing:
        return
    answer = await admin.create_topics(
        [NewTopic(name, config.kafka_topic_partitions, config.kafka_topic_replication) for name in missing]
    )
    for name, code, *_ in answer.topic_errors:
        # Another process may have been faster.
        if code not in (0, _ALREADY_EXISTS):
            raise for_code(code)(name)


@lru_cache(maxsize=50_000)
def slot(key: bytes) -> int:
    """The hash by which Java and Python clients alike choose a key's partition (murmur2, 31 bits)."""
    return int(murmur2(key)) & 0x7FFFFFFF


class Publisher:
    """Sends with acks from all replicas, idempotently, one batch at a time for each partition.

    A batch stands on the log whole or not at all, and the next one for its partition is sent only after it: so a
    failure can never let a later event overtake an earlier one. After any failure the producer is replaced, because the
    sequence of an idempotent producer does not survive a batch that was given up.
    """

    def __init__(self, config: settings.ServiceSettings) -> None:
        self._config = config
        self._producer: AIOKafkaProducer | None = None

    async def publish(self, records: Sequence[Outgoing]) -> set[int]:
        """Send all records; answers the indices of those that Kafka has confirmed. Never raises because of Kafka."""
        if not records:
            return set()
        try:
            producer = await self._started()
            lanes = await self._lanes(producer, records)
        except (KafkaError, TimeoutError, OSError, errors.Unavailable) as failure:
            logger.warning("cannot reach Kafka: %s", type(failure).__name__)
            await self.close()
            return set()
        sent = await asyncio.gather(*(self._send(producer, lane, records) for lane in lanes.items()))
        confirmed = {index for lane in sent for index in lane}
        if len(confirmed) < len(records):
            await self.close()
        return confirmed

    async def close(self) -> None:
        """Let go of the producer; what it had not confirmed is not waited for."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError, TimeoutError, OSError, asyncio.CancelledError):
                async with asyncio.timeout(2):
                    await producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            compression = self._config.relay_compression
            producer = AIOKafkaProducer(
                **connection(self._config),
                acks="all",
                enable_idempotence=True,
                compression_type=None if compression == "none" else compression,
                max_batch_size=_BATCH_BYTES,
                request_timeout_ms=int(self._config.kafka_request_seconds * 1000),
            )
            try:
                async with asyncio.timeout(self._config.kafka_request_seconds):
                    await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _lanes(self, producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> dict[tuple[str, int], list[int]]:
        """Group the indices of records by the partition they go to, keeping their order."""
        partitions = {topic: await self._partitions(producer, topic) for topic in {record.topic for record in records}}
        lanes: dict[tuple[str, int], list[int]] = {}
        for index, record in enumerate(records):
            available = partitions[record.topic]
            if not available:
                continue
            partition = record.partition
            if partition is None or partition not in available:
                partition = available[slot(record.key or b"") % len(available)]
            lanes.setdefault((record.topic, partition), []).append(index)
        return lanes

    async def _partitions(self, producer: AIOKafkaProducer, topic: str) -> tuple[int, ...]:
        try:
            return await self._known(producer, topic)
        except (UnknownTopicOrPartitionError, TimeoutError):
            await ensure_topics(self._config, [topic])
        try:
            return await self._known(producer, topic)
        except UnknownTopicOrPartitionError:
            # Events of other topics must not wait for a topic that nobody has declared.
            logger.error("topic %s does not exist", topic)
            return ()

    async def _known(self, producer: AIOKafkaProducer, topic: str) -> tuple[int, ...]:
        async with asyncio.timeout(min(2, self._config.kafka_request_seconds)):
            return tuple(sorted(await producer.partitions_for(topic)))

    async def _send(
        self, producer: AIOKafkaProducer, lane: tuple[tuple[str, int], list[int]], records: Sequence[Outgoing]
    ) -> list[int]:
        """Send one partition's records as few batches, each after the one before; answers what was confirmed."""
        (topic, partition), indices = lane
        confirmed = 0
        try:
            while confirmed < len(indices):
                batch = producer.create_batch()
                taken = confirmed
                while taken < len(indices) and _fits(batch, records[indices[taken]]):
                    taken += 1
                batch.close()
                await (await producer.send_batch(batch, topic, partition=partition))
                confirmed = taken
        except (KafkaError, TimeoutError, OSError) as failure:
            logger.warning("%s/%d not sent: %s", topic, partition, type(failure).__name__)
        return indices[:confirmed]


def _fits(batch: Any, record: Outgoing) -> bool:
    appended = batch.append(
        timestamp=record.timestamp_ms, key=record.key, value=record.value, headers=list(record.headers)
    )
    return appended is not None
