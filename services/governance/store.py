"""Governance's tables, and the statements that read and write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, SmallInteger, String, false, func, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.disclosure import merges


class Table(SQLModel, registry=registry()):
    """A table of this service; the registry of its own keeps its names apart from other services' in one process."""


class PublicationRow(Table, table=True):
    """A version of an agreement as it was published; what services decide by is the frame's projection of it."""

    __tablename__ = "publication"

    agreement_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    valid_from: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    valid_to: datetime | None = Field(default=None, sa_column=Column(DateTime(timezone=True)))
    published_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    published_by: str


class DecisionRow(Table, table=True):
    """A person's decision about sharing with a sector; every version is kept.

    `follows`: recorded for nobody's word, since one that stood turned out to be another person's.
    """

    __tablename__ = "decision_history"

    person_id: str = Field(primary_key=True)
    sector: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    refused: bool
    decided_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    recorded_by: str
    follows: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class DirectoryRow(Table, table=True):
    """An organisation, team or practitioner: its message as registered, with what lists search and filter by."""

    __tablename__ = "directory"
    __table_args__ = (Index("directory_by_name", "kind", "name", "id"),)

    kind: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    name: str
    # Lower-case name, ODS code and e-mail, for searching.
    search: str
    sector: int = Field(default=0, sa_column=Column(SmallInteger, nullable=False))
    # Organisations and teams that the entry belongs to.
    organisation_ids: str = ""
    team_ids: str = ""
    version: int = 1
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class LedgerRow(Table, table=True):
    """One link of the disclosure ledger. The application role may insert and read, nothing else."""

    __tablename__ = "ledger"
    __table_args__ = (Index("ledger_by_person", "person_id", text("sequence DESC")),)

    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    disclosure_id: str = Field(unique=True)
    person_id: str
    organisation_id: str
    at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    previous_hash: str = Field(sa_column=Column(String(64), nullable=False))
    hash: str = Field(sa_column=Column(String(64), nullable=False))


class LedgerHeadRow(Table, table=True):
    """The last link, one row that the migration puts there: its lock lets one writer at a time extend the chain."""

    __tablename__ = "ledger_head"

    id: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: str = Field(sa_column=Column(String(64), nullable=False))


async def publication(session: AsyncSession, agreement_id: str, version: int) -> PublicationRow | None:
    """A published version, if it is there."""
    return await session.get(PublicationRow, (agreement_id, version))


async def publications(
    session: AsyncSession, *, in_force_at: datetime | None, offset: int, limit: int
) -> tuple[Sequence[PublicationRow], int]:
    """Published versions by id and version, and how many there are; only those in force when a time is given."""
    query = select(PublicationRow)
    if in_force_at is not None:
        newest = (
            select(PublicationRow.agreement_id, func.max(PublicationRow.version))
            .where(PublicationRow.valid_from <= in_force_at)
            .group_by(PublicationRow.agreement_id)
        )
        query = query.where(
            tuple_(PublicationRow.agreement_id, PublicationRow.version).in_(newest),
            col(PublicationRow.valid_to).is_(None) | (col(PublicationRow.valid_to) > in_force_at),
        )
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    ordered = query.order_by(PublicationRow.agreement_id, col(PublicationRow.version).desc())
    return (await session.exec(ordered.offset(offset).limit(limit))).all(), total


async def decisions_recorded(session: AsyncSession, person_id: str, sector: int) -> int:
    """How often the person has decided about the sector; taken under a lock, so that versions have no gap."""
    key = f"decision/{person_id}/{sector}"
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    return (
        await session.exec(
            select(func.coalesce(func.max(DecisionRow.version), 0)).where(
                DecisionRow.person_id == person_id, DecisionRow.sector == sector
            )
        )
    ).one()


async def refused_under(session: AsyncSession, person_id: str, sector: int) -> Sequence[str]:
    """The ids of a person, one unless they were merged, under which sharing with the sector is refused at present."""
    newest = (
        select(DecisionRow.person_id, func.max(DecisionRow.version))
        .where(
            merges.is_about(DecisionRow.person_id, [person_id]),
            DecisionRow.sector == sector,
        )
        .group_by(DecisionRow.person_id)
    )
    query = select(DecisionRow.person_id).where(
        tuple_(DecisionRow.person_id, DecisionRow.version).in_(newest),
        DecisionRow.sector == sector,
        col(DecisionRow.refused),
    )
    return (await session.exec(query.order_by(DecisionRow.person_id))).all()


async def upsert_directory(session: AsyncSession, row: DirectoryRow) -> int | None:
    """Register or update a directory entry; its new version, or None when nothing changed."""
    statement = insert(DirectoryRow).values(row.model_dump())
    kept = ("kind", "id", "version")
    changes = {name: statement.excluded[name] for name in row.model_dump() if name not in kept}
    written = await session.exec(
        statement.on_conflict_do_update(
            index_elements=["kind", "id"],
            set_={**changes, "version": DirectoryRow.version + 1},
            where=col(DirectoryRow.content) != statement.excluded.content,
        ).returning(col(DirectoryRow.version))
    )
    return written.scalar_one_or_none()


async def directory(
    session: AsyncSession,
    kind: str,
    *,
    search: str = "",
    sector: int = 0,
    organisation_id: str = "",
    team_id: str = "",
    offset: int = 0,
    limit: int = 25,
) -> tuple[Sequence[DirectoryRow], int]:
    """Directory entries of a kind by name, and how many match."""
    query = select(DirectoryRow).where(DirectoryRow.kind == kind)
    if search:
        query = query.where(col(DirectoryRow.search).contains(search.lower(), autoescape=True))
    if sector:
        query = query.where(DirectoryRow.sector == sector)
    if organisation_id:
        query = query.where(col(DirectoryRow.organisation_ids).contains(f" {organisation_id} ", autoescape=True))
    if team_id:
        query = query.where(col(DirectoryRow.team_ids).contains(f" {team_id} ", autoescape=True))
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    ordered = query.order_by(DirectoryRow.name, DirectoryRow.id).offset(offset).limit(limit)
    return (await session.exec(ordered)).all(), total


async def directory_entry(session: AsyncSession, kind: str, entry_id: str) -> DirectoryRow | None:
    """One entry, if it is there."""
    return await session.get(DirectoryRow, (kind, entry_id))


async def head(session: AsyncSession) -> LedgerHeadRow:
    """The end of the chain, locked until the transaction ends."""
    return (await session.exec(select(LedgerHeadRow).where(LedgerHeadRow.id == 1).with_for_update())).one()


async def end_of_chain(session: AsyncSession) -> tuple[int, str]:
    """Sequence and hash of the end of the chain as it stands, which may move on at once."""
    return (await session.exec(select(LedgerHeadRow.sequence, LedgerHeadRow.hash).where(LedgerHeadRow.id == 1))).one()


async def newest_link(session: AsyncSession) -> int:
    """Sequence of the last link that is stored; 0 when there is none."""
    return (await session.exec(select(func.coalesce(func.max(LedgerRow.sequence), 0)))).one()


async def append(session: AsyncSession, row: LedgerRow) -> None:
    """Add a link, and move the head to it."""
    session.add(row)
    await session.flush()
    await session.exec(update(LedgerHeadRow).values(sequence=row.sequence, hash=row.hash))


async def is_recorded(session: AsyncSession, disclosure_id: str) -> bool:
    """Whether a disclosure is in the ledger already."""
    found = await session.exec(select(LedgerRow.sequence).where(LedgerRow.disclosure_id == disclosure_id))
    return found.first() is not None


async def entries(
    session: AsyncSession, person_id: str, *, organisation_id: str, before: int | None, limit: int
) -> tuple[Sequence[LedgerRow], int]:
    """A person's ledger entries, under any of their ids, newest first, and how many there are in all."""
    query = select(LedgerRow).where(merges.is_about(LedgerRow.person_id, [person_id]))
    if organisation_id:
        query = query.where(LedgerRow.organisation_id == organisation_id)
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    if before is not None:
        query = query.where(LedgerRow.sequence < before)
    rows = (await session.exec(query.order_by(col(LedgerRow.sequence).desc()).limit(limit))).all()
    return rows, total


async def links(session: AsyncSession, *, after: int, limit: int) -> Sequence[LedgerRow]:
    """Links in the order of the chain."""
    query = select(LedgerRow).where(LedgerRow.sequence > after).order_by(col(LedgerRow.sequence)).limit(limit)
    return (await session.exec(query)).all()
