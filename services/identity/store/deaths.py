"""Who has died, as it was told: the latest word about each record stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy
from sqlalchemy import Column, DateTime
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.identity.store import tables


class VitalStatusRow(tables.Table, table=True):
    """A word about whether somebody has died: on which day (ISO 8601), or empty, that they have not."""

    __tablename__ = "vital_status"

    person_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    died_on: str
    source: str
    recorded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


# Of somebody who was merged, the latest word about any of their records.
_OF = sqlalchemy.text(
    """
    SELECT asked.id, latest.died_on FROM unnest(CAST(:ids AS text[])) AS asked (id) CROSS JOIN LATERAL (
      SELECT died_on FROM vital_status WHERE person_id = ANY (known_as(ARRAY[asked.id]))
      ORDER BY recorded_at DESC, version DESC LIMIT 1
    ) AS latest WHERE latest.died_on <> ''
    """
)
_LAST = sqlalchemy.text(
    "SELECT version, died_on FROM vital_status WHERE person_id = :person_id ORDER BY version DESC LIMIT 1"
)
_ADD = sqlalchemy.text(
    "INSERT INTO vital_status (person_id, version, died_on, source, recorded_at)"
    " VALUES (:person_id, :version, :died_on, :source, :at)"
)


async def of(session: AsyncSession, person_ids: Collection[str]) -> Mapping[str, str]:
    """On which day those of these people died who did."""
    return {row.id: row.died_on for row in await db.execute(session, _OF, {"ids": sorted(set(person_ids))})}


async def last(session: AsyncSession, person_id: str) -> tuple[int, str]:
    """The latest word about a record: its version, 0 for none, and the day, empty where they have not died."""
    row = (await db.execute(session, _LAST, {"person_id": person_id})).one_or_none()
    return (row.version, row.died_on) if row else (0, "")


async def add(session: AsyncSession, person_id: str, *, version: int, died_on: str, source: str, at: datetime) -> None:
    """Keep a word. The person's row is locked: nobody else says another meanwhile."""
    values = {"person_id": person_id, "version": version, "died_on": died_on, "source": source, "at": at}
    await db.execute(session, _ADD, values)
