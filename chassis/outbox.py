"""The outbox: events written in the transaction that caused them, waiting there until the relay has published them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from chassis import errors

if TYPE_CHECKING:
    from chassis.db import Database

logger = logging.getLogger(__name__)

CHANNEL = "outbox"
_RING_EVERY_SECONDS = 0.005
_PATIENCE_SECONDS = 0.05


class OutboxRow(SQLModel, table=True):
    """One event to publish.

    Ids may become visible out of order when transactions commit out of order, so nothing may go by the highest id seen:
    a row is pending until it is marked. Order for one aggregate still holds, because a transaction that follows another
    one's change draws its ids after that one has committed: rows are inserted last, when every changed row is locked.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_pending", "id", postgresql_where=text("published_at IS NULL")),
        Index("outbox_published", "published_at", postgresql_where=text("published_at IS NOT NULL")),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    event_id: str
    topic: str
    key: str
    type: str
    person_id: str
    aggregate: str
    version: int = Field(sa_type=BigInteger)
    traceparent: str
    occurred_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    published_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class Entry(NamedTuple):
    """What a unit of work puts into the outbox: a row before it has an id."""

    event_id: str
    topic: str
    key: str
    type: str
    person_id: str
    aggregate: str
    version: int
    traceparent: str
    occurred_at: datetime
    body: bytes


_COLUMNS = ", ".join(Entry._fields)
_KINDS = ("text", "text", "text", "text", "text", "text", "bigint", "text", "timestamptz", "bytea")


def insertion(first: int) -> str:
    """SQL that inserts entries given as one array a column, the first of them parameter number `first`."""
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_KINDS, start=first))
    return f"INSERT INTO outbox ({_COLUMNS}) SELECT * FROM unnest({arrays})"  # noqa: S608 (our own names)


# Most queries disclose something about one person: the one row costs half of what unnest() makes of it.
INSERT_ONE = (
    f"INSERT INTO outbox ({_COLUMNS})"  # noqa: S608 (our own names)
    f" VALUES ({', '.join(f'${number}::{kind}' for number, kind in enumerate(_KINDS, start=1))})"
)


class Bell:
    """Wakes the relay after a commit, wherever it runs.

    A relay that leads in this very process is woken without a word to PostgreSQL. Any other is notified, under load no
    more often than every few ms. The notification is not part of the transaction that wrote the events, because a
    transaction that notifies holds a lock on the whole server until its commit is on disk, so that commits queue up one
    behind the other. A notification that a crash swallows is made good by the relay's poll.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wake: Callable[[], None] | None = None
        self._wanted = False
        self._soon = asyncio.Event()
        self._ringing: asyncio.Task[None] | None = None

    @contextmanager
    def answered(self, wake: Callable[[], None]) -> Iterator[None]:
        """Call `wake` instead of notifying, while the relay that leads runs in this process."""
        self._wake = wake
        try:
            yield
        finally:
            self._wake = None

    def ring(self, *, soon: bool = True) -> None:
        """Ask for the relay to be woken, `soon` or with whatever else happens within 50 ms; does not wait."""
        if soon:
            self._soon.set()
            if self._wake is not None:
                self._wake()
                return
        self._wanted = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring(), name="outbox bell")

    async def _ring(self) -> None:
        while self._wanted:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._soon.wait()
            self._soon.clear()
            self._wanted = False
            if self._wake is not None:
                self._wake()
                continue
            try:
                await self._database.notify(CHANNEL)
            except errors.Unavailable:
                logger.debug("the relay was not woken; its poll will find the events")
                return
            await asyncio.sleep(_RING_EVERY_SECONDS)

    async def close(self) -> None:
        """Ring for the last time, if it has to."""
        self._soon.set()
        if self._ringing is not None:
            await self._ringing
