"""Candidates for a trace: people who share a blocking key, and locks so that two registrations wait for one another."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.identity import domain
from services.identity.store import people

# Candidates whom a trace compares with, those that share most keys first. A person shares a handful of keys with
# themselves as they were; somebody beyond the hundredth best shares one broad key and is nobody's match.
MOST_CANDIDATES = 100

_LOCK = sqlalchemy.text("SELECT pg_advisory_xact_lock(lock) FROM unnest(CAST(:locks AS bigint[])) AS lock")
_CANDIDATES = sqlalchemy.text(
    "WITH near AS (SELECT person_id, count(*) AS shared FROM blocking_key"  # noqa: S608 (our own names)
    " WHERE key = ANY(CAST(:keys AS text[])) GROUP BY person_id ORDER BY shared DESC, person_id LIMIT :most),"
    # Whoever holds the number or once held it is always among them, however many others share a key.
    " named AS (SELECT person_id FROM near UNION SELECT id FROM person WHERE nhs_number = :number"
    " UNION SELECT person_id FROM former_number WHERE nhs_number = :number)"
    # And whoever is the same person as one of them.
    f" SELECT {people.COLUMNS} FROM ({people.TOGETHER}) AS wanted JOIN person ON person.id = wanted.person_id"
)


async def lock(session: AsyncSession, keys: Iterable[str]) -> None:
    """Wait until nobody else registers somebody who shares a key; until the end of the transaction nobody will."""
    # In one order everywhere, so that two registrations wait for one another instead of deadlocking.
    locks = sorted({int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True) for key in keys})
    await db.execute(session, _LOCK, {"locks": locks})


async def candidates(session: AsyncSession, keys: Collection[str], number: str) -> list[domain.Person]:
    """Records of people who share a key or hold the number, and their other records, in one round trip."""
    values = {"keys": list(keys), "number": number or None, "most": MOST_CANDIDATES}
    return [people.from_row(row) for row in await db.execute(session, _CANDIDATES, values)]
