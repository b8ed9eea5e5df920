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

# Pairs whose names are looked through in a search, those that have waited longest; a longer queue wants deciding first.
MOST_SEARCHED = 1_000


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
class Counts:
    """How many pairs nobody has looked at, and of how many somebody was not sure."""

    open: int
    not_sure: int


@dataclass(frozen=True, slots=True)
class Page:
    """The reviews of a page, where the next page begins (None: nowhere), how many there are in all, and what waits."""

    reviews: Sequence[Listed]
    following: paging.Position | None
    total: int
    counts: Counts


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
      FROM suspected LEFT JOIN (
        SELECT DISTINCT ON (first_person_id, second_person_id) first_person_id, second_person_id, version, decision
        FROM review_decision ORDER BY first_person_id, second_person_id, version DESC
      ) AS last ON last.first_person_id = suspected.first AND last.second_person_id = suspected.second
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
# One pass over the queue for the page, how many it is part of, and how the whole queue stands.
_COUNTED = f"""{_QUEUE}, wanted AS (SELECT *{_WANTED}), totals AS (
      SELECT (SELECT count(*) FROM wanted) AS total, count(*) FILTER (WHERE state = 'open') AS open,
        count(*) FILTER (WHERE state = 'not_sure') AS not_sure FROM queue WHERE {_WAITS}
    )
"""  # noqa: S608 (our own words)
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
    values: dict[str, Any] = {"states": [state.value for state in states], "people": person_ids, "most": size + 1}
    place = dict(zip(("p0", "p1", "p2"), after or (), strict=False))
    found = (await db.execute(session, _page(order, begun=after is not None), values | place)).all()
    # Where the page is empty the totals stand alone.
    rows = [row for row in found if row.pair is not None]
    following = _ORDERINGS[order].values(rows[size - 1]) if len(rows) > size else None
    totals = found[0]
    return Page(
        reviews=[_listed(row) for row in rows[:size]],
        following=following,
        total=totals.total,
        counts=Counts(totals.open, totals.not_sure),
    )


async def everybody(session: AsyncSession, states: Sequence[State]) -> list[domain.Person]:
    """The people of the pairs in these states, of the 1,000 that have waited longest: to search among."""
    values = {"states": [state.value for state in states], "people": None}
    return [people.from_row(row) for row in await db.execute(session, _EVERYBODY, values)]


@cache
def _page(order: Order, *, begun: bool) -> sqlalchemy.TextClause:
    ordering = _ORDERINGS[order]
    columns = ", ".join(ordering.columns)
    here = ", ".join(f"CAST(:p{number} AS {kind})" for number, kind in enumerate(ordering.kinds))
    beyond = f"WHERE ({columns}) > ({here})" if begun else ""
    return sqlalchemy.text(
        f"{_COUNTED} SELECT * FROM totals LEFT JOIN (SELECT * FROM wanted {beyond}"  # noqa: S608 (our own words)
        f" ORDER BY {columns} LIMIT CAST(:most AS int)) AS page ON true ORDER BY {columns}"
    )


def _listed(row: Any) -> Listed:
    return Listed(Pair(row.first, row.second), row.version, State(row.state), row.score, row.suspected_at)
