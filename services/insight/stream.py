"""The `stream` role: a Faust agent that counts contacts in crisis and raises signals of rising need.

Faust has four ways of losing a record: with `concurrency` above one, when it is killed; when an exception leaves an
agent; when it is killed between a commit and the table's changelog; and when a table has just been recovered. So
concurrency is one (more partitions are the way to more work); nothing leaves the agent: a record that fails is tried
again, then dead-lettered; commits wait for the changelog, and queues are not emptied (durable.py). What it writes goes
through our own transaction under an id made of the record, so that a record seen again changes nothing. No effect that
must not be lost goes through here alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import faust
from faust import exceptions as stream_errors

from chassis import auth, db, deadletter, errors, events, kafka, work
from services.insight import changelog, commands, counting, domain, durable
from services.insight.settings import Settings

logger = logging.getLogger(__name__)

TABLE = "contacts"


@dataclass(slots=True)
class Stream:
    """The stream application as a role of the service."""

    config: Settings
    database: db.Database
    ready: bool = field(default=False, init=False)
    _publisher: kafka.Publisher = field(init=False)
    _counts: Any = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._publisher = kafka.Publisher(self.config)

    @property
    def rule(self) -> domain.Rule:
        """The rule that the settings state."""
        return self.config.rule

    async def run(self, stop: asyncio.Event) -> None:
        """Run the application until told to stop; Faust commits what was processed and leaves the group.

        Raises RuntimeError when the application crashes, so that the process ends and is started anew: Faust leaves a
        crashed application standing idle, which looks like a stream with nothing to count.
        """
        await self._ensure_topics(stop)
        with tempfile.TemporaryDirectory(prefix="joinedup-insight-") as scratch:
            application = self._application(self.config.stream_data or scratch)
            try:
                await application.start()
                self.ready = True
                await self._until(stop, application)
            finally:
                self.ready = False
                await application.stop()
                await self._publisher.close()

    async def _ensure_topics(self, stop: asyncio.Event) -> None:
        """Make what is missing, the changelog too: a member that joins before it is there takes it for one of none."""
        group = self.config.stream_group
        while not stop.is_set():
            try:
                await kafka.ensure_topics(self.config, [*counting.TOPICS, deadletter.topic(group)])
                await changelog.ensure(self.config, f"{group}-{TABLE}-changelog")
                return
            except errors.Unavailable:
                logger.warning("the stream waits for Kafka")
                await asyncio.sleep(self.config.consumer_backoff_seconds)

    async def _until(self, stop: asyncio.Event, application: Any) -> None:
        told, ended = asyncio.create_task(stop.wait()), asyncio.create_task(application.wait_until_stopped())
        await asyncio.wait([told, ended], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        ended.cancel()
        if not stop.is_set():
            raise RuntimeError("the stream application ended by itself") from application.crash_reason

    def _application(self, folder: str) -> Any:
        servers = self.config.kafka_bootstrap_servers.split(",")
        application = durable.Application(
            self.config.stream_group,
            broker=[f"kafka://{server.strip()}" for server in servers],
            broker_credentials=self._credentials(),
            store="memory://",
            Table=durable.Table,
            datadir=folder,
            web_enabled=False,
            topic_partitions=self.config.kafka_topic_partitions,
            topic_replication_factor=self.config.kafka_topic_replication,
            consumer_auto_offset_reset="earliest",
            broker_commit_interval=1.0,
            # A member that was killed holds its partitions until its session ends; the default would be a minute.
            broker_session_timeout=10.0,
            broker_heartbeat_interval=3.0,
            consumer_metadata_max_age_ms=30_000,
            loop=asyncio.get_running_loop(),
        )
        topic = application.topic(
            *counting.TOPICS, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )
        # Plain bytes: with a dict for value the changelog could be written and never be recovered from.
        self._counts = application.Table(TABLE, key_type=bytes, value_type=bytes)
        durable.hold_commits(application, self._counts)
        application.agent(topic, concurrency=1, name="count")(self._count)
        return application

    def _credentials(self) -> Any:
        """What every other client of Kafka uses here too (chassis.kafka.connection), in the stream library's words."""
        context = kafka.connection(self.config).get("ssl_context")
        return faust.SSLCredentials(context) if context is not None else None

    async def _count(self, records: Any) -> None:
        async for record in records.events():
            message = record.message
            found = SimpleNamespace(
                topic=message.topic,
                partition=message.partition,
                offset=message.offset,
                key=message.key,
                value=message.value,
                headers=tuple(dict(message.headers or ()).items()),
            )
            # A record that was sent back for another group took its effect here long ago.
            if deadletter.meant_for(cast(Any, found), self.config.stream_group):
                await self._never_raising(found)

    async def _never_raising(self, record: Any) -> None:
        """Handle a record: again after a pause while parts are away, then to the dead letters after some failures."""
        attempts = 0
        while True:
            try:
                await self._handle(record)
                return
            except (errors.Unavailable, stream_errors.PartitionsMismatch):
                # The second: what the library knows of its own topics is older than they are, and is soon renewed.
                logger.warning("the stream waits for the database, or for news of its topics")
                await asyncio.sleep(self.config.consumer_backoff_seconds)
            except events.Unreadable as failure:
                await self._bury(record, failure, 1)
                return
            except Exception as failure:  # noqa: BLE001 (an exception that leaves an agent loses the record)
                attempts += 1
                if attempts >= self.config.consumer_attempts:
                    await self._bury(record, failure, attempts)
                    return
                await asyncio.sleep(self.config.consumer_backoff_seconds)

    async def _handle(self, record: Any) -> None:
        envelope = events.decode(record.headers, record.value)
        event = events.parse(envelope.type, record.value)
        key = counting.person_of(event).encode()
        step = counting.step(event, _unpacked(self._counts.get(key)), self.rule)
        if step is None:
            return
        if step.crossing is not None:
            # First the signal, under an id made of the record; then the table, which may be behind after a crash.
            async with work.unit(
                self.database, auth.service_actor("insight"), service="insight", traceparent=envelope.traceparent
            ) as unit:
                await commands.raise_of_one(
                    unit,
                    person_id=step.person_id,
                    crossing=step.crossing,
                    rule=self.rule,
                    referral_open=bool(step.remembered.referrals),
                )
        self._counts[key] = json.dumps(step.remembered.stored()).encode()

    async def _bury(self, record: Any, failure: BaseException, attempts: int) -> None:
        """Put a record among the dead letters; while Kafka is away, wait: it must not be lost."""
        letter = deadletter.letter(self.config.stream_group, cast(Any, record), failure, attempts, datetime.now(UTC))
        while True:
            if await self._publisher.publish([letter]):
                return
            await asyncio.sleep(self.config.consumer_backoff_seconds)


def _unpacked(stored: bytes | None) -> dict[str, Any] | None:
    return json.loads(stored) if stored else None
