"""Candidates for a trace: people who share a blocking key, and locks so that two registrations wait for one another."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.identity import domain
from services.identity.store import people

MOST_PER_KEY = 200
"""A key that more people share than this says nothing, and is skipped: a trace reads no more of the register."""

# Candidates whom a trace compares with. Somebody beyond the hundredth shares one broad key and is nobody's match.
MOST_CANDIDATES = 100

_LOCK = sqlalchemy.text("SELECT pg_advisory_xact_lock(lock) FROM unnest(CAST(:locks AS bigint[])) AS lock")
# Each key is looked up by itself and no further than to see that it is too common. Those who share most come first, and
# to share a rare key is to share more. Whoever holds the number is always among them.
_CANDIDATES = sqlalchemy.text(
    f"""
    WITH hit AS MATERIALIZED (
      SELECT asked.key, stored.person_id, count(*) OVER (PARTITION BY asked.key) AS sharing
      FROM unnest(CAST(:keys AS bigint[])) AS asked (key) CROSS JOIN LATERAL (
        SELECT person_id FROM blocking_key WHERE blocking_key.key = asked.key LIMIT {MOST_PER_KEY + 1}
      ) AS stored
    ), wanted AS (
      (SELECT person_id FROM hit WHERE sharing <= {MOST_PER_KEY} GROUP BY person_id
       ORDER BY sum(1.0::float8 / sharing) DESC, person_id LIMIT {MOST_CANDIDATES})
      UNION SELECT id FROM person WHERE nhs_number = :number
    )
    SELECT crowded.keys AS crowded, {people.COLUMNS}
    FROM (SELECT array_agg(DISTINCT key) AS keys FROM hit WHERE sharing > {MOST_PER_KEY}) AS crowded
    LEFT JOIN (wanted JOIN person ON person.id = wanted.person_id) ON true
    """  # noqa: S608 (our own names and numbers)
)


@dataclass(frozen=True, slots=True)
class Nearby:
    """The people who come into question, and the keys that were skipped since too many share them."""

    people: list[domain.Person]
    skipped: frozenset[str]


def hashed(key: str) -> int:
    """A key as it is stored: the first eight bytes of its SHA-256, as PostgreSQL reads them into a bigint.

    Two keys that hash alike do no harm: whoever shares one is compared. The hash keeps names out of the table; it does
    not keep a guess from being tried, so that it is personal data still.
    """
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], signed=True)


async def lock(session: AsyncSession, keys: Iterable[str]) -> None:
    """Wait until nobody else registers somebody who shares a key; until the end of the transaction nobody will."""
    # In one order everywhere, so that two registrations wait for one another instead of deadlocking.
    await db.execute(session, _LOCK, {"locks": sorted(map(hashed, keys))})


async def candidates(session: AsyncSession, keys: Collection[str], number: str) -> Nearby:
    """Registered people who share a key or hold the number, in one round trip of bounded work."""
    asked = {hashed(key): key for key in keys}
    rows = (await db.execute(session, _CANDIDATES, {"keys": list(asked), "number": number or None})).all()
    skipped = frozenset(asked[each] for each in rows[0].crowded or ())
    return Nearby([people.from_row(row) for row in rows if row.id is not None], skipped)
