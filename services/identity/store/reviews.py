"""Pairs that a human has to look at, and what was decided about them; read past row-level security (see_everybody)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, errors
from services.identity.reviews import Decided, Decision, Pair, Review

_SUSPICIONS = sqlalchemy.text(
    """
    SELECT score, reasons, suspected_at FROM duplicate
    WHERE (person_id = :first AND other_person_id = :second) OR (person_id = :second AND other_person_id = :first)
    ORDER BY suspected_at, person_id
    """
)
_SUSPICIONS_HELD = sqlalchemy.text(f"{_SUSPICIONS.text} FOR UPDATE")
_DECISIONS = sqlalchemy.text(
    """
    SELECT decision, reason, practitioner_id, organisation_id, decided_at FROM review_decision
    WHERE first_person_id = :first AND second_person_id = :second ORDER BY version
    """
)
_DECIDE = sqlalchemy.text(
    """
    INSERT INTO review_decision (first_person_id, second_person_id, version, decision, reason, practitioner_id,
      organisation_id, decided_at)
    VALUES (:first, :second, :version, :decision, :reason, :practitioner, :organisation, :at)
    ON CONFLICT DO NOTHING
    """
)
# A pair that was decided for good: nothing leads out of same and different but an unmerge, which decides different.
_CLOSED = "decided.decision IN ('same', 'different')"
_WAITING = sqlalchemy.text(
    f"""
    SELECT asked.id FROM unnest(CAST(:people AS text[])) AS asked (id) WHERE EXISTS (
      SELECT 1 FROM (
        SELECT other_person_id AS other FROM duplicate WHERE person_id = asked.id
        UNION ALL SELECT person_id FROM duplicate WHERE other_person_id = asked.id
      ) AS suspected
      WHERE NOT EXISTS (
        SELECT 1 FROM review_decision AS decided
        WHERE (first_person_id, second_person_id) IN ((asked.id, suspected.other), (suspected.other, asked.id))
          AND {_CLOSED}))
    """  # noqa: S608 (our own words)
)
_APART = sqlalchemy.text(
    """
    SELECT told.first_person_id, told.second_person_id FROM review_decision AS told
    WHERE told.first_person_id = ANY(CAST(:people AS text[])) AND told.second_person_id = ANY(CAST(:people AS text[]))
      AND told.decision = 'different' AND NOT EXISTS (
        SELECT 1 FROM review_decision AS later
        WHERE later.first_person_id = told.first_person_id AND later.second_person_id = told.second_person_id
          AND later.version > told.version)
    """
)


async def get(session: AsyncSession, pair: Pair, *, held: bool = False) -> Review:
    """The review of a pair with every decision, oldest first. Raises NotFound for a pair that nobody ever suspected.

    `held`: nobody else decides it before the end of this transaction.
    """
    statement = _SUSPICIONS_HELD if held else _SUSPICIONS
    found = (await db.execute(session, statement, {"first": pair.first, "second": pair.second})).all()
    if not found:
        raise errors.NotFound("no such review")
    return Review(
        pair,
        score=max(row.score for row in found),
        reasons=tuple(dict.fromkeys(reason for row in found for reason in row.reasons)),
        suspected_at=found[0].suspected_at,
        decisions=await decisions(session, pair),
    )


async def decisions(session: AsyncSession, pair: Pair) -> tuple[Decided, ...]:
    """What was decided about a pair, oldest first."""
    rows = await db.execute(session, _DECISIONS, {"first": pair.first, "second": pair.second})
    return tuple(
        Decided(Decision(row.decision), row.reason, row.practitioner_id, row.organisation_id, row.decided_at)
        for row in rows
    )


async def apart(session: AsyncSession, person_ids: Collection[str]) -> frozenset[Pair]:
    """The pairs among these people of whom a human said last that they are different."""
    if len(person_ids) < 2:
        return frozenset()
    rows = await db.execute(session, _APART, {"people": sorted(person_ids)})
    return frozenset(Pair(row.first_person_id, row.second_person_id) for row in rows)


async def waiting(session: AsyncSession, person_ids: Collection[str]) -> frozenset[str]:
    """Those of some people about whom a human still has to say whether they and another are one."""
    rows = await db.execute(session, _WAITING, {"people": sorted(person_ids)})
    return frozenset(row.id for row in rows)


async def add(session: AsyncSession, pair: Pair, version: int, decided: Decided) -> None:
    """Store a decision made about the pair at `version`. Raises Conflict when somebody else decided it meanwhile."""
    values: dict[str, Any] = {
        "first": pair.first,
        "second": pair.second,
        "version": version,
        "decision": decided.decision.value,
        "reason": decided.reason,
        "practitioner": decided.practitioner_id,
        "organisation": decided.organisation_id,
        "at": decided.at,
    }
    stored: Any = await db.execute(session, _DECIDE, values)
    if not stored.rowcount:
        raise errors.Conflict("the review was decided meanwhile")


async def mark_different(session: AsyncSession, pair: Pair, decided: Decided) -> None:
    """Keep two people apart whatever was decided before: for an unmerge. No effect where they are apart already.

    `decided.reason` is reviews.UNMERGED. The session must see everybody. Raises Conflict when another decides just now.
    """
    before = await decisions(session, pair)
    if before and before[-1].decision is Decision.DIFFERENT:
        return
    await add(session, pair, len(before) + 1, decided)
