"""The statements behind an assignment: what came in while two people were taken for one, and moving it to one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.disclosure import merges
from services.caseworker.tables import ActionRow, CaseRow, ChronologyRow, PartnerRow, PlanRow

Row = TypeVar("Row", bound=SQLModel)


async def cases(
    session: AsyncSession, spell: merges.Spell, *, offset: int, limit: int
) -> tuple[Sequence[CaseRow], int]:
    """Cases of the two that were opened while they were merged, oldest first, and how many there are."""
    at = (CaseRow.opened_at, CaseRow.case_id)
    return await _page(session, CaseRow, spell, at, offset=offset, limit=limit)


async def entries(
    session: AsyncSession, spell: merges.Spell, *, offset: int, limit: int
) -> tuple[Sequence[ChronologyRow], int]:
    """Entries of the two that came in while they were merged, oldest first, and how many there are."""
    at = (ChronologyRow.recorded_at, ChronologyRow.entry_id)
    return await _page(session, ChronologyRow, spell, at, offset=offset, limit=limit)


async def _page(
    session: AsyncSession, table: type[Row], spell: merges.Spell, at: tuple[Any, Any], *, offset: int, limit: int
) -> tuple[Sequence[Row], int]:
    moment, key = col(at[0]), col(at[1])
    about = merges.is_about(table.person_id, spell.ids)  # type: ignore[attr-defined]  # every table that is given has it
    query = select(table).where(about, moment >= spell.merged_at)
    if spell.until is not None:
        query = query.where(moment < spell.until)
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    return (await session.exec(query.order_by(moment, key).offset(offset).limit(limit))).all(), total


async def find_entry(session: AsyncSession, entry_id: str) -> ChronologyRow | None:
    """An entry within reach, locked until the transaction ends."""
    return (
        await session.exec(select(ChronologyRow).where(ChronologyRow.entry_id == entry_id).with_for_update())
    ).first()


async def person_of_entry(session: AsyncSession, entry_id: str) -> str | None:
    """Whom an entry is about."""
    return (await session.exec(select(ChronologyRow.person_id).where(ChronologyRow.entry_id == entry_id))).first()


async def partners(session: AsyncSession, case_id: str) -> Sequence[str]:
    """The organisations that know of a case as partners of its plan."""
    query = select(PartnerRow.organisation_id).where(PartnerRow.case_id == case_id).order_by(PartnerRow.organisation_id)
    return (await session.exec(query)).all()


async def move_case(session: AsyncSession, row: CaseRow, person_id: str) -> None:
    """Let a case be about somebody else, with its partners, its plan's versions, its actions and their entries."""
    case_id, former = row.case_id, row.person_id
    plans = (await session.exec(select(PlanRow.plan_id).where(PlanRow.case_id == case_id).distinct())).all()
    actions = (await session.exec(select(ActionRow.action_id).where(ActionRow.case_id == case_id))).all()
    row.person_id = person_id
    row.version += 1
    session.add(row)
    await session.flush()
    for table in (PartnerRow, PlanRow, ActionRow):
        await session.exec(update(table).where(col(table.case_id) == case_id).values(person_id=person_id))
    records = [f"case/{case_id}", *(f"plan/{one}" for one in plans), *(f"action/{one}" for one in actions)]
    await move_entries(session, records, former=former, person_id=person_id)


async def move_entries(session: AsyncSession, records: Sequence[str], *, former: str, person_id: str) -> None:
    """Let the entries that tell of some records be about somebody else, but for those that they have already."""
    told_of = [
        condition
        for record in records
        for condition in (
            col(ChronologyRow.source) == record,
            col(ChronologyRow.source).startswith(f"{record}/", autoescape=True),
        )
    ]
    theirs = aliased(ChronologyRow)
    has_it = exists().where(col(theirs.person_id) == person_id, col(theirs.source) == col(ChronologyRow.source))
    await session.exec(
        update(ChronologyRow)
        .where(col(ChronologyRow.person_id) == former, or_(*told_of), ~has_it)
        .values(person_id=person_id, version=ChronologyRow.version + 1)
        .execution_options(synchronize_session=False)
    )
