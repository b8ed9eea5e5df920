"""What sources stated of people, as a human compares it; read past row-level security (see_everybody)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db

MOST_SOURCES = 20
_STATED = sqlalchemy.text(
    """
    SELECT person_id, source, organisation_id, stated_at, demographics->>'nhs_number' AS number FROM statement
    WHERE person_id = ANY(CAST(:people AS text[])) ORDER BY stated_at DESC, source
    """
)


@dataclass(frozen=True, slots=True)
class Source:
    """Who stated something, in the name of which organisation, and when."""

    source: str
    organisation_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stated:
    """The sources of one person's record, newest first, and every NHS Number that was stated of them."""

    sources: tuple[Source, ...] = ()
    numbers: tuple[str, ...] = ()


async def of(session: AsyncSession, person_ids: Collection[str]) -> Mapping[str, Stated]:
    """What was stated of each of these people; at most twenty sources each."""
    sources: dict[str, list[Source]] = {person_id: [] for person_id in person_ids}
    numbers: dict[str, list[str]] = {person_id: [] for person_id in person_ids}
    for row in await db.execute(session, _STATED, {"people": sorted(person_ids)}):
        sources[row.person_id].append(Source(row.source, row.organisation_id, row.stated_at))
        if row.number:
            numbers[row.person_id].append(row.number)
    return {
        person_id: Stated(tuple(sources[person_id][:MOST_SOURCES]), tuple(dict.fromkeys(numbers[person_id])))
        for person_id in person_ids
    }
