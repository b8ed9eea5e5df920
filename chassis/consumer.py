"""The consumer: handles events in batches, each batch in one transaction with its inbox, each event once in effect.

What happens to an event that fails
    Its batch is rolled back and halved until the event stands alone; everything else takes effect. Its partition then
    waits, so that the events behind it keep their order, and it is tried again after a growing pause. After
    `consumer_attempts` failures it goes to `<group>.dlq.v1` and the partition moves on. Attempts are counted in memory:
    a restart begins again. A record that is no event of ours goes to the dead-letter topic at once.
What is not counted as a failure
    The database, Kafka or a peer being away (errors.Unavailable): the event is tried again for as long as it takes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from google.protobuf.message import Message

from chassis import attributes, auth, db, deadletter, errors, events, inbox, kafka, settings, telemetry, work
from chassis.disclosure import projections

logger = logging.getLogger(__name__)

Handler = Callable[[work.Work, Any], Awaitable[None]]

# The services whose commands begin and end relationships; their topics carry the events of common.v1.
RELATING = ("identity", "referrals", "caseworker", "governance")
_PRUNE_EVERY_SECONDS = 3600


class Delivery(NamedTuple):
    """An event of a type that is handled here, read from its record."""

    record: ConsumerRecord[bytes, bytes]
    envelope: events.Envelope
    body: Message
    handler: Handler

    @property
    def place(self) -> TopicPartition:
        """The partition it came from."""
        return TopicPartition(self.record.topic, self.record.partition)


@dataclass(slots=True)
class Held:
    """A partition that waits for its first delivery to succeed; `due` is on the loop's clock."""

    deliveries: list[Delivery]
    attempts: int
    pauses: int
    due: float


class _Waiting(Exception):
    """A handler needs a part that is away; says nothing against the event."""


def topics(handlers: Iterable[type[Message]]) -> set[str]:
    """The topics on which events of these types travel."""
    found: set[str] = set()
    for message in handlers:
        if message.DESCRIPTOR.file.package == "joinedup.common.v1":
            found |= {events.topic(message.DESCRIPTOR, service) for service in RELATING}
        else:
            found.add(events.topic(message.DESCRIPTOR))
    return found


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka carries no types
    """One member of a consumer group. Handlers of the frame (relationships, agreements, decisions) come with it."""

    def __init__(
        self,
        config: settings.ServiceSettings,
        database: db.Database,
        *,
        group: str,
        handlers: Mapping[type[Message], Handler],
        frame_handlers: Mapping[type[Message], Handler] = projections.HANDLERS,
    ) -> None:
        self._config = config
        self._database = database.for_batches(config.database_batch_statement_seconds)
        self._group = group
        self._handlers = {message.DESCRIPTOR.full_name: handler for message, handler in frame_handlers.items()}
        for message, handler in handlers.items():
            name = message.DESCRIPTOR.full_name
            self._handlers[name] = _both(self._handlers[name], handler) if name in self._handlers else handler
        self._topics = topics([*handlers, *frame_handlers])
        self._actor = auth.service_actor(config.service)
        self._publisher = kafka.Publisher(config)
        self._held: dict[TopicPartition, Held] = {}
        # How far each partition was fetched, and how far that is committed: offsets of the next record.
        self._reached: dict[TopicPartition, int] = {}
        self._committed: dict[TopicPartition, int] = {}
        self._busy = asyncio.Lock()
        self._prune_at = 0.0
        self.ready = False

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop, then finish the batch in hand; waits out the absence of any part."""
        try:
            while not stop.is_set():
                try:
                    await self._member(stop)
                except (KafkaError, OSError, errors.Unavailable) as failure:
                    logger.warning("%s waits for Kafka: %s", self._group, type(failure).__name__)
                    await _pause(1, stop)
        finally:
            await self._publisher.close()
            await self._database.close()

    async def _member(self, stop: asyncio.Event) -> None:
        """Be a member of the group for as long as one client lives."""
        await kafka.ensure_topics(self._config, [*self._topics, deadletter.topic(self._group)])
        client = kafka.consumer(self._config, self._group)
        client.subscribe(topics=sorted(self._topics), listener=self)
        try:
            await client.start()
            while not stop.is_set():
                async with self._busy:
                    await self._turn(client, stop)
        finally:
            for known in (self._held, self._reached, self._committed):
                known.clear()
            with suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(5):
                    await client.stop()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let the batch in hand be finished and committed before the partitions go to another member."""
        async with self._busy:
            for place in revoked:
                for known in (self._held, self._reached, self._committed):
                    known.pop(place, None)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """From here on events flow."""
        self.ready = True

    async def _turn(self, client: AIOKafkaConsumer, stop: asyncio.Event) -> None:
        now = asyncio.get_running_loop().time()
        for place in [place for place, held in self._held.items() if held.due <= now]:
            await self._try_again(client, place, stop)
        wait = self._config.consumer_wait_seconds
        if self._held:
            wait = min(wait, max(0.01, min(held.due for held in self._held.values()) - now))
        fetched = await client.getmany(timeout_ms=int(wait * 1000), max_records=self._config.consumer_batch)
        if fetched:
            records = [record for part in fetched.values() for record in part]
            deliveries = await self._read(records, stop)
            self._reached |= {place: part[-1].offset + 1 for place, part in fetched.items() if part}
            await self._apply(client, deliveries, stop)
        await self._commit(client)
        await self._prune(now)

    async def _read(self, records: Iterable[ConsumerRecord[bytes, bytes]], stop: asyncio.Event) -> list[Delivery]:
        """The deliveries among the records; what is no event of ours goes to the dead-letter topic."""
        deliveries = []
        for record in records:
            if not deadletter.meant_for(record, self._group):
                continue
            try:
                envelope = events.decode(record.headers, record.value)
                handler = self._handlers.get(envelope.type)
                if handler is not None:
                    body = events.parse(envelope.type, record.value or b"")
                    deliveries.append(Delivery(record, envelope, body, handler))
            except events.Unreadable as failure:
                await self._bury(record, failure, 1, stop)
        return deliveries

    async def _apply(self, client: AIOKafkaConsumer, deliveries: Sequence[Delivery], stop: asyncio.Event) -> None:
        """Bring every delivery into effect, or hold its partition; halves what fails until the culprit stands alone."""
        parts = [list(deliveries)]
        while parts:
            part = parts.pop()
            if self._held:
                part = [delivery for delivery in part if not self._waits_behind(delivery)]
            if not part:
                continue
            failure = await self._attempt(part, stop)
            if failure is None:
                continue
            if len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
            else:
                self._hold(client, part[0], failure)

    def _waits_behind(self, delivery: Delivery) -> bool:
        """Queue a delivery behind the one that its partition waits for, if it waits."""
        held = self._held.get(delivery.place)
        if held is None:
            return False
        held.deliveries.append(delivery)
        return True

    async def _attempt(self, part: Sequence[Delivery], stop: asyncio.Event) -> Exception | None:
        """Handle a part in one transaction; answers why it failed. Outlasts the absence of the database."""
        pause = 0.1
        while True:
            try:
                await self._transact(part)
            except errors.Unavailable as failure:
                logger.warning("%s waits for the database: %s", self._group, failure)
                if stop.is_set():
                    raise
                await _pause(pause, stop)
                pause = min(pause * 2, 2)
            except Exception as failure:  # noqa: BLE001 (a handler may raise anything; it is kept with the event)
                return failure
            else:
                return None

    async def _transact(self, part: Sequence[Delivery]) -> None:
        async with work.unit(self._database, self._actor, service=self._config.service) as whole:
            fresh = await inbox.claim(whole.session, self._group, [delivery.envelope.id for delivery in part])
            for delivery in part:
                if delivery.envelope.id not in fresh:
                    continue
                fresh.remove(delivery.envelope.id)
                await self._handle(whole, delivery)
        self._count(part)

    async def _handle(self, whole: work.Work, delivery: Delivery) -> None:
        envelope = delivery.envelope
        try:
            with telemetry.span(attributes.HANDLE, envelope.type, parent=envelope.traceparent) as span:
                if span.sampled:
                    span.note(attributes.EVENT_ID, envelope.id)
                    span.note(attributes.CONSUMER_GROUP, self._group)
                await delivery.handler(whole.on(envelope, span.traceparent), delivery.body)
        except (errors.Unavailable, OSError, TimeoutError) as failure:
            raise _Waiting from failure

    def _count(self, part: Sequence[Delivery]) -> None:
        for kind, number in Counter(delivery.envelope.type for delivery in part).items():
            telemetry.count(attributes.EVENTS_HANDLED, self._group, kind, "handled", by=number)
        delay = time.time() - part[-1].envelope.time.timestamp()
        telemetry.observe(attributes.EVENT_DELAY, max(0.0, delay), self._group)

    def _hold(self, client: AIOKafkaConsumer, delivery: Delivery, failure: Exception) -> None:
        """Make a partition wait for its failing delivery. A part that is away costs no attempt."""
        attempts = 0 if isinstance(failure, _Waiting) else 1
        self._held[delivery.place] = Held([delivery], attempts, 1, self._due(1))
        self._tell(delivery, failure, attempts)
        with suppress(KafkaError, AssertionError):
            client.pause(delivery.place)

    async def _try_again(self, client: AIOKafkaConsumer, place: TopicPartition, stop: asyncio.Event) -> None:
        """Try the delivery that a partition waits for; on success, or at the end of patience, let the others follow."""
        held = self._held[place]
        first = held.deliveries[0]
        failure = await self._attempt([first], stop)
        if failure is not None:
            held.attempts += not isinstance(failure, _Waiting)
            held.pauses += 1
            held.due = self._due(held.pauses)
            self._tell(first, failure, held.attempts)
            if held.attempts < self._config.consumer_attempts or stop.is_set():
                return
            await self._bury(first.record, failure, held.attempts, stop)
        del self._held[place]
        with suppress(KafkaError, AssertionError):
            client.resume(place)
        await self._apply(client, held.deliveries[1:], stop)

    async def _bury(
        self, record: ConsumerRecord[bytes, bytes], failure: Exception, attempts: int, stop: asyncio.Event
    ) -> None:
        """Send a record to the dead-letter topic; no offset moves past it before Kafka has confirmed it there."""
        letter = deadletter.letter(self._group, record, failure, attempts, datetime.now(UTC))
        while not await self._publisher.publish([letter]):
            if stop.is_set():
                raise errors.Unavailable("stopped before the dead letter was confirmed")
            await _pause(1, stop)
        telemetry.count(attributes.DEAD_LETTERS, self._group)
        logger.error("%s: a record of %s is dead: %s", self._group, record.topic, deadletter.where(failure))

    def _due(self, pauses: int) -> float:
        longest = self._config.consumer_backoff_most_seconds
        wait = min(longest, self._config.consumer_backoff_seconds * 2.0 ** min(pauses - 1, 20))
        return asyncio.get_running_loop().time() + wait

    def _tell(self, delivery: Delivery, failure: Exception, attempts: int) -> None:
        cause = failure.__cause__ if isinstance(failure, _Waiting) and failure.__cause__ else failure
        outcome = "waiting" if isinstance(failure, _Waiting) else "failed"
        telemetry.count(attributes.EVENTS_HANDLED, self._group, delivery.envelope.type, outcome)
        # The text of an error may quote a person's data; its place in the code may not.
        logger.warning(
            "%s: event %s (%s) failed, attempt %d: %s",
            self._group,
            delivery.envelope.id,
            delivery.envelope.type,
            attempts,
            deadletter.where(cause),
        )

    async def _commit(self, client: AIOKafkaConsumer) -> None:
        """Commit how far every partition has come; one that waits stays at the event it waits for."""
        offsets = dict(self._reached)
        offsets |= {place: held.deliveries[0].record.offset for place, held in self._held.items()}
        mine = client.assignment()
        offsets = {
            place: offset for place, offset in offsets.items() if place in mine and self._committed.get(place) != offset
        }
        if not offsets:
            return
        try:
            async with asyncio.timeout(5):
                await client.commit(offsets)
        except (KafkaError, TimeoutError) as failure:
            # They come again, and the inbox knows them.
            logger.info("%s could not commit offsets: %s", self._group, type(failure).__name__)
        else:
            self._committed |= offsets

    async def _prune(self, now: float) -> None:
        if now < self._prune_at:
            return
        self._prune_at = now + _PRUNE_EVERY_SECONDS
        with suppress(errors.Unavailable):
            async with self._database.transaction(self._actor) as session:
                await inbox.prune(session, now=datetime.now(UTC), keep=timedelta(days=self._config.inbox_keep_days))


def _both(first: Handler, second: Handler) -> Handler:
    """A service may handle an event that the frame handles too: the frame's projection comes first."""

    async def handler(unit: work.Work, event: Any) -> None:
        await first(unit, event)
        await second(unit, event)

    return handler


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
