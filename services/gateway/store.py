"""The gateway's tables: which messages came and what became of them, never what they said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession


class Table(SQLModel, registry=registry()):
    """A table of this service; the registry of its own keeps its names apart from other services' in one process."""


class MessageRow(Table, table=True):
    """A message that came in: who sent it, a hash of it, and the answer. The message itself is not kept."""

    __tablename__ = "message"
    __table_args__ = (Index("message_by_request", "organisation_id", "request_id"),)

    organisation_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    sha256: str = Field(sa_column=Column(String(64), nullable=False))
    # "referred", "revoked" or "refused".
    outcome: str
    # The sender's id of what it asked for; a later message that revokes it names the same.
    request_id: str = ""
    referral_id: str = ""
    http_status: int = Field(sa_column=Column(SmallInteger, nullable=False))
    answer: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    received_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class EncounterRow(Table, table=True):
    """A contact that was taken in; an organisation's encounter id is one contact."""

    __tablename__ = "encounter"

    organisation_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    person_id: str
    recorded_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class OrganisationRow(Table, table=True):
    """Which organisation an ODS code is; projected from governance's directory."""

    __tablename__ = "organisation"
    __table_args__ = (Index("organisation_by_ods_code", "ods_code"),)

    id: str = Field(primary_key=True)
    ods_code: str
    sector: int = Field(sa_column=Column(SmallInteger, nullable=False))
    version: int


async def known_message(session: AsyncSession, organisation_id: str, message_id: str) -> MessageRow | None:
    """A message that this organisation sent before."""
    return await session.get(MessageRow, (organisation_id, message_id))


async def keep_message(session: AsyncSession, row: MessageRow) -> MessageRow:
    """Keep what became of a message; what stands afterwards.

    A refusal gives way to the same message taken in later; anything else that stands already, stays.
    """
    statement = insert(MessageRow).values(row.model_dump())
    key = ("organisation_id", "message_id")
    changes = {name: statement.excluded[name] for name in row.model_dump() if name not in key}
    await session.exec(
        statement.on_conflict_do_update(index_elements=key, set_=changes, where=col(MessageRow.outcome) == "refused")
    )
    stands = await known_message(session, row.organisation_id, row.message_id)
    return stands or row


async def referral_asked_by(session: AsyncSession, organisation_id: str, request_id: str) -> str | None:
    """The referral that an organisation's request became."""
    found = await session.exec(
        select(MessageRow.referral_id).where(
            MessageRow.organisation_id == organisation_id,
            MessageRow.request_id == request_id,
            MessageRow.outcome == "referred",
        )
    )
    return found.first()


async def record_encounters(session: AsyncSession, rows: Sequence[EncounterRow]) -> set[tuple[str, str]]:
    """Keep contacts in one statement; the keys of those that were new."""
    if not rows:
        return set()
    statement = insert(EncounterRow).values([row.model_dump() for row in rows]).on_conflict_do_nothing()
    written = await session.exec(statement.returning(col(EncounterRow.organisation_id), col(EncounterRow.encounter_id)))
    return {(organisation_id, encounter_id) for organisation_id, encounter_id in written}


async def organisation_of(session: AsyncSession, ods_code: str) -> OrganisationRow | None:
    """The organisation with an ODS code, as far as it has been told here."""
    return (await session.exec(select(OrganisationRow).where(OrganisationRow.ods_code == ods_code))).first()


async def keep_organisation(session: AsyncSession, row: OrganisationRow) -> None:
    """Follow the directory; an older version that comes late changes nothing."""
    statement = insert(OrganisationRow).values(row.model_dump())
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: statement.excluded[name] for name in ("ods_code", "sector", "version")},
            where=col(OrganisationRow.version) <= statement.excluded.version,
        )
    )
