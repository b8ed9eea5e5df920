"""The statements that read and write caseworker's tables; row-level security decides which rows an actor sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.disclosure import merges
from services.caseworker import domain
from services.caseworker.tables import ActionRow, CaseRow, ChronologyRow, OrganisationRow, PartnerRow, PlanRow

OPEN_CASE = domain.CaseStatus.OPEN.value


async def find_case(session: AsyncSession, case_id: str, *, lock: bool = False) -> CaseRow | None:
    """A case within reach; locked until the transaction ends when it is going to change."""
    query = select(CaseRow).where(CaseRow.case_id == case_id)
    return (await session.exec(query.with_for_update() if lock else query)).first()


async def case_of_person(session: AsyncSession, person_id: str) -> CaseRow | None:
    """A person's open case, or else the latest, under whichever of their ids."""
    query = select(CaseRow).where(merges.is_about(CaseRow.person_id, [person_id]))
    ordered = query.order_by((col(CaseRow.status) == OPEN_CASE).desc(), col(CaseRow.opened_at).desc())
    return (await session.exec(ordered.limit(1))).first()


async def holders(session: AsyncSession, person_id: str) -> frozenset[str]:
    """The organisations that hold a case of a person, under whichever of their ids, as far as the caller may see it."""
    query = select(CaseRow.organisation_id).where(merges.is_about(CaseRow.person_id, [person_id]))
    return frozenset((await session.exec(query)).all())


async def open_cases(session: AsyncSession, person_id: str) -> Sequence[CaseRow]:
    """Every open case of a person: one, or, of somebody who was merged while they had two, both."""
    query = select(CaseRow).where(merges.is_about(CaseRow.person_id, [person_id]), CaseRow.status == OPEN_CASE)
    return (await session.exec(query.order_by(col(CaseRow.opened_at)))).all()


async def open_under_other_id(session: AsyncSession, person_id: str) -> CaseRow | None:
    """The open case of somebody who was merged, under another id than this; nobody opens one for them meanwhile."""
    known = await merges.known_as(session, person_id)
    if len(known) == 1:
        return None
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(f"case/{min(known)}", 0))))
    others = col(CaseRow.person_id).in_(known - {person_id})
    return (await session.exec(select(CaseRow).where(others, CaseRow.status == OPEN_CASE))).first()


async def open_case(session: AsyncSession, row: CaseRow) -> CaseRow | None:
    """Keep a new case; None when the person has an open one, also when both are opened at the same moment."""
    statement = insert(CaseRow).values(row.model_dump())
    written = await session.exec(
        # As text: with a parameter a prepared plan no longer recognises the partial index after its fifth use.
        statement.on_conflict_do_nothing(index_elements=["person_id"], index_where=text("status = 'open'"))
    )
    return row if written.rowcount else None


async def raise_alert(session: AsyncSession, row: CaseRow, at: datetime) -> None:
    """Note on a case when its latest alert was."""
    row.last_alert_at = max(at, row.last_alert_at or at)
    row.version += 1
    session.add(row)


async def add_partner(session: AsyncSession, row: PartnerRow) -> bool:
    """Make an organisation a partner; whether it was none before."""
    written = await session.exec(insert(PartnerRow).values(row.model_dump()).on_conflict_do_nothing())
    return bool(written.rowcount)


async def partners(session: AsyncSession, case_ids: Sequence[str]) -> dict[str, list[str]]:
    """The partner organisations of each case."""
    rows = await session.exec(
        select(PartnerRow).where(col(PartnerRow.case_id).in_(case_ids)).order_by(col(PartnerRow.added_at))
    )
    found: dict[str, list[str]] = {case_id: [] for case_id in case_ids}
    for row in rows:
        found[row.case_id].append(row.organisation_id)
    return found


async def action_counts(session: AsyncSession, case_ids: Sequence[str], now: datetime) -> dict[str, tuple[int, int]]:
    """How many actions of each case are open, and how many of those are overdue."""
    overdue = case((col(ActionRow.due_at) < now, 1), else_=0)
    rows = await session.exec(
        select(ActionRow.case_id, func.count(), func.coalesce(func.sum(overdue), 0))
        .where(col(ActionRow.case_id).in_(case_ids), col(ActionRow.status).in_(list(domain.OPEN)))
        .group_by(ActionRow.case_id)
    )
    return {case_id: (count, late) for case_id, count, late in rows}


async def person_of_case(session: AsyncSession, case_id: str) -> str | None:
    """Whom a case is about."""
    return (await session.exec(select(CaseRow.person_id).where(CaseRow.case_id == case_id))).first()


async def person_of_action(session: AsyncSession, action_id: str) -> str | None:
    """Whom an action is about."""
    return (await session.exec(select(ActionRow.person_id).where(ActionRow.action_id == action_id))).first()


async def latest_plan(session: AsyncSession, case_id: str) -> PlanRow | None:
    """The plan's version that stands."""
    query = select(PlanRow).where(PlanRow.case_id == case_id).order_by(col(PlanRow.version).desc()).limit(1)
    return (await session.exec(query)).first()


async def find_action(session: AsyncSession, action_id: str, *, lock: bool = False) -> ActionRow | None:
    """An action within reach; locked until the transaction ends when it is going to change."""
    query = select(ActionRow).where(ActionRow.action_id == action_id)
    return (await session.exec(query.with_for_update() if lock else query)).first()


async def actions(
    session: AsyncSession,
    *,
    case_id: str,
    organisation_id: str,
    statuses: Sequence[str],
    offset: int,
    limit: int,
) -> tuple[Sequence[ActionRow], int]:
    """The actions of a case, or of an organisation, the earliest due first, and how many match."""
    query = select(ActionRow).where(col(ActionRow.status).in_(statuses))
    if case_id:
        query = query.where(ActionRow.case_id == case_id)
    else:
        query = query.where(ActionRow.organisation_id == organisation_id)
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    ordered = query.order_by(col(ActionRow.due_at).asc().nulls_last(), col(ActionRow.assigned_at), ActionRow.action_id)
    return (await session.exec(ordered.offset(offset).limit(limit))).all(), total


async def open_actions(session: AsyncSession, case_id: str) -> Sequence[ActionRow]:
    """The actions of a case that nobody has answered for good, locked until the transaction ends."""
    query = select(ActionRow).where(ActionRow.case_id == case_id, col(ActionRow.status).in_(list(domain.OPEN)))
    return (await session.exec(query.order_by(ActionRow.action_id).with_for_update())).all()


async def joined_referrals(session: AsyncSession, case_id: str) -> Sequence[str]:
    """The referrals that joined a case after the one that opened it, as its chronology tells."""
    begins = f"case/{case_id}/referral/"
    query = select(ChronologyRow.source).where(col(ChronologyRow.source).startswith(begins, autoescape=True))
    sources = (await session.exec(query.order_by(ChronologyRow.source))).all()
    return [source.removeprefix(begins) for source in sources]


async def waiting_and_overdue(
    session: AsyncSession, *, case_id: str, organisation_id: str, now: datetime
) -> tuple[int, int]:
    """How many actions of a case, or of an organisation, have no answer, and how many open ones are overdue."""
    status = col(ActionRow.status)
    query = select(
        func.count().filter(status == domain.ActionStatus.ASSIGNED),
        func.count().filter(status.in_(list(domain.OPEN)), col(ActionRow.due_at) < now),
    )
    mine = ActionRow.case_id == case_id if case_id else ActionRow.organisation_id == organisation_id
    waiting, overdue = (await session.exec(query.where(mine))).one()
    return waiting, overdue


async def add_entry(session: AsyncSession, row: ChronologyRow) -> bool:
    """Add to the chronology; False when this person's chronology has the source already."""
    statement = insert(ChronologyRow).values(row.model_dump(exclude={"recorded_at"}))
    written = await session.exec(statement.on_conflict_do_nothing(index_elements=["person_id", "source"]))
    return bool(written.rowcount)


async def chronology(
    session: AsyncSession, person_id: str, *, kinds: Sequence[int], before: tuple[datetime, str] | None, limit: int
) -> tuple[Sequence[ChronologyRow], int]:
    """A person's chronology under all of their ids, newest first, after the row with these values; how many match."""
    query = select(ChronologyRow).where(merges.is_about(ChronologyRow.person_id, [person_id]))
    if kinds:
        query = query.where(col(ChronologyRow.kind).in_(kinds))
    total = (await session.exec(select(func.count()).select_from(query.subquery()))).one()
    if before is not None:
        at, entry_id = before
        earlier = (col(ChronologyRow.at) < at) | (
            (col(ChronologyRow.at) == at) & (col(ChronologyRow.entry_id) < entry_id)
        )
        query = query.where(earlier)
    ordered = query.order_by(col(ChronologyRow.at).desc(), col(ChronologyRow.entry_id).desc())
    return (await session.exec(ordered.limit(limit))).all(), total


async def organisation(session: AsyncSession, organisation_id: str) -> OrganisationRow | None:
    """An organisation of the directory, as far as it has been told here."""
    return await session.get(OrganisationRow, organisation_id)


async def keep_organisation(session: AsyncSession, *, organisation_id: str, name: str, version: int) -> None:
    """Follow the directory; an older version that comes late changes nothing."""
    statement = insert(OrganisationRow).values(id=organisation_id, name=name, version=version)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"name": statement.excluded.name, "version": statement.excluded.version},
            where=col(OrganisationRow.version) <= statement.excluded.version,
        )
    )


async def set_review(session: AsyncSession, case_id: str, review_due_at: datetime | None) -> None:
    """Note on a case when its plan is to be reviewed."""
    await session.exec(update(CaseRow).where(col(CaseRow.case_id) == case_id).values(review_due_at=review_due_at))
