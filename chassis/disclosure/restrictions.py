"""Whose whereabouts are protected, as every service keeps it: the table, its projection, and who asks for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Column, DateTime, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from chassis.disclosure import merges
from joinedup.identity.v1 import events_pb2

if TYPE_CHECKING:
    from chassis.work import Work


class RestrictionRow(SQLModel, table=True):
    """Whether a person's whereabouts are protected (PDS security code R); the latest word stands.

    `version` counts the words about one person, so that an older one that comes late changes nothing.
    """

    __tablename__ = "restriction"

    person_id: str = Field(primary_key=True)
    restricted: bool
    version: int
    decided_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


async def record(session: AsyncSession, person_id: str, *, restricted: bool, version: int, at: datetime) -> None:
    """Keep a word about a person unless a later one is known."""
    row = {"person_id": person_id, "restricted": restricted, "version": version, "decided_at": at}
    statement = insert(RestrictionRow).values(row)
    new = statement.excluded
    await db.execute(
        session,
        statement.on_conflict_do_update(
            index_elements=["person_id"],
            set_={"restricted": new.restricted, "version": new.version, "decided_at": new.decided_at},
            where=col(RestrictionRow.version) < new.version,
        ),
    )


async def holds(session: AsyncSession, person_id: str) -> bool:
    """Whether a person's whereabouts are protected, under whichever of their ids, as far as this service has heard."""
    said = select(col(RestrictionRow.restricted)).where(
        merges.is_about(RestrictionRow.person_id, [person_id]), col(RestrictionRow.restricted)
    )
    return (await db.execute(session, said)).first() is not None


async def project_restricted(work: Work, event: events_pb2.PersonRestricted) -> None:
    """Handler of PersonRestricted."""
    at = event.restricted_at.ToDatetime(tzinfo=UTC)
    await record(work.session, event.person_id, restricted=True, version=event.version, at=at)


async def project_unrestricted(work: Work, event: events_pb2.PersonUnrestricted) -> None:
    """Handler of PersonUnrestricted."""
    at = event.unrestricted_at.ToDatetime(tzinfo=UTC)
    await record(work.session, event.person_id, restricted=False, version=event.version, at=at)
