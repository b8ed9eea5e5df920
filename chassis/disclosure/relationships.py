"""Why an organisation, a team or a practitioner may know about a person: the relationship table and its projection."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import Column, DateTime, Index, SmallInteger, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from joinedup.common.v1 import common_pb2

if TYPE_CHECKING:
    from chassis.work import Work


class RelationshipRow(SQLModel, table=True):
    """One spell of a relationship; a spell ends but is never deleted, so that an old release can still be explained.

    An empty team means the whole organisation, an empty practitioner everybody in the team.
    """

    __tablename__ = "relationship"
    __table_args__ = (Index("relationship_by_organisation", "organisation_id", "person_id"),)

    person_id: str = Field(primary_key=True)
    organisation_id: str = Field(primary_key=True)
    kind: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    source: str = Field(primary_key=True)
    team_id: str = Field(default="", primary_key=True)
    practitioner_id: str = Field(default="", primary_key=True)
    valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), primary_key=True))
    valid_to: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True))


# Textual, as every referral that is submitted begins two relationships: composing it would cost more than running it.
_ESTABLISH = sqlalchemy.text(
    "WITH begun AS (SELECT CAST(:person_id AS text) AS person_id, CAST(:organisation_id AS text) AS organisation_id,"
    " CAST(:kind AS smallint) AS kind, CAST(:source AS text) AS source, CAST(:team_id AS text) AS team_id,"
    " CAST(:practitioner_id AS text) AS practitioner_id, CAST(:valid_from AS timestamptz) AS valid_from)"
    " INSERT INTO relationship"
    " (person_id, organisation_id, kind, source, team_id, practitioner_id, valid_from, valid_to)"
    " SELECT begun.*, (SELECT min(ended.valid_to) FROM relationship AS ended"
    " WHERE ended.person_id = begun.person_id AND ended.organisation_id = begun.organisation_id"
    " AND ended.kind = begun.kind AND ended.source = begun.source AND ended.valid_to >= begun.valid_from)"
    " FROM begun ON CONFLICT DO NOTHING"
)


async def establish(session: AsyncSession, event: common_pb2.RelationshipEstablished) -> None:
    """Record that a relationship began; the same event twice, or after its own end, changes nothing more."""
    await db.execute(
        session,
        _ESTABLISH,
        {
            "person_id": event.person_id,
            "organisation_id": event.organisation_id,
            "kind": event.kind,
            "source": event.source,
            "team_id": event.team_id,
            "practitioner_id": event.practitioner_id,
            "valid_from": event.valid_from.ToDatetime(tzinfo=UTC),
        },
    )


async def end(session: AsyncSession, event: common_pb2.RelationshipEnded) -> None:
    """Record that a relationship ended; an end that overtakes its beginning is kept, and applied when that comes."""
    valid_to = event.valid_to.ToDatetime(tzinfo=UTC)
    the_same = (
        col(RelationshipRow.person_id) == event.person_id,
        col(RelationshipRow.organisation_id) == event.organisation_id,
        col(RelationshipRow.kind) == event.kind,
        col(RelationshipRow.source) == event.source,
    )
    begun_before = (*the_same, col(RelationshipRow.valid_from) <= valid_to)
    still_open = col(RelationshipRow.valid_to).is_(None) | (col(RelationshipRow.valid_to) > valid_to)
    await db.execute(session, update(RelationshipRow).where(*begun_before, still_open).values(valid_to=valid_to))
    counted = await db.execute(session, select(func.count()).select_from(RelationshipRow).where(*begun_before))
    if not counted.scalar_one():
        never_valid = {
            "person_id": event.person_id,
            "organisation_id": event.organisation_id,
            "kind": event.kind,
            "source": event.source,
            "team_id": "",
            "practitioner_id": "",
            "valid_from": valid_to,
            "valid_to": valid_to,
        }
        await db.execute(session, insert(RelationshipRow).values(never_valid).on_conflict_do_nothing())


async def project_established(work: Work, event: common_pb2.RelationshipEstablished) -> None:
    """Handler of RelationshipEstablished from any service."""
    await establish(work.session, event)


async def project_ended(work: Work, event: common_pb2.RelationshipEnded) -> None:
    """Handler of RelationshipEnded from any service."""
    await end(work.session, event)
