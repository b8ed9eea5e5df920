"""Notify's tables, and the statements that read and write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.disclosure import merges
from services.notify.domain import Status


class Table(SQLModel, registry=registry()):
    """A table of this service; the registry of its own keeps its names apart from other services' in one process."""


_DUE = (Status.CREATED, Status.TEMPORARY_FAILURE)


class MessageRow(Table, table=True):
    """A message to an organisation or a practitioner; what it says is composed when it is sent, and not kept."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "message_due",
            "next_attempt_at",
            postgresql_where=text("status IN ('created', 'temporary-failure', 'sending')"),
        ),
        Index("message_newest", text("created_at DESC")),
        Index("message_by_person", "person_id"),
    )

    message_id: str = Field(primary_key=True)
    version: int
    person_id: str
    template: str
    organisation_id: str
    practitioner_id: str = ""
    # The record it is about, "action/<id>", and the code it tells, for example an action's status.
    source: str
    code: str = ""
    status: str
    attempts: int = 0
    problem: str = ""
    link_only: bool = False
    created_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    next_attempt_at: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))


class OrganisationRow(Table, table=True):
    """Where an organisation's messages go; projected from governance's directory."""

    __tablename__ = "organisation"

    id: str = Field(primary_key=True)
    name: str
    sector: int = Field(sa_column=Column(SmallInteger, nullable=False))
    secure_email: str
    version: int


async def create(session: AsyncSession, row: MessageRow) -> bool:
    """Keep a message to be sent; False when it is there already."""
    written = await session.exec(insert(MessageRow).values(row.model_dump()).on_conflict_do_nothing())
    return bool(written.rowcount)


async def claim(session: AsyncSession, *, now: datetime, lease: timedelta, limit: int) -> Sequence[MessageRow]:
    """Messages that are due, locked against other senders, oldest first.

    A message that has been `sending` for longer than the lease belonged to a sender that died.
    """
    due = col(MessageRow.status).in_(_DUE) & (col(MessageRow.next_attempt_at) <= now)
    abandoned = (col(MessageRow.status) == Status.SENDING) & (col(MessageRow.next_attempt_at) <= now - lease)
    query = select(MessageRow).where(due | abandoned).order_by(col(MessageRow.next_attempt_at)).limit(limit)
    return (await session.exec(query.with_for_update(skip_locked=True))).all()


async def find(session: AsyncSession, message_id: str, *, lock: bool = False) -> MessageRow | None:
    """A message within reach."""
    query = select(MessageRow).where(MessageRow.message_id == message_id)
    return (await session.exec(query.with_for_update() if lock else query)).first()


async def messages(
    session: AsyncSession,
    *,
    statuses: Sequence[str],
    organisation_id: str,
    person_id: str,
    offset: int,
    limit: int,
) -> tuple[Sequence[MessageRow], int]:
    """Messages, newest first, and how many match."""
    query = select(MessageRow)
    if statuses:
        query = query.where(col(MessageRow.status).in_(statuses))
    if organisation_id:
        query = query.where(MessageRow.organisation_id == organisation_id)
    if person_id:
        query = query.where(merges.is_about(MessageRow.person_id, [person_id]))
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    ordered = query.order_by(col(MessageRow.created_at).desc(), MessageRow.message_id)
    return (await session.exec(ordered.offset(offset).limit(limit))).all(), total


async def organisation(session: AsyncSession, organisation_id: str) -> OrganisationRow | None:
    """Where an organisation's messages go, as far as it has been told here."""
    return await session.get(OrganisationRow, organisation_id)


async def keep_organisation(session: AsyncSession, row: OrganisationRow) -> None:
    """Follow the directory; an older version that comes late changes nothing."""
    statement = insert(OrganisationRow).values(row.model_dump())
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: statement.excluded[name] for name in ("name", "sector", "secure_email", "version")},
            where=col(OrganisationRow.version) <= statement.excluded.version,
        )
    )
