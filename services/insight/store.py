"""Insight's table of signals, and the statements that read and write it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, DateTime, Index, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.disclosure import merges


class Table(SQLModel, registry=registry()):
    """A table of this service; the registry of its own keeps its names apart from other services' in one process."""


class SignalRow(Table, table=True):
    """A signal of rising need; its id is made of the person and the contact that crossed the threshold."""

    __tablename__ = "signal"
    __table_args__ = (Index("signal_by_person", "person_id", text("detected_at DESC")),)

    signal_id: str = Field(primary_key=True)
    person_id: str
    contacts: int
    window_days: int
    threshold: int
    encounter: str
    referral_open: bool
    detected_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


async def add(session: AsyncSession, row: SignalRow) -> bool:
    """Keep a signal; False when it is there already."""
    written = await session.exec(insert(SignalRow).values(row.model_dump()).on_conflict_do_nothing())
    return bool(written.rowcount)


async def signals(session: AsyncSession, *, person_id: str, offset: int, limit: int) -> tuple[Sequence[SignalRow], int]:
    """Signals, latest first, of one person (by any of their ids) or of everybody within reach; and how many."""
    query = select(SignalRow)
    if person_id:
        query = query.where(merges.is_about(SignalRow.person_id, [person_id]))
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    ordered = query.order_by(col(SignalRow.detected_at).desc(), SignalRow.signal_id)
    return (await session.exec(ordered.offset(offset).limit(limit))).all(), total
