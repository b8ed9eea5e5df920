"""The keys that merged records have together: written anew whenever a group, or what is known of one in it, changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.identity import domain, merges
from services.identity.matching import blocking

# Reads records as they are stored (`people.get`).
Read = Callable[[AsyncSession, Sequence[str]], Awaitable[Sequence[domain.Person]]]

_SURVIVORS = sqlalchemy.text(
    "SELECT DISTINCT surviving_id FROM also_known_as WHERE person_id = ANY(CAST(:ids AS text[]))"
)
# In one order everywhere, as far as is known before; nobody waits for a lock of somebody else's group.
_LOCK = sqlalchemy.text(
    "SELECT pg_advisory_xact_lock(hashtextextended(id, 7105000004)) FROM unnest(CAST(:ids AS text[])) AS id"
)
_GROUP = sqlalchemy.text("SELECT unnest(known_as(CAST(:ids AS text[]))) AS id")
_FORGET = sqlalchemy.text("DELETE FROM united_key WHERE person_id = ANY(CAST(:ids AS text[]))")
_ADD = sqlalchemy.text(
    "INSERT INTO united_key (key, person_id) SELECT * FROM unnest(CAST(:keys AS bigint[]), CAST(:people AS text[]))"
)


async def restated(session: AsyncSession, before: domain.Person, after: domain.Person, read: Read) -> None:
    """Have somebody be found by what their records say together, now that one that was stored says something else.

    Whoever was never merged costs one question, asked where name or birth date changed. It is a statement of its own:
    one that waited for a merge to let go of the record would not see the merge.
    """
    if not merges.unites_as(before, after):
        await _renew(session, [after.id], (), read)


async def regrouped(session: AsyncSession, ids: Sequence[str], read: Read) -> None:
    """The same where two ids were merged or parted; to be asked for once the groups are as they will be."""
    await _renew(session, ids, ids, read)


async def _renew(session: AsyncSession, ids: Sequence[str], survived: Sequence[str], read: Read) -> None:
    """Write the keys anew of everybody whom these ids stand for; `survived` are ids that stood for a group till now.

    Two who change two records of one person at one time come here one after the other, and the second reads what the
    first has written: no combination of the two is lost.
    """
    held: set[str] = set()
    wanted = set(survived)
    while wanted := (wanted | await _survivors(session, ids)) - held:
        await db.execute(session, _LOCK, {"ids": sorted(wanted)})
        held |= wanted
    if not held:
        return
    group = [row.id for row in await db.execute(session, _GROUP, {"ids": list(ids)})]
    groups = merges.groups(await read(session, group))
    await db.execute(session, _FORGET, {"ids": sorted({*groups, *ids})})
    await _add(session, [(key, survivor) for survivor, one in groups.items() for key in merges.united_keys(one)])


async def _survivors(session: AsyncSession, ids: Collection[str]) -> set[str]:
    return {row.surviving_id for row in await db.execute(session, _SURVIVORS, {"ids": list(ids)})}


async def _add(session: AsyncSession, united: Iterable[tuple[str, str]]) -> None:
    rows = sorted({(blocking.hashed(key), person_id) for key, person_id in united})
    if rows:
        keys, people = zip(*rows, strict=True)
        await db.execute(session, _ADD, {"keys": list(keys), "people": list(people)})
