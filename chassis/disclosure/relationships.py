"""Why an organisation, a team or a practitioner may know about a person: the relationship table and its projection."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Column, DateTime, Index, SmallInteger, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, statements
from chassis.disclosure import merges
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


class Spell(NamedTuple):
    """A relationship that begins: a row that has no end yet."""

    person_id: str
    organisation_id: str
    kind: int
    source: str
    team_id: str
    practitioner_id: str
    valid_from: datetime


_KINDS = ("text", "text", "smallint", "text", "text", "text", "timestamptz")


def beginning(first: int) -> str:
    """SQL that begins spells given as one array a column, the first of them parameter number `first`."""
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_KINDS, start=first))
    columns = ", ".join(Spell._fields)
    return (
        f"INSERT INTO relationship ({columns}, valid_to)"  # noqa: S608 (our own names)
        " SELECT begun.*, (SELECT min(ended.valid_to) FROM relationship AS ended"
        " WHERE ended.person_id = begun.person_id AND ended.organisation_id = begun.organisation_id"
        " AND ended.kind = begun.kind AND ended.source = begun.source AND ended.valid_to >= begun.valid_from)"
        f" FROM unnest({arrays}) AS begun ({columns}) ON CONFLICT DO NOTHING"
    )


_BEGIN = beginning(1)


def spell(event: common_pb2.RelationshipEstablished) -> Spell:
    """The spell that an event tells of."""
    return Spell(
        event.person_id,
        event.organisation_id,
        event.kind,
        event.source,
        event.team_id,
        event.practitioner_id,
        event.valid_from.ToDatetime(tzinfo=UTC),
    )


async def establish(session: AsyncSession, *spells: Spell) -> None:
    """Record that relationships began; the same one twice, or after its own end, changes nothing more."""
    await db.fetch(session, _BEGIN, *statements.columns(spells, len(_KINDS)))


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


async def related_as(
    session: AsyncSession, person_id: str, organisation_id: str, kinds: Collection[int], *, now: datetime
) -> bool:
    """Whether an organisation, or anybody in it, is related to a person in one of these ways, by any of their ids."""
    row = RelationshipRow
    query = select(col(row.person_id)).where(
        merges.is_about(row.person_id, [person_id]),
        col(row.organisation_id) == organisation_id,
        col(row.kind).in_(kinds),
        col(row.valid_from) <= now,
        col(row.valid_to).is_(None) | (col(row.valid_to) > now),
    )
    return (await db.execute(session, query.limit(1))).first() is not None


async def project_established(work: Work, event: common_pb2.RelationshipEstablished) -> None:
    """Handler of RelationshipEstablished from any service."""
    await establish(work.session, spell(event))


async def project_ended(work: Work, event: common_pb2.RelationshipEnded) -> None:
    """Handler of RelationshipEnded from any service."""
    await end(work.session, event)
