"""The caseload query: which cases somebody holds, in an order that shows trouble first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.disclosure import merges
from services.caseworker import domain
from services.caseworker.tables import ActionRow, CaseRow

# An alert older than this no longer puts a case first.
FRESH_ALERT = timedelta(days=7)


@dataclass(frozen=True)
class Wanted:
    """Which cases: of a key worker, or of a team; always of the caller's organisation."""

    organisation_id: str
    key_worker_id: str
    team_id: str
    statuses: tuple[str, ...]
    person_ids: tuple[str, ...]
    order: str


async def page(
    session: AsyncSession, wanted: Wanted, *, now: datetime, offset: int, limit: int
) -> tuple[Sequence[CaseRow], int]:
    """The cases of one page, and how many there are in all."""
    query = select(CaseRow).where(
        CaseRow.organisation_id == wanted.organisation_id, col(CaseRow.status).in_(wanted.statuses)
    )
    if wanted.key_worker_id:
        query = query.where(CaseRow.key_worker_id == wanted.key_worker_id)
    if wanted.team_id:
        query = query.where(CaseRow.team_id == wanted.team_id)
    if wanted.person_ids:
        query = query.where(merges.is_about(CaseRow.person_id, wanted.person_ids))
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    ordered = query.order_by(*_order(wanted.order, now), CaseRow.case_id)
    return (await session.exec(ordered.offset(offset).limit(limit))).all(), total


def _order(name: str, now: datetime) -> list[Any]:
    if name == "opened_newest":
        return [col(CaseRow.opened_at).desc()]
    if name == "review_due":
        return [col(CaseRow.review_due_at).asc().nulls_last()]
    overdue = (
        select(func.count())
        .select_from(ActionRow)
        .where(
            col(ActionRow.case_id) == CaseRow.case_id,
            col(ActionRow.status).in_(list(domain.OPEN)),
            col(ActionRow.due_at) < now,
        )
        .correlate(CaseRow)
        .scalar_subquery()
    )
    alerted = case((col(CaseRow.last_alert_at) >= now - FRESH_ALERT, 0), else_=1)
    return [alerted, overdue.desc(), col(CaseRow.opened_at).asc()]
