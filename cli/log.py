"""The events on Kafka's topics, read as they stand: every header, and the body by the type that its header names."""

from __future__ import annotations

import base64
import importlib
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from google.protobuf import json_format

import joinedup
from chassis import errors, events, kafka
from chassis.settings import ServiceSettings

WAIT_MILLISECONDS = 500
INTERNAL = ("__", "insight.count-")
"""Prefixes of topics that belong to Kafka, or to the stream library's bookkeeping."""


def know_every_type() -> None:
    """Read every generated module, so that the descriptor pool knows every message that may be on the log."""
    # Not pkgutil: the generated folders hold no __init__.py, and so it passes them by.
    for root in map(Path, joinedup.__path__):
        for module in sorted(root.rglob("*_pb2.py")):
            importlib.import_module(".".join(("joinedup", *module.relative_to(root).with_suffix("").parts)))


async def topics(config: ServiceSettings, *, everything: bool = False) -> list[str]:
    """Every topic that holds events or dead letters; or `everything`. Raises errors.Unavailable when Kafka is away."""
    admin = AIOKafkaAdminClient(**kafka.connection(config))
    try:
        await admin.start()
        return sorted(name for name in await admin.list_topics() if everything or not name.startswith(INTERNAL))
    except (KafkaError, OSError, TimeoutError) as failure:
        raise errors.Unavailable("Kafka does not answer") from failure
    finally:
        await admin.close()


async def read(
    config: ServiceSettings, names: Sequence[str], *, since: datetime | None = None, follow: bool = False
) -> AsyncIterator[ConsumerRecord[bytes, bytes]]:
    """The records of some topics from the beginning or from `since`, to where they end now, or for ever.

    Records of one partition come in their order; those of several as they are fetched, by time within a fetch.
    Raises errors.NotFound for a topic that does not exist and errors.Unavailable when Kafka is away.
    """
    client = kafka.consumer(config)
    try:
        await client.start()
        places = await _places(config, names)
        client.assign(places)
        ends = await client.end_offsets(places)
        await _seek(client, places, since)
        left = set(places)
        while left or follow:
            fetched = await client.getmany(timeout_ms=WAIT_MILLISECONDS)
            for record in sorted((one for part in fetched.values() for one in part), key=lambda one: one.timestamp):
                if follow or record.offset < ends[TopicPartition(record.topic, record.partition)]:
                    yield record
            left = {place for place in left if await client.position(place) < ends[place]}
    except (KafkaError, OSError, TimeoutError) as failure:
        raise errors.Unavailable("Kafka does not answer") from failure
    finally:
        await client.stop()


async def _places(config: ServiceSettings, names: Sequence[str]) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**kafka.connection(config))
    try:
        await admin.start()
        described = await admin.describe_topics(list(names))
    finally:
        await admin.close()
    if missing := [one["topic"] for one in described if one["error_code"]]:
        raise errors.NotFound(f"there is no topic {', '.join(missing)}; `joinedup events topics` lists them")
    return [TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"]]


async def _seek(client: AIOKafkaConsumer, places: Iterable[TopicPartition], since: datetime | None) -> None:
    if since is None:
        await client.seek_to_beginning(*places)
        return
    moment = int(since.timestamp() * 1000)
    found = await client.offsets_for_times({place: moment for place in places})
    for place, offset in found.items():
        if offset is None:
            await client.seek_to_end(place)
        else:
            client.seek(place, offset.offset)


def described(record: ConsumerRecord[bytes, bytes]) -> dict[str, Any]:
    """A record as JSON: where it stands, key, headers, and the body by its type, or why it cannot be read and as it is.

    What is no text is given as base64 under a name that ends in `_base64`.
    """
    told: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds"),
        **_text("key", record.key),
        "headers": {name: _text("value", value).get("value", _base64(value)) for name, value in record.headers},
    }
    try:
        told["body"] = body(record)
    except events.Unreadable as unreadable:
        told |= {"body": None, "problem": str(unreadable), "body_base64": _base64(record.value)}
    return told


def body(record: ConsumerRecord[bytes, bytes]) -> Any:
    """The body as its type's JSON. Raises events.Unreadable."""
    envelope = events.decode(record.headers, record.value)
    message = events.parse(envelope.type, record.value or b"")
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def _text(name: str, value: bytes | None) -> dict[str, str | None]:
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": _base64(value)}


def _base64(value: bytes | None) -> str:
    return base64.b64encode(value or b"").decode()
