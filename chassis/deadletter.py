"""Dead letters: events that a consumer group could not handle, kept on its own topic until somebody sends them back."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Collection, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from chassis import errors, events, kafka, settings

PREFIX = "joinedup_dead_"
# A record with this header is meant for the one group it names: all the others took their effect long ago.
REDRIVE_GROUP = "joinedup_redrive_group"
_MARK = "joinedup_redriven"


@dataclass(frozen=True, slots=True)
class Dead:
    """A dead letter. `id` is its place on the dead-letter topic; topic, partition and offset are where it came from."""

    id: str
    group: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    body: bytes | None
    event_id: str
    event_type: str
    error: str
    attempts: int
    died_at: str
    redriven: bool = False


def topic(group: str) -> str:
    """The dead-letter topic of a consumer group."""
    return f"{group}.dlq.v1"


def meant_for(record: ConsumerRecord[bytes, bytes], group: str) -> bool:
    """Whether a group should look at a record: anything but what is redriven for another group."""
    for name, value in record.headers:
        if name == REDRIVE_GROUP:
            return bool(value == group.encode())
    return True


def where(failure: BaseException) -> str:
    """What kind of failure it is and where it arose, without its text: that may quote a person's data."""
    frames = traceback.extract_tb(failure.__traceback__)
    place = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else ""
    if isinstance(failure, events.Unreadable):
        return f"Unreadable: {failure}"
    if isinstance(failure, errors.Invalid):
        return f"Invalid {', '.join(violation.field for violation in failure.violations)}{place}"
    return f"{type(failure).__name__}{place}"


def letter(
    group: str, record: ConsumerRecord[bytes, bytes], failure: BaseException, attempts: int, now: datetime
) -> kafka.Outgoing:
    """The dead letter for a record: the record as it was, with where it came from and why it died."""
    headers = [(name, value) for name, value in record.headers if name != REDRIVE_GROUP and value is not None]
    told: Mapping[str, Any] = {
        "group": group,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "error": where(failure),
        "attempts": attempts,
        "at": events.stamp(now),
    }
    headers += [(PREFIX + name, str(value).encode()) for name, value in told.items()]
    return kafka.Outgoing(topic(group), record.key, record.value, headers, int(now.timestamp() * 1000))


async def read(config: settings.ServiceSettings, group: str) -> tuple[Dead, ...]:
    """Every dead letter of a group, oldest first, each with whether it was redriven; one that died twice stands once.

    Raises errors.Unavailable when Kafka cannot be reached.
    """
    try:
        records = await _records(config, topic(group))
    except (KafkaError, TimeoutError, OSError) as failure:
        raise errors.Unavailable("Kafka does not answer") from failure
    found: dict[tuple[str, int, int], Dead] = {}
    marked: set[str] = set()
    for record in records:
        texts = {name: value.decode(errors="replace") for name, value in record.headers if value is not None}
        if _MARK in texts:
            marked.add(texts[_MARK])
        else:
            dead = _dead(record, texts)
            found.setdefault((dead.topic, dead.partition, dead.offset), dead)
    return tuple(_with_mark(dead, marked) for dead in found.values())


def summary(dead: Dead) -> dict[str, str | int | bool]:
    """What an operator is shown of a dead letter: everything but its body."""
    return {
        "id": dead.id,
        "event_id": dead.event_id,
        "event_type": dead.event_type,
        "from": f"{dead.topic}/{dead.partition}/{dead.offset}",
        "key": (dead.key or b"").decode(errors="replace"),
        "error": dead.error,
        "attempts": dead.attempts,
        "died_at": dead.died_at,
        "redriven": dead.redriven,
    }


async def redrive(config: settings.ServiceSettings, group: str, ids: Collection[str] | None = None) -> tuple[Dead, ...]:
    """Send dead letters back to the topic they came from, for this group alone; answers those that were sent.

    `ids` None means all that were not redriven yet; naming an id sends it again. The event keeps its id, so that what
    had taken effect after all does not take effect twice. It comes after later events of its key: handlers compare
    versions. Raises errors.NotFound for an unknown id and errors.Unavailable when Kafka cannot be reached.
    """
    letters = await read(config, group)
    if ids is None:
        chosen = [dead for dead in letters if not dead.redriven]
    else:
        chosen = [dead for dead in letters if dead.id in ids]
        unknown = set(ids) - {dead.id for dead in chosen}
        if unknown:
            raise errors.NotFound(f"no dead letter {', '.join(sorted(unknown))} in {topic(group)}")
    publisher = kafka.Publisher(config)
    now = datetime.now(UTC)
    try:
        await _publish(publisher, [_back(dead, now) for dead in chosen])
        await _publish(publisher, [_mark(dead, now) for dead in chosen])
    finally:
        await publisher.close()
    return tuple(chosen)


async def _publish(publisher: kafka.Publisher, records: Sequence[kafka.Outgoing]) -> None:
    if len(await publisher.publish(records)) < len(records):
        raise errors.Unavailable("Kafka did not confirm every record; redriving again is harmless")


def _back(dead: Dead, now: datetime) -> kafka.Outgoing:
    headers = [*dead.headers, (REDRIVE_GROUP, dead.group.encode())]
    return kafka.Outgoing(dead.topic, dead.key, dead.body, headers, int(now.timestamp() * 1000), dead.partition)


def _mark(dead: Dead, now: datetime) -> kafka.Outgoing:
    headers = [(_MARK, dead.id.encode())]
    return kafka.Outgoing(topic(dead.group), dead.id.encode(), None, headers, int(now.timestamp() * 1000))


def _dead(record: ConsumerRecord[bytes, bytes], texts: Mapping[str, str]) -> Dead:
    return Dead(
        id=f"{record.partition}-{record.offset}",
        group=texts.get(PREFIX + "group", ""),
        topic=texts.get(PREFIX + "topic", ""),
        partition=int(texts.get(PREFIX + "partition", "0")),
        offset=int(texts.get(PREFIX + "offset", "0")),
        key=record.key,
        headers=tuple((name, value) for name, value in record.headers if not name.startswith(PREFIX)),
        body=record.value,
        event_id=texts.get("ce_id", ""),
        event_type=texts.get("ce_type", ""),
        error=texts.get(PREFIX + "error", ""),
        attempts=int(texts.get(PREFIX + "attempts", "0")),
        died_at=texts.get(PREFIX + "at", ""),
    )


def _with_mark(dead: Dead, marked: Collection[str]) -> Dead:
    return replace(dead, redriven=True) if dead.id in marked else dead


async def _records(config: settings.ServiceSettings, name: str) -> tuple[ConsumerRecord[bytes, bytes], ...]:
    """Everything that stands on a topic now, partition by partition; nothing if there is no such topic."""
    client = kafka.consumer(config)
    records: MutableSequence[ConsumerRecord[bytes, bytes]] = []
    try:
        await client.start()
        if name not in await client.topics():
            return ()
        places = await _subscribed(client, name)
        ends = await client.end_offsets(places)
        await client.seek_to_beginning(*places)
        while any([await client.position(place) < ends[place] for place in places]):
            for part in (await client.getmany(timeout_ms=500)).values():
                records.extend(part)
    finally:
        await client.stop()
    return tuple(sorted(records, key=lambda record: (record.timestamp, record.partition, record.offset)))


async def _subscribed(client: AIOKafkaConsumer, name: str) -> Collection[TopicPartition]:
    """Read every partition of a topic; a client without a group is given them all, once it has heard of them."""
    client.subscribe(topics=[name])
    async with asyncio.timeout(10):
        while not client.assignment():  # noqa: ASYNC110 (aiokafka tells nobody when it has)
            await asyncio.sleep(0.02)
    return frozenset(client.assignment())


list = read
