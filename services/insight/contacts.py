"""Contacts in crisis and referrals, each under its own id: by them whoever was merged is counted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.insight.store import Table


class ContactRow(Table, table=True):
    """A contact in crisis: whose it is, and when (seconds since 1970).

    Without a time it has only been said whose it is: it has not been told here yet, or it was no crisis.
    """

    __tablename__ = "contact"
    __table_args__ = (Index("contact_by_person", "person_id"),)

    encounter: str = Field(primary_key=True)
    person_id: str
    at: int | None = Field(default=None, sa_column=Column(BigInteger))


class ReferralRow(Table, table=True):
    """A referral, whose it is, and whether it is open."""

    __tablename__ = "referral"
    __table_args__ = (Index("referral_by_person", "person_id"),)

    referral_id: str = Field(primary_key=True)
    person_id: str
    is_open: bool
    version: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person under all their ids: contacts by key with their time, and whose each is."""

    contacts: dict[str, int]
    whose: dict[str, str]
    referral_open: bool


# In one order everywhere; where two still meet crosswise, PostgreSQL ends one, and it is tried again.
_HOLD = sqlalchemy.text(
    "SELECT pg_advisory_xact_lock(hashtextextended('count/' || id, 0))"
    " FROM (SELECT unnest(CAST(:ids AS text[])) AS id ORDER BY 1) AS held"
)
# A contact is told once, and whose it is may have been said before.
_KEEP = sqlalchemy.text(
    "INSERT INTO contact AS known (encounter, person_id, at) VALUES (:encounter, :person_id, :at)"
    " ON CONFLICT (encounter) DO UPDATE SET at = excluded.at WHERE known.at IS NULL"
)
_WHOSE = sqlalchemy.text("SELECT person_id FROM contact WHERE encounter = :encounter")
_ASSIGN = sqlalchemy.text(
    "INSERT INTO contact (encounter, person_id, at) VALUES (:encounter, :person_id, NULL)"
    " ON CONFLICT (encounter) DO UPDATE SET person_id = excluded.person_id"
)
_KEEP_REFERRAL = sqlalchemy.text(
    "INSERT INTO referral AS known (referral_id, person_id, is_open, version)"
    " VALUES (:referral_id, :person_id, :is_open, :version)"
    " ON CONFLICT (referral_id) DO UPDATE SET person_id = excluded.person_id, is_open = excluded.is_open,"
    " version = excluded.version WHERE known.version < excluded.version"
)
_ASSIGN_REFERRAL = sqlalchemy.text(
    "UPDATE referral SET person_id = :person_id, version = :version WHERE referral_id = :referral_id"
    " AND version < :version"
)
_CONTACTS = sqlalchemy.text(
    "SELECT encounter, person_id, at FROM contact WHERE person_id = ANY(CAST(:ids AS text[])) AND at IS NOT NULL"
)
_OPEN = sqlalchemy.text(
    "SELECT EXISTS (SELECT 1 FROM referral WHERE person_id = ANY(CAST(:ids AS text[])) AND is_open)"
)
_TOLD = sqlalchemy.text(
    "SELECT EXISTS (SELECT 1 FROM signal WHERE person_id = ANY(CAST(:ids AS text[]))"
    " AND encounter = ANY(CAST(:encounters AS text[])))"
)


async def hold(session: AsyncSession, ids: Collection[str]) -> None:
    """Until the end of the transaction nobody else counts anything of these people."""
    await db.execute(session, _HOLD, {"ids": sorted(ids)})


async def keep(session: AsyncSession, *, encounter: str, person_id: str, at: int) -> str:
    """Keep a contact in crisis; the same again changes nothing. Answers whose it is, which a human may have said."""
    await db.execute(session, _KEEP, {"encounter": encounter, "person_id": person_id, "at": at})
    return str((await db.execute(session, _WHOSE, {"encounter": encounter})).scalar_one())


async def assign(session: AsyncSession, *, encounter: str, person_id: str) -> None:
    """Let a contact be somebody else's, whether it has been told here or not."""
    await db.execute(session, _ASSIGN, {"encounter": encounter, "person_id": person_id})


async def keep_referral(
    session: AsyncSession, *, referral_id: str, person_id: str, is_open: bool, version: int
) -> None:
    """Follow a referral; an older version that comes late changes nothing."""
    values = {"referral_id": referral_id, "person_id": person_id, "is_open": is_open, "version": version}
    await db.execute(session, _KEEP_REFERRAL, values)


async def assign_referral(session: AsyncSession, *, referral_id: str, person_id: str, version: int) -> None:
    """Let a referral be somebody else's."""
    await db.execute(
        session, _ASSIGN_REFERRAL, {"referral_id": referral_id, "person_id": person_id, "version": version}
    )


async def known(session: AsyncSession, ids: Collection[str]) -> Known:
    """What is known of the person of these ids."""
    asked = {"ids": sorted(ids)}
    rows = (await db.execute(session, _CONTACTS, asked)).all()
    referral_open = bool((await db.execute(session, _OPEN, asked)).scalar_one())
    return Known({row.encounter: row.at for row in rows}, {row.encounter: row.person_id for row in rows}, referral_open)


async def told(session: AsyncSession, ids: Collection[str], encounters: Collection[str]) -> bool:
    """Whether a signal of the person stands that one of these contacts raised."""
    asked = {"ids": sorted(ids), "encounters": sorted(encounters)}
    return bool((await db.execute(session, _TOLD, asked)).scalar_one())
