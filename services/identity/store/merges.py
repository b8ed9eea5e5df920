"""Merges: decided, taken back, found; and what was stated of the person in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, errors
from chassis.disclosure import merges as groups
from services.identity import domain, merges
from services.identity.store import people, united

MOST_SINCE = 200
_EVER = datetime(9999, 1, 1, tzinfo=UTC)

_COLUMNS = (
    "merge_id, version, surviving_id, merged_id, reason_code, note, merged_by, merged_at,"
    " unmerge_reason_code, unmerge_note, unmerged_by, unmerged_at"
)
# In one order everywhere, so that two merges wait for one another instead of deadlocking.
_LOCK = sqlalchemy.text("SELECT id FROM person WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id FOR UPDATE")
_ADD = sqlalchemy.text(
    f"INSERT INTO merge_decision ({_COLUMNS}) VALUES (:merge_id, :version, :surviving_id, :merged_id,"  # noqa: S608
    " :reason_code, :note, :merged_by, :merged_at, '', '', '', NULL)"
)
_END = sqlalchemy.text(
    "UPDATE merge_decision SET version = :version, unmerge_reason_code = :reason_code, unmerge_note = :note,"
    " unmerged_by = :unmerged_by, unmerged_at = :unmerged_at WHERE merge_id = :merge_id AND version = :before"
    " RETURNING merge_id"
)
_GET = sqlalchemy.text(f"SELECT {_COLUMNS} FROM merge_decision WHERE merge_id = :merge_id")  # noqa: S608
_WHERE = (
    "(:person = '' OR surviving_id = ANY (known_as(ARRAY[:person])) OR merged_id = ANY (known_as(ARRAY[:person])))"
    " AND (NOT :standing OR unmerged_at IS NULL) AND (NOT :taken_back OR unmerged_at IS NOT NULL)"
)
_PAGE = sqlalchemy.text(
    f"SELECT {_COLUMNS} FROM merge_decision WHERE {_WHERE}"  # noqa: S608
    " AND (merged_at, merge_id) < (CAST(:at AS timestamptz), :id) ORDER BY merged_at DESC, merge_id DESC LIMIT :most"
)
_COUNT = sqlalchemy.text(f"SELECT count(*) FROM merge_decision WHERE {_WHERE}")  # noqa: S608
_SINCE = sqlalchemy.text(
    "SELECT person_id, source, stated_at, encode(digest, 'hex'), organisation_id FROM statement"
    " WHERE person_id = ANY(CAST(:ids AS text[]))"
    " AND stated_at >= :begin AND (CAST(:end AS timestamptz) IS NULL OR stated_at < :end)"
    " ORDER BY stated_at, digest LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Stated:
    """That a source stated something of a person, under which id it was recorded, and its own id there."""

    recorded_under: str
    source: str
    at: datetime
    statement_id: str
    organisation_id: str = ""


async def locked(session: AsyncSession, ids: Sequence[str]) -> Mapping[str, domain.Person]:
    """The records of people as they are stored, locked until the transaction ends."""
    await db.execute(session, _LOCK, {"ids": sorted(ids)})
    return await records(session, ids)


async def records(session: AsyncSession, ids: Sequence[str]) -> Mapping[str, domain.Person]:
    """The same without a lock."""
    return {record.id: record for record in await people.get(session, ids)}


async def add(session: AsyncSession, merge: merges.Merge) -> None:
    """Store a merge: from now on the two ids are answered as one."""
    values = {
        "merge_id": merge.id,
        "version": merge.version,
        "surviving_id": merge.surviving_id,
        "merged_id": merge.merged_id,
        "reason_code": merge.why.reason_code,
        "note": merge.why.note,
        "merged_by": merge.merged_by,
        "merged_at": merge.merged_at,
    }
    await db.execute(session, _ADD, values)
    await _regroup(session, merge)


async def end(session: AsyncSession, before: merges.Merge, after: merges.Merge) -> None:
    """Store that a merge was taken back. Raises Conflict when somebody else was faster."""
    why = after.unmerge_why or merges.Why("")
    values = {
        "merge_id": after.id,
        "version": after.version,
        "before": before.version,
        "reason_code": why.reason_code,
        "note": why.note,
        "unmerged_by": after.unmerged_by,
        "unmerged_at": after.unmerged_at,
    }
    if not (await db.execute(session, _END, values)).rowcount:
        raise errors.Conflict("somebody else has taken the merge back meanwhile")
    await _regroup(session, after)


async def get(session: AsyncSession, merge_id: str) -> merges.Merge | None:
    """A merge that the actor sees."""
    row = (await db.execute(session, _GET, {"merge_id": merge_id})).one_or_none()
    return _merge(row) if row else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which merges are asked for: of one person or of everybody, only those that stand, only those taken back."""

    person_id: str = ""
    standing: bool = False
    taken_back: bool = False


async def page(
    session: AsyncSession, which: Wanted, *, before: tuple[datetime, str] | None, most: int
) -> tuple[list[merges.Merge], int]:
    """Merges that the actor sees, newest first, from just after a position, and how many there are in all."""
    wanted = {"person": which.person_id, "standing": which.standing, "taken_back": which.taken_back}
    at, last = before or (_EVER, "")
    rows = await db.execute(session, _PAGE, {**wanted, "at": at, "id": last, "most": most})
    total = (await db.execute(session, _COUNT, wanted)).scalar_one()
    return [_merge(row) for row in rows], total


async def stated_since(session: AsyncSession, merge: merges.Merge) -> list[Stated]:
    """What sources stated of the person while merged, oldest first, at most 200."""
    values = {
        "ids": [merge.surviving_id, merge.merged_id],
        "begin": merge.merged_at,
        "end": merge.unmerged_at,
        "most": MOST_SINCE,
    }
    return [Stated(*row) for row in await db.execute(session, _SINCE, values)]


async def _regroup(session: AsyncSession, merge: merges.Merge) -> None:
    spell = _spell(merge)
    await groups.keep(session, spell)
    await united.regrouped(session, spell.ids, people.get)


def _spell(merge: merges.Merge) -> groups.Spell:
    return groups.Spell(merge.id, merge.surviving_id, merge.merged_id, merge.merged_at, merge.unmerged_at)


def _merge(row: Any) -> merges.Merge:
    return merges.Merge(
        id=row.merge_id,
        surviving_id=row.surviving_id,
        merged_id=row.merged_id,
        why=merges.Why(row.reason_code, row.note),
        merged_by=row.merged_by,
        merged_at=row.merged_at,
        version=row.version,
        unmerge_why=merges.Why(row.unmerge_reason_code, row.unmerge_note) if row.unmerged_at else None,
        unmerged_by=row.unmerged_by,
        unmerged_at=row.unmerged_at,
    )
