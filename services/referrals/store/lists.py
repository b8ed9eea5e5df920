"""Lists of referrals: filtered, ordered, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, case, func, literal, select, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, paging
from chassis.disclosure import merges
from services.referrals import domain
from services.referrals.store import referrals
from services.referrals.store.tables import ReferralRow

Position = tuple[str | int, ...]
RECENT = timedelta(hours=1)


class Order(StrEnum):
    """How a list is ordered."""

    DUE = "due"
    RECEIVED_NEWEST = "received_newest"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which referrals; `team_ids` those received by these teams, `referrer_organisation_id` those sent by one.

    No `person_ids` means everybody; one of a person's ids stands for all of them.
    """

    statuses: Sequence[domain.Status]
    team_ids: Sequence[str] = ()
    referrer_organisation_id: str = ""
    person_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The referrals of a page with their histories, where the next page begins (None: nowhere), and how many in all."""

    referrals: Sequence[domain.Referral]
    following: Position | None
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for triage, what of that is overdue, and what of it came in recently."""

    waiting: int
    overdue: int
    recent: int


@dataclass(frozen=True, slots=True)
class _Ordering:
    """The columns that order a list, all in one direction, and their values in a row as a position holds them."""

    columns: tuple[Any, ...]
    values: Callable[[domain.Referral], Position]
    newest_first: bool = False


_RANKS = {priority.value: rank for rank, priority in enumerate(domain.Priority)}
_RANK = case(_RANKS, value=col(ReferralRow.priority), else_=len(_RANKS))
_ID, _DUE, _RECEIVED = col(ReferralRow.id), col(ReferralRow.due_at), col(ReferralRow.received_at)

_ORDERINGS = MappingProxyType(
    {
        Order.DUE: _Ordering((_DUE, _ID), lambda one: (one.clock.due_at.isoformat(), one.id)),
        Order.RECEIVED_NEWEST: _Ordering(
            (_RECEIVED, _ID), lambda one: (one.received_at.isoformat(), one.id), newest_first=True
        ),
        Order.PRIORITY: _Ordering(
            (_RANK, _DUE, _ID), lambda one: (_RANKS[one.priority.value], one.clock.due_at.isoformat(), one.id)
        ),
    }
)

# The types of a position's values, for each order.
SHAPES = MappingProxyType({Order.DUE: (str, str), Order.RECEIVED_NEWEST: (str, str), Order.PRIORITY: (int, str, str)})


async def page(session: AsyncSession, wanted: Filter, *, order: Order, after: Position | None, size: int) -> Page:
    """One page of at most `size` referrals, from just after a position. Raises Invalid for a position of no list."""
    ordering = _ORDERINGS[order]
    conditions = _conditions(wanted)
    statement = select(ReferralRow).where(*conditions)
    if after is not None:
        statement = statement.where(_beyond(ordering, after))
    ordered = [column.desc() if ordering.newest_first else column for column in ordering.columns]
    rows = (await db.execute(session, statement.order_by(*ordered).limit(size + 1))).all()
    shown = [referrals.referral_of(row) for row in rows[:size]]
    more = len(rows) > size
    total = len(shown)
    if more or after is not None:
        counted = await db.execute(session, select(func.count()).select_from(ReferralRow).where(*conditions))
        total = counted.scalar_one()
    return Page(
        referrals=await referrals.add_histories(session, shown),
        following=ordering.values(shown[-1]) if more else None,
        total=total,
    )


async def counts(session: AsyncSession, team_ids: Sequence[str], *, now: datetime) -> Counts:
    """How the work list of these teams stands."""
    statement = select(
        func.count(),
        func.count().filter(now > _DUE),
        func.count().filter(now - RECENT < _RECEIVED),
    ).where(col(ReferralRow.status) == domain.Status.RECEIVED.value, col(ReferralRow.team_id).in_(team_ids))
    return Counts(*(await db.execute(session, statement)).one())


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [col(ReferralRow.status).in_([status.value for status in wanted.statuses])]
    if wanted.referrer_organisation_id:
        conditions.append(col(ReferralRow.referrer_organisation_id) == wanted.referrer_organisation_id)
    else:
        conditions.append(col(ReferralRow.team_id).in_(wanted.team_ids))
    if wanted.person_ids:
        conditions.append(merges.is_about(ReferralRow.person_id, wanted.person_ids))
    return conditions


def _beyond(ordering: _Ordering, after: Position) -> ColumnElement[bool]:
    columns = tuple_(*ordering.columns)
    here = tuple_(*(literal(_value(column, part)) for column, part in zip(ordering.columns, after, strict=True)))
    return columns < here if ordering.newest_first else columns > here


def _value(column: ColumnElement[Any], part: str | int) -> object:
    if column not in (_DUE, _RECEIVED):
        return part
    return paging.moment(part)
