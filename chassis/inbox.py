"""The inbox: the ids of events that have taken effect here, so that what arrives twice takes effect once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime, Index, text
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db


class InboxRow(SQLModel, table=True):
    """An event that one consumer group has handled."""

    __tablename__ = "inbox"
    __table_args__ = (Index("inbox_received", "received_at"),)

    consumer: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    received_at: datetime = Field(
        sa_column=Column(DateTime(timezone=True), nullable=False, server_default=text("now()"))
    )


_CLAIM = (
    "INSERT INTO inbox (consumer, event_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING RETURNING event_id"
)
_PRUNE = "DELETE FROM inbox WHERE received_at < $1"


async def claim(session: AsyncSession, consumer: str, ids: Iterable[str]) -> set[str]:
    """Record the ids and answer those that were new, in one statement.

    A claim by a transaction still under way elsewhere is waited for, so two members of a group can never both win.
    """
    # Sorted, so that two members that claim the same ids wait for one another instead of deadlocking.
    return {row[0] for row in await db.fetch(session, _CLAIM, consumer, sorted(set(ids)))}


async def prune(session: AsyncSession, *, now: datetime, keep: timedelta) -> None:
    """Forget ids older than `keep`, which must exceed the retention of the topics."""
    await db.fetch(session, _PRUNE, now - keep)
