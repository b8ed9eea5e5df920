"""The statements behind an assignment: what was said about sharing, and whose word a human said that it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, DateTime, SmallInteger, and_, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.disclosure import merges
from services.governance.store import DecisionRow, Table
from services.governance.words import Said


class DecisionAssignmentRow(Table, table=True):
    """A human's word that a decision, recorded under one id, was another person's."""

    __tablename__ = "decision_assignment"

    person_id: str = Field(primary_key=True)
    sector: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    assigned_to: str
    merge_id: str
    assigned_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    assigned_by: str


_ASSIGNED = and_(
    col(DecisionAssignmentRow.person_id) == col(DecisionRow.person_id),
    col(DecisionAssignmentRow.sector) == col(DecisionRow.sector),
    col(DecisionAssignmentRow.version) == col(DecisionRow.version),
)


async def between(
    session: AsyncSession, spell: merges.Spell, *, offset: int, limit: int
) -> tuple[Sequence[tuple[int, Said]], int]:
    """What the two said while they were merged, each with its sector, oldest first, and how many there are."""
    query = _words().where(
        merges.is_about(DecisionRow.person_id, spell.ids),
        col(DecisionRow.decided_at) >= spell.merged_at,
        ~col(DecisionRow.follows),
    )
    if spell.until is not None:
        query = query.where(col(DecisionRow.decided_at) < spell.until)
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    ordered = query.order_by(col(DecisionRow.decided_at), DecisionRow.person_id, col(DecisionRow.sector))
    rows = (await session.exec(ordered.offset(offset).limit(limit))).all()
    return [(row.sector, _said(row, assigned_to)) for row, assigned_to in rows], total


async def about(session: AsyncSession, person_ids: Collection[str], sector: int) -> list[Said]:
    """All that is on record of some people about one sector."""
    query = _words().where(col(DecisionRow.person_id).in_(sorted(person_ids)), DecisionRow.sector == sector)
    return [_said(row, assigned_to) for row, assigned_to in (await session.exec(query)).all()]


async def assign(session: AsyncSession, row: DecisionAssignmentRow) -> None:
    """Keep whose word a decision was; a later human's word replaces an earlier one."""
    statement = insert(DecisionAssignmentRow).values(row.model_dump())
    kept = ("assigned_to", "merge_id", "assigned_at", "assigned_by")
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["person_id", "sector", "version"],
            set_={name: statement.excluded[name] for name in kept},
        )
    )


def _words() -> Any:
    return select(DecisionRow, DecisionAssignmentRow.assigned_to).outerjoin(DecisionAssignmentRow, _ASSIGNED)


def _said(row: DecisionRow, assigned_to: str | None) -> Said:
    return Said(row.person_id, row.version, row.refused, row.decided_at, row.follows, assigned_to or "")
