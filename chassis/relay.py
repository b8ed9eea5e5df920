"""The relay: publishes what stands in the outbox, in order, at least once, whatever dies in between."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from chassis import attributes, db, errors, events, kafka, outbox, settings, telemetry

logger = logging.getLogger(__name__)

# Any number will do, as long as every relay of a database uses the same one.
_LOCK = 7_105_000_001
_PENDING = (
    "SELECT id, event_id, topic, key, type, person_id, aggregate, version, traceparent, occurred_at, body FROM outbox"
    " WHERE published_at IS NULL ORDER BY id LIMIT $1"
)
_MARK = "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[])"
_PRUNE = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE published_at < now() - $1::interval LIMIT 10000)"
# Counted up to a limit: a backlog of a million must not cost a second to count.
_BACKLOG = (
    "SELECT count(*), coalesce(extract(epoch FROM now() - min(occurred_at)), 0) FROM"
    " (SELECT occurred_at FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 100000) AS pending"
)
_PRUNE_EVERY_SECONDS = 60
_MEASURE_EVERY_SECONDS = 10
_FIRST_BACKOFF_SECONDS = 0.1
_LONGEST_BACKOFF_SECONDS = 2.0

Connection = Any


class Relay:
    """One active relay for each database; others stand by.

    The lock, the reading and the marking share one connection. A relay that has lost its lock has therefore lost its
    means to read on, and the most it can do besides the next one is to repeat what it was sending.
    """

    def __init__(self, config: settings.ServiceSettings, database: db.Database) -> None:
        self._config = config
        self._database = database
        self._publisher = kafka.Publisher(config)
        self._wake = asyncio.Event()
        self._source = events.source(config.service)
        self._measure_at = self._prune_at = 0.0
        self.ready = False

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until told to stop; waits out the absence of PostgreSQL and of Kafka."""
        stopped = asyncio.create_task(self._wake_when(stop))
        try:
            while not stop.is_set():
                try:
                    await self._session(stop)
                except errors.Unavailable as failure:
                    logger.warning("relay waits for the database: %s", failure)
                    await self._pause(1, stop)
        finally:
            stopped.cancel()
            await self._publisher.close()

    async def _session(self, stop: asyncio.Event) -> None:
        """Stand by, lead and relay for as long as one connection lives; raises errors.Unavailable."""
        connection = await self._database.listen(statement_seconds=self._config.database_batch_statement_seconds)
        try:
            self.ready = True
            with db.translated():
                await connection.add_listener(outbox.CHANNEL, self._notified)
                while not stop.is_set() and not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                    await self._pause(self._config.relay_poll_seconds, stop)
                with self._database.bell.answered(self._wake.set):
                    await self._lead(connection, stop)
        finally:
            connection.terminate()

    async def _lead(self, connection: Connection, stop: asyncio.Event) -> None:
        backoff = _FIRST_BACKOFF_SECONDS
        while not stop.is_set():
            self._wake.clear()
            rows = await connection.fetch(_PENDING, self._config.relay_batch)
            if rows and not await self._publish(connection, rows):
                await self._tend(connection)
                await self._pause(backoff, stop)
                backoff = min(backoff * 2, _LONGEST_BACKOFF_SECONDS)
                continue
            backoff = _FIRST_BACKOFF_SECONDS
            await self._tend(connection)
            if len(rows) < self._config.relay_batch:
                await self._wait(self._config.relay_poll_seconds)

    async def _tend(self, connection: Connection) -> None:
        """Measure the backlog now and then, and more rarely drop what was published long ago."""
        now = asyncio.get_running_loop().time()
        if now >= self._measure_at:
            self._measure_at = now + _MEASURE_EVERY_SECONDS
            pending, oldest = await connection.fetchrow(_BACKLOG)
            telemetry.gauge(attributes.OUTBOX_PENDING, pending)
            telemetry.gauge(attributes.OUTBOX_OLDEST, float(oldest))
        if now >= self._prune_at:
            self._prune_at = now + _PRUNE_EVERY_SECONDS
            await connection.execute(_PRUNE, timedelta(hours=self._config.outbox_keep_hours))

    async def _publish(self, connection: Connection, rows: Sequence[Any]) -> bool:
        """Send the rows and mark those that Kafka has confirmed; answers whether that was all of them."""
        confirmed = await self._publisher.publish([self._record(row) for row in rows])
        if confirmed:
            await connection.execute(_MARK, [rows[index]["id"] for index in confirmed])
            for topic, number in Counter(rows[index]["topic"] for index in confirmed).items():
                telemetry.count(attributes.EVENTS_PUBLISHED, topic, by=number)
        return len(confirmed) == len(rows)

    def _record(self, row: Any) -> kafka.Outgoing:
        _, event_id, topic, key, kind, person, aggregate, version, traceparent, occurred_at, body = row
        envelope = events.Envelope(
            event_id, kind, self._source, occurred_at, person, traceparent, key, aggregate, version
        )
        headers, value = events.encode(envelope, body)
        return kafka.Outgoing(topic, key.encode(), value, headers, int(occurred_at.timestamp() * 1000))

    def _notified(self, *_: object) -> None:
        self._wake.set()

    async def _wake_when(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _pause(self, seconds: float, stop: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
