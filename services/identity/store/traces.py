"""Who is to be asked about at the PDS, and how far that has come: queued with the person, asked about later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy
from sqlalchemy import Column, DateTime, Index, text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from chassis.work import Work
from services.identity import domain
from services.identity.store import tables

# Statuses that an answer of the PDS can better; 05 is for a human to resolve, 07 and 08 need no trace.
_BETTERED = frozenset(
    {
        domain.Verification.PRESENT_NOT_TRACED,
        domain.Verification.TRACE_REQUIRED,
        domain.Verification.NO_OR_MULTIPLE_MATCH,
        domain.Verification.IN_PROGRESS,
    }
)


class State(StrEnum):
    """How far it has come: waiting to be asked about, asked about, or given up until somebody sends it again."""

    WAITING = "waiting"
    DONE = "done"
    PARKED = "parked"


class TraceRow(tables.Table, table=True):
    """That the PDS is to be asked about a person, as they were known at `version`.

    `attempts` counts every claim and tells one claim from the next; `faults` counts failures that were the question's
    own, not the PDS being away. `next_attempt_at` is when it is due, or when the claim of a worker ends; of what is
    done, when that was.
    """

    __tablename__ = "pds_trace"
    __table_args__ = (
        Index("pds_trace_due", "state", "next_attempt_at"),
        Index("pds_trace_troubled", "queued_at", postgresql_where=text("state = 'parked' OR problem <> ''")),
    )

    person_id: str = Field(primary_key=True)
    version: int
    state: str
    attempts: int
    faults: int
    problem: str
    queued_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    next_attempt_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


@dataclass(frozen=True, slots=True)
class Claim:
    """One worker's claim on one trace."""

    person_id: str
    attempts: int
    faults: int


# Asked again only when more became known since; a claim of the former question is void then.
_ANEW = """
    ON CONFLICT (person_id) DO UPDATE SET version = excluded.version, state = 'waiting',
      attempts = pds_trace.attempts + 1, faults = 0, problem = '', queued_at = excluded.queued_at,
      next_attempt_at = excluded.next_attempt_at
    WHERE pds_trace.version < excluded.version
"""
_COLUMNS = "(person_id, version, state, attempts, faults, problem, queued_at, next_attempt_at)"
_QUEUE = sqlalchemy.text(
    f"INSERT INTO pds_trace {_COLUMNS} VALUES (:person_id, :version, 'waiting', 0, 0, '', :at, :at) {_ANEW}"  # noqa: S608
)
# A page at a time, so that no statement takes long.
_CATCH_UP = sqlalchemy.text(
    f"""
    WITH page AS (
      SELECT id, version FROM person WHERE verification = ANY(CAST(:bettered AS text[])) AND id > :after
      ORDER BY id LIMIT :most
    ), queued AS (
      INSERT INTO pds_trace {_COLUMNS} SELECT id, version, 'waiting', 0, 0, '', :at, :at FROM page {_ANEW}
    )
    SELECT max(id) AS last FROM page
    """  # noqa: S608 (our own names)
)
# The longest ago first; whoever is for a human to resolve, or needs no trace, is left alone.
_LOOK_AGAIN = sqlalchemy.text(
    """
    UPDATE pds_trace SET state = 'waiting', attempts = attempts + 1, faults = 0, problem = '', queued_at = :at,
      next_attempt_at = :at
    FROM (
      SELECT person_id AS id FROM pds_trace JOIN person ON person.id = pds_trace.person_id
      WHERE state = 'done' AND next_attempt_at < :before AND verification = ANY(CAST(:kept AS text[]))
      ORDER BY next_attempt_at LIMIT :most FOR UPDATE OF pds_trace SKIP LOCKED
    ) AS old
    WHERE person_id = old.id
    """
)
_CLAIM = sqlalchemy.text(
    """
    UPDATE pds_trace SET attempts = attempts + 1, next_attempt_at = :until
    FROM (
      SELECT person_id AS id FROM pds_trace WHERE state = 'waiting' AND next_attempt_at <= :now
      ORDER BY next_attempt_at LIMIT :most FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE person_id = due.id
    RETURNING person_id, attempts, faults
    """
)
_HOLD = sqlalchemy.text(
    "SELECT 1 FROM pds_trace WHERE person_id = :person_id AND attempts = :attempts AND state = 'waiting' FOR UPDATE"
)
_SETTLE = sqlalchemy.text(
    "UPDATE pds_trace SET state = :state, version = greatest(version, :version), faults = :faults, problem = :problem,"
    " next_attempt_at = :at WHERE person_id = :person_id"
)
_LIST = sqlalchemy.text(
    "SELECT person_id, state, attempts, faults, problem, queued_at, next_attempt_at FROM pds_trace"
    " WHERE state = 'parked' OR (state = 'waiting' AND problem <> '') ORDER BY queued_at, person_id LIMIT :most"
)
_SEND_AGAIN = sqlalchemy.text(
    "UPDATE pds_trace SET state = 'waiting', faults = 0, attempts = attempts + 1, next_attempt_at = :at"
    " WHERE state = 'parked' AND (person_id = ANY(CAST(:ids AS text[])) OR cardinality(CAST(:ids AS text[])) = 0)"
    " RETURNING person_id"
)


def queue(work: Work, person: domain.Person) -> None:
    """Have the PDS asked about somebody, once this transaction commits, unless it was already asked at this version."""
    if person.verification in _BETTERED:
        work.later(_QUEUE, {"person_id": person.id, "version": person.version, "at": work.now})


async def catch_up(session: AsyncSession, *, after: str, most: int, now: datetime) -> str:
    """Queue a page of those who were never asked about, or not since more became known of them.

    Answers with where the page ended, empty after the last one.
    """
    values = {"bettered": sorted(status.value for status in _BETTERED), "after": after, "most": most, "at": now}
    return str((await db.execute(session, _CATCH_UP, values)).one().last or "")


async def look_again(session: AsyncSession, *, before: datetime, most: int, now: datetime) -> int:
    """Queue those whom the PDS was last asked about before a time; answers how many.

    A number is superseded or dead, and a record restricted, without anybody telling us.
    """
    kept = sorted(status.value for status in (*_BETTERED, domain.Verification.VERIFIED))
    values = {"kept": kept, "before": before, "most": most, "at": now}
    return int((await db.execute(session, _LOOK_AGAIN, values)).rowcount)


async def claim(session: AsyncSession, *, now: datetime, lease: timedelta, most: int) -> Sequence[Claim]:
    """Claim traces that are due, against other workers; a claim that was not settled ends with its lease."""
    rows = await db.execute(session, _CLAIM, {"now": now, "until": now + lease, "most": most})
    return [Claim(row.person_id, row.attempts, row.faults) for row in rows]


async def hold(session: AsyncSession, claim: Claim) -> bool:
    """Lock a claimed trace; False when it is not this worker's any more: the lease ended, or more became known."""
    held = await db.execute(session, _HOLD, {"person_id": claim.person_id, "attempts": claim.attempts})
    return bool(held.rowcount)


async def settle(
    session: AsyncSession,
    claim: Claim,
    *,
    state: State,
    at: datetime,
    version: int = 0,
    faults: int = 0,
    problem: str = "",
) -> None:
    """Say what became of a trace that is held; `at` is when it is due again, if it waits."""
    values = {"person_id": claim.person_id, "state": state.value, "at": at, "version": version}
    await db.execute(session, _SETTLE, {**values, "faults": faults, "problem": problem})


async def troubled(session: AsyncSession, *, most: int) -> list[dict[str, Any]]:
    """Traces that are parked, or that wait after a failure, oldest first: ids, counts, times and reasons."""
    return [dict(row._mapping) for row in await db.execute(session, _LIST, {"most": most})]


async def send_again(session: AsyncSession, ids: Sequence[str], *, now: datetime) -> list[str]:
    """Have parked traces asked again, those of these people or all; answers with whose."""
    return [row.person_id for row in await db.execute(session, _SEND_AGAIN, {"ids": list(ids), "at": now})]
