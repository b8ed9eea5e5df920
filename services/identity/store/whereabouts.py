"""Whose whereabouts are protected: the decisions, and the keys that would find somebody by where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlalchemy import Column, DateTime
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.identity.matching import blocking
from services.identity.store import tables


class RestrictionDecisionRow(tables.Table, table=True):
    """A decision to protect somebody's whereabouts, or to end it; why is read by nobody through a call."""

    __tablename__ = "restriction_decision"

    person_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    restricted: bool
    source: str
    reason: str
    actor: str
    organisation_id: str
    decided_at: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


@dataclass(frozen=True, slots=True)
class Decision:
    """That somebody's whereabouts are protected or no longer, why, by which record, and by whom."""

    restricted: bool
    source: str
    reason: str
    actor: str
    organisation_id: str
    at: datetime


# The person's row is locked: nobody else decides about them meanwhile.
_DECIDE = sqlalchemy.text(
    "INSERT INTO restriction_decision"
    " (person_id, version, restricted, source, reason, actor, organisation_id, decided_at)"
    " SELECT CAST(:person_id AS text), coalesce(max(version), 0) + 1, :restricted, :source, :reason, :actor,"
    " :organisation_id, :at"
    " FROM restriction_decision WHERE person_id = CAST(:person_id AS text) RETURNING version"
)
# The last byte of a stored key is the code of its kind (matching/blocking.py).
_FORGET_KEYS = sqlalchemy.text(
    "DELETE FROM blocking_key WHERE person_id = :person_id AND (key & 255) = ANY(CAST(:kinds AS bigint[]))"
)
_FORGET_REASONS = sqlalchemy.text(
    "UPDATE duplicate SET reasons = ARRAY("
    " SELECT reason FROM unnest(reasons) WITH ORDINALITY AS told (reason, place)"
    " WHERE reason NOT LIKE 'postcode %' AND reason NOT LIKE 'telephone %' ORDER BY place)"
    " WHERE person_id = :person_id OR other_person_id = :person_id"
)
_SUSPECTS = sqlalchemy.text(
    "SELECT person.id FROM duplicate JOIN person ON NOT person.restricted AND"
    " ((duplicate.person_id = :person_id AND person.id = duplicate.other_person_id)"
    " OR (duplicate.other_person_id = :person_id AND person.id = duplicate.person_id)) ORDER BY person.id"
)

_LIFTED = sqlalchemy.text(
    "SELECT coalesce((SELECT NOT restricted FROM restriction_decision WHERE person_id = :person_id"
    " ORDER BY version DESC LIMIT 1), false)"
)
_SINCE = sqlalchemy.text(
    "SELECT EXISTS (SELECT 1 FROM restriction_decision AS last WHERE person_id = :person_id AND restricted"
    " AND decided_at >= :begin AND NOT EXISTS (SELECT 1 FROM restriction_decision AS later"
    " WHERE later.person_id = last.person_id AND later.version > last.version))"
)

# A pair that a human has not told apart keeps the doubt alive, as long as the other one is protected.
_DOUBTED = sqlalchemy.text(
    """
    SELECT
      (SELECT reason FROM restriction_decision WHERE person_id = :person_id ORDER BY version DESC LIMIT 1) AS reason,
      EXISTS (
        SELECT 1 FROM duplicate JOIN person ON person.restricted AND
          ((duplicate.person_id = :person_id AND person.id = duplicate.other_person_id)
          OR (duplicate.other_person_id = :person_id AND person.id = duplicate.person_id))
        WHERE NOT EXISTS (
          SELECT 1 FROM review_decision AS told
          WHERE (told.first_person_id, told.second_person_id) IN
              ((duplicate.person_id, duplicate.other_person_id), (duplicate.other_person_id, duplicate.person_id))
            AND told.decision = 'different')
      ) AS doubted
    """
)


async def decide(session: AsyncSession, person_id: str, decision: Decision) -> int:
    """Keep a decision about somebody whose row is locked; answers its number, counted for each person."""
    values = {
        "person_id": person_id,
        "restricted": decision.restricted,
        "source": decision.source,
        "reason": decision.reason,
        "actor": decision.actor,
        "organisation_id": decision.organisation_id,
        "at": decision.at,
    }
    return int((await db.execute(session, _DECIDE, values)).scalar_one())


async def forget(session: AsyncSession, person_id: str) -> None:
    """Have nobody find somebody by where they are, and no suspicion tell that it was the same as another's."""
    await db.execute(
        session,
        _FORGET_KEYS,
        {"person_id": person_id, "kinds": sorted(blocking.CODES[kind] for kind in blocking.LOCATED)},
    )
    await db.execute(session, _FORGET_REASONS, {"person_id": person_id})


async def suspects(session: AsyncSession, person_id: str) -> list[str]:
    """The ids of those who may be the same person and are not restricted."""
    rows = await db.execute(session, _SUSPECTS, {"person_id": person_id})
    return list(dict.fromkeys(row.id for row in rows))


async def was_lifted(session: AsyncSession, person_id: str) -> bool:
    """Whether somebody was protected once, and a human has ended it."""
    return bool((await db.execute(session, _LIFTED, {"person_id": person_id})).scalar_one())


async def protected_since(session: AsyncSession, person_id: str, begin: datetime) -> bool:
    """Whether it was after a moment that somebody, who is protected now, came to be."""
    return bool((await db.execute(session, _SINCE, {"person_id": person_id, "begin": begin})).scalar_one())


async def is_only_for(session: AsyncSession, person_id: str, reason: str) -> bool:
    """Whether somebody is protected for this reason and no other, and may be nobody else who is protected."""
    found = (await db.execute(session, _DOUBTED, {"person_id": person_id})).one()
    return found.reason == reason and not found.doubted
