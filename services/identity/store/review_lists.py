"""The review queue: filtered, ordered, a page at a time; read past row-level security (see_everybody)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, paging
from services.identity import domain
from services.identity.reviews import Pair, State
from services.identity.store import people

# People whose names are looked through in a search, of the longest-waiting pairs.
MOST_SEARCHED = 2_000


class Order(StrEnum):
    """How the queue is ordered; the open ones stand above those of which somebody was not sure in any case."""

    SCORE = "score"
    OLDEST = "oldest"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class Listed:
    """A review as the list has it."""

    pair: Pair
    version: int
    state: State
    score: float
    suspected_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """The reviews of a page, where the next page begins (None: nowhere), and how many there are in all."""

    reviews: Sequence[Listed]
    following: paging.Position | None
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many pairs nobody has looked at, and of how many somebody was not sure."""

    open: int
    not_sure: int


@dataclass(frozen=True, slots=True)
class _Ordering:
    """The columns of an order, all ascending, with their types, and a row's values as a position holds them."""

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    values: Callable[[Any], paging.Position]


# Scores as whole millionths, so that a position can hold them exactly; counted down, so that all columns ascend.
_ORDERINGS = MappingProxyType(
    {
        Order.SCORE: _Ordering(
            ("rank", "points", "pair"), ("int", "bigint", "text"), lambda row: (row.rank, row.points, row.pair)
        ),
        Order.OLDEST: _Ordering(
            ("rank", "waited", "pair"), ("int", "bigint", "text"), lambda row: (row.rank, row.waited, row.pair)
        ),
        Order.NEWEST: _Ordering(
            ("rank", "-waited", "pair"), ("int", "bigint", "text"), lambda row: (row.rank, -row.waited, row.pair)
        ),
    }
)
SHAPE = (int, int, str)

# One row a pair, whichever of the two was suspected of being the other, with what was decided last.
_QUEUE = """
    WITH suspected AS (
      SELECT least(person_id COLLATE "C", other_person_id COLLATE "C") AS first,
        greatest(person_id COLLATE "C", other_person_id COLLATE "C") AS second,
        max(score) AS score, min(suspected_at) AS suspected_at
      FROM duplicate GROUP BY 1, 2
    ), queue AS (
      SELECT first, second, score, suspected_at, coalesce(last.version, 0) + 1 AS version,
        coalesce(last.decision, 'open') AS state, (last.decision IS NOT NULL)::int AS rank,
        -round(score * 1000000)::bigint AS points, (extract(epoch FROM suspected_at) * 1000000)::bigint AS waited,
        (first || '.' || second) COLLATE "C" AS pair
      FROM suspected LEFT JOIN LATERAL (
        SELECT version, decision FROM review_decision AS told
        WHERE told.first_person_id = suspected.first AND told.second_person_id = suspected.second
        ORDER BY version DESC LIMIT 1
      ) AS last ON true
    )
"""
# Who was merged without a review is one person, and nobody has to be asked.
_WAITS = """ (state IN ('same', 'different') OR NOT EXISTS (
    SELECT 1 FROM also_known_as AS same WHERE same.person_id = first AND same.other_id = second))
"""
_WANTED = (
    f" FROM queue WHERE state = ANY(CAST(:states AS text[])) AND {_WAITS}"
    " AND (CAST(:people AS text[]) IS NULL OR first = ANY(CAST(:people AS text[]))"
    " OR second = ANY(CAST(:people AS text[])))"
)
_COUNT = sqlalchemy.text(f"{_QUEUE} SELECT count(*) AS total{_WANTED}")
_COUNTS = sqlalchemy.text(
    f"{_QUEUE} SELECT count(*) FILTER (WHERE state = 'open') AS open,"  # noqa: S608 (our own words)
    f" count(*) FILTER (WHERE state = 'not_sure') AS not_sure FROM queue WHERE {_WAITS}"
)
_EVERYBODY = sqlalchemy.text(
    f"{_QUEUE}, found AS (SELECT first, second{_WANTED} ORDER BY waited, pair LIMIT {MOST_SEARCHED})"  # noqa: S608
    f" SELECT {people.COLUMNS} FROM person WHERE id IN (SELECT first FROM found UNION SELECT second FROM found)"
)


async def page(
    session: AsyncSession,
    states: Sequence[State],
    *,
    person_ids: Sequence[str] | None,
    order: Order,
    after: paging.Position | None,
    size: int,
) -> Page:
    """One page of at most `size` reviews, from just after a position; of pairs with one of `person_ids`, or of all."""
    values: dict[str, Any] = {"states": [state.value for state in states], "people": person_ids}
    place = dict(zip(("p0", "p1", "p2"), after or (), strict=False))
    rows = (await db.execute(session, _page(order, begun=after is not None), values | place | {"most": size + 1})).all()
    total = len(rows)
    if len(rows) > size or after is not None:
        total = (await db.execute(session, _COUNT, values)).one().total
    following = _ORDERINGS[order].values(rows[size - 1]) if len(rows) > size else None
    return Page([_listed(row) for row in rows[:size]], following, total)


async def counts(session: AsyncSession) -> Counts:
    """How the whole queue stands."""
    found = (await db.execute(session, _COUNTS)).one()
    return Counts(found.open, found.not_sure)


async def everybody(session: AsyncSession, states: Sequence[State]) -> list[domain.Person]:
    """The people of the pairs in these states, of the 2,000 that have waited longest: to search among."""
    values = {"states": [state.value for state in states], "people": None}
    return [people.from_row(row) for row in await db.execute(session, _EVERYBODY, values)]


@cache
def _page(order: Order, *, begun: bool) -> sqlalchemy.TextClause:
    ordering = _ORDERINGS[order]
    columns = ", ".join(ordering.columns)
    here = ", ".join(f"CAST(:p{number} AS {kind})" for number, kind in enumerate(ordering.kinds))
    beyond = f" AND ({columns}) > ({here})" if begun else ""
    return sqlalchemy.text(f"{_QUEUE} SELECT *{_WANTED}{beyond} ORDER BY {columns} LIMIT CAST(:most AS int)")


def _listed(row: Any) -> Listed:
    return Listed(Pair(row.first, row.second), row.version, State(row.state), row.score, row.suspected_at)
