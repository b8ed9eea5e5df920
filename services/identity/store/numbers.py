"""Numbers that were somebody's, and statuses as they were established."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy
from sqlalchemy import BigInteger, Column, DateTime, Identity
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.identity import domain, numbers
from services.identity.store import tables


class FormerNumberRow(tables.Table, table=True):
    """A number that was somebody's; it is followed to them for good, and nobody else is given it."""

    __tablename__ = "former_number"

    nhs_number: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    ended: str
    replaced_by: str
    source: str
    ended_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class VerificationRow(tables.Table, table=True):
    """A status of somebody's number: by what it was established, from which record, and by whom."""

    __tablename__ = "verification"

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    person_id: str = Field(index=True)
    status: str
    authority: str
    source: str
    actor: str
    organisation_id: str
    verified_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


_HOLDER = sqlalchemy.text(
    "SELECT id FROM person WHERE nhs_number = :number"
    " UNION ALL SELECT person_id FROM former_number WHERE nhs_number = :number LIMIT 1"
)
_END = sqlalchemy.text(
    "INSERT INTO former_number (nhs_number, person_id, ended, replaced_by, source, ended_at)"
    " VALUES (:number, :person_id, :ended, :replaced_by, :source, :at)"
)
_FORMER = sqlalchemy.text(
    "SELECT nhs_number, ended, replaced_by, source, ended_at FROM former_number"
    " WHERE person_id = :person_id ORDER BY ended_at, nhs_number"
)
_VERIFIED = sqlalchemy.text(
    "INSERT INTO verification (person_id, status, authority, source, actor, organisation_id, verified_at)"
    " VALUES (:person_id, :status, :authority, :source, :actor, :organisation_id, :at)"
)
_VERIFICATIONS = sqlalchemy.text(
    "SELECT status, authority, source, actor, organisation_id, verified_at FROM verification"
    " WHERE person_id = :person_id ORDER BY id"
)
_SUSPECT = sqlalchemy.text(
    "INSERT INTO duplicate (person_id, other_person_id, score, reasons, suspected_at)"
    " SELECT CAST(:person_id AS text), CAST(:other AS text), :score, CAST(:reasons AS text[]), :at"
    " WHERE NOT EXISTS (SELECT 1 FROM duplicate"
    " WHERE person_id = CAST(:other AS text) AND other_person_id = CAST(:person_id AS text))"
    " ON CONFLICT DO NOTHING RETURNING other_person_id"
)


async def holder(session: AsyncSession, number: str) -> str:
    """The id of whoever has the number, or had it; empty for nobody. Needs sight of everybody."""
    found = await db.execute(session, _HOLDER, {"number": number})
    return str(found.scalar() or "")


async def end(session: AsyncSession, person_id: str, former: numbers.Former) -> None:
    """Keep a number that ceased to be somebody's."""
    values = {
        "number": former.number,
        "person_id": person_id,
        "ended": former.end.value,
        "replaced_by": former.replaced_by,
        "source": former.source,
        "at": former.at,
    }
    await db.execute(session, _END, values)


async def former(session: AsyncSession, person_id: str) -> list[numbers.Former]:
    """The numbers that were somebody's, oldest first."""
    rows = await db.execute(session, _FORMER, {"person_id": person_id})
    return [
        numbers.Former(row.nhs_number, numbers.End(row.ended), row.replaced_by, row.source, row.ended_at)
        for row in rows
    ]


async def verified(session: AsyncSession, person_id: str, one: numbers.Verified) -> None:
    """Keep a status as it was established."""
    values = {
        "person_id": person_id,
        "status": one.status.value,
        "authority": one.authority.value,
        "source": one.source,
        "actor": one.actor,
        "organisation_id": one.organisation_id,
        "at": one.at,
    }
    await db.execute(session, _VERIFIED, values)


async def verifications(session: AsyncSession, person_id: str) -> list[numbers.Verified]:
    """The statuses of somebody's number as they were established, oldest first."""
    rows = await db.execute(session, _VERIFICATIONS, {"person_id": person_id})
    return [
        numbers.Verified(
            domain.Verification(row.status),
            numbers.Authority(row.authority),
            row.source,
            row.actor,
            row.organisation_id,
            row.verified_at,
        )
        for row in rows
    ]


async def suspect(session: AsyncSession, person_id: str, suspect: domain.Suspect, *, at: datetime) -> bool:
    """Have a human say whether two people are one; whether that was not asked already, either way round."""
    values = {
        "person_id": person_id,
        "other": suspect.person_id,
        "score": suspect.score,
        "reasons": list(suspect.reasons),
        "at": at,
    }
    return (await db.execute(session, _SUSPECT, values)).first() is not None
