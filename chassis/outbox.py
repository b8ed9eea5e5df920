"""The outbox: events written in the transaction that caused them, waiting there until the relay has published them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy
from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, LargeBinary, text
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db

CHANNEL = "outbox"


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


_COLUMNS = {
    "event_id": "text",
    "topic": "text",
    "key": "text",
    "type": "text",
    "person_id": "text",
    "aggregate": "text",
    "version": "bigint",
    "traceparent": "text",
    "occurred_at": "timestamptz",
    "body": "bytea",
}
# One statement, whatever the number of rows, and the notification with it. A CTE that writes is always carried out.
_INSERT = sqlalchemy.text(
    f"WITH added AS (INSERT INTO outbox ({', '.join(_COLUMNS)}) SELECT * FROM unnest("  # noqa: S608 (our own names)
    + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _COLUMNS.items())
    + f")) SELECT pg_notify('{CHANNEL}', '')"
)


async def append(session: AsyncSession, rows: Sequence[OutboxRow]) -> None:
    """Put events into the outbox in one round trip and wake the relay once the transaction commits."""
    if rows:
        await db.execute(session, _INSERT, {name: [getattr(row, name) for row in rows] for name in _COLUMNS})
