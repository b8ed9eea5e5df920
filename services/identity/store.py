"""People in PostgreSQL, under row-level security: who they are, what was stated of them, and how they are found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Column, DateTime, Float, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db, errors
from services.identity import domain

# Candidates whom a trace compares with, those that share most keys first. A person shares a handful of keys with
# themselves as they were; somebody beyond the hundredth best shares one broad key and is nobody's match.
MOST_CANDIDATES = 100


class Table(SQLModel, registry=registry()):
    """The tables of this service; names are this database's own, and meet no other service's."""


def _moment() -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False))


def _texts() -> Any:
    return Field(sa_column=Column(ARRAY(sqlalchemy.Text), nullable=False, server_default="{}"))


class PersonRow(Table, table=True):
    """A registered person. `demographics` holds everything but the number, `other_*` what else they are known by."""

    __tablename__ = "person"
    __table_args__ = (
        Index("person_by_number", "nhs_number", unique=True, postgresql_where=text("nhs_number IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    version: int
    nhs_number: str | None
    verification: str
    demographics: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    other_families: list[str] = _texts()
    other_postcodes: list[str] = _texts()
    source: str
    registered_at: datetime = _moment()


class StatementRow(Table, table=True):
    """Demographics as one source stated them; the same statement again is the same row."""

    __tablename__ = "statement"

    person_id: str = Field(primary_key=True)
    digest: bytes = Field(primary_key=True)
    demographics: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    source: str
    stated_at: datetime = _moment()


class BlockingKeyRow(Table, table=True):
    """A key under which a person is found (matching/blocking.py); holds personal data in the clear."""

    __tablename__ = "blocking_key"

    key: str = Field(primary_key=True)
    person_id: str = Field(primary_key=True)


class DuplicateRow(Table, table=True):
    """Two people who may be one; a human says. `score` is 0 to 1, reasons name no value."""

    __tablename__ = "duplicate"

    person_id: str = Field(primary_key=True)
    other_person_id: str = Field(primary_key=True, index=True)
    score: float = Field(sa_column=Column(Float, nullable=False))
    reasons: list[str] = _texts()
    suspected_at: datetime = _moment()


@dataclass(frozen=True, slots=True)
class Statement:
    """What a source stated of somebody, the keys it adds, and the people it makes suspect of being the same."""

    demographics: domain.Demographics
    source: str
    at: datetime
    keys: Collection[str]
    suspects: Sequence[domain.Suspect]


_COLUMNS = (
    "person.id, person.version, person.nhs_number, person.verification, person.demographics::text AS demographics,"
    " person.other_families, person.other_postcodes, person.source, person.registered_at"
)
_LOCK = sqlalchemy.text("SELECT pg_advisory_xact_lock(lock) FROM unnest(CAST(:locks AS bigint[])) AS lock")
_CANDIDATES = sqlalchemy.text(
    f"SELECT {_COLUMNS} FROM (SELECT person_id, count(*) AS shared FROM blocking_key"  # noqa: S608 (our own names)
    " WHERE key = ANY(CAST(:keys AS text[])) GROUP BY person_id ORDER BY shared DESC, person_id LIMIT :most) AS near"
    " JOIN person ON person.id = near.person_id"
    # Whoever holds the number is always among them, however many others share a key.
    f" UNION SELECT {_COLUMNS} FROM person WHERE person.nhs_number = :number"
)
_GET = sqlalchemy.text(f"SELECT {_COLUMNS} FROM person WHERE id = ANY(CAST(:ids AS text[]))")  # noqa: S608
# One statement for a new person: the person, how they are found, what was stated, and whom they may be.
_ADD = sqlalchemy.text(
    """
    WITH added AS (
      INSERT INTO person (id, version, nhs_number, verification, demographics, other_families, other_postcodes, source,
        registered_at)
      VALUES (:id, :version, :nhs_number, :verification, CAST(:demographics AS jsonb), '{}', '{}', :source, :at)
    ), stated AS (
      INSERT INTO statement (person_id, digest, demographics, source, stated_at)
      VALUES (:id, :digest, CAST(:statement AS jsonb), :source, :at)
    ), suspected AS (
      INSERT INTO duplicate (person_id, other_person_id, score, reasons, suspected_at)
      SELECT :id, other->>'person_id', (other->>'score')::float8,
        ARRAY(SELECT jsonb_array_elements_text(other->'reasons')), :at
      FROM jsonb_array_elements(CAST(:suspects AS jsonb)) AS other
    )
    INSERT INTO blocking_key (key, person_id) SELECT key, :id FROM unnest(CAST(:keys AS text[])) AS key
    """
)
_LEARN = sqlalchemy.text(
    """
    WITH changed AS (
      UPDATE person SET version = :version, nhs_number = :nhs_number, verification = :verification,
        demographics = CAST(:demographics AS jsonb), other_families = :other_families,
        other_postcodes = :other_postcodes
      WHERE id = :id AND version = :known_version
      RETURNING id
    ), stated AS (
      INSERT INTO statement (person_id, digest, demographics, source, stated_at)
      VALUES (:id, :digest, CAST(:statement AS jsonb), :source, :at)
      ON CONFLICT DO NOTHING
    ), suspected AS (
      INSERT INTO duplicate (person_id, other_person_id, score, reasons, suspected_at)
      SELECT :id, other->>'person_id', (other->>'score')::float8,
        ARRAY(SELECT jsonb_array_elements_text(other->'reasons')), :at
      FROM jsonb_array_elements(CAST(:suspects AS jsonb)) AS other
      ON CONFLICT DO NOTHING
      RETURNING other_person_id
    ), found_by AS (
      INSERT INTO blocking_key (key, person_id) SELECT key, :id FROM unnest(CAST(:keys AS text[])) AS key
      ON CONFLICT DO NOTHING
    )
    SELECT (SELECT count(*) FROM changed) AS changed, ARRAY(SELECT other_person_id FROM suspected) AS suspected
    """
)


async def lock(session: AsyncSession, keys: Iterable[str]) -> None:
    """Wait until nobody else registers somebody who shares a key; until the end of the transaction nobody will."""
    # In one order everywhere, so that two registrations wait for one another instead of deadlocking.
    locks = sorted({int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True) for key in keys})
    await db.execute(session, _LOCK, {"locks": locks})


async def candidates(session: AsyncSession, keys: Collection[str], number: str) -> list[domain.Person]:
    """Registered people who share a key or hold the number, in one round trip."""
    values = {"keys": list(keys), "number": number or None, "most": MOST_CANDIDATES}
    return [_person(row) for row in await db.execute(session, _CANDIDATES, values)]


async def get(session: AsyncSession, ids: Sequence[str]) -> list[domain.Person]:
    """Those of the people whom row-level security lets the actor see, in the order in which they were named."""
    found = {row.id: _person(row) for row in await db.execute(session, _GET, {"ids": list(ids)})}
    return [found[person_id] for person_id in dict.fromkeys(ids) if person_id in found]


async def add(session: AsyncSession, person: domain.Person, statement: Statement) -> None:
    """Store a new person with what was stated, under their keys, and whom they may be."""
    await db.execute(session, _ADD, _values(person, statement))


async def learn(
    session: AsyncSession, before: domain.Person, after: domain.Person, statement: Statement
) -> Collection[str]:
    """Store what a statement added to a registered person; answers with the suspects who were none before.

    Raises Conflict when the person changed meanwhile.
    """
    values = {
        **_values(after, statement),
        "known_version": before.version,
        "other_families": list(after.other_families),
        "other_postcodes": list(after.other_postcodes),
    }
    stored = (await db.execute(session, _LEARN, values)).one()
    if not stored.changed:
        raise errors.Conflict("the person's record has changed meanwhile")
    return frozenset(stored.suspected)


def _values(person: domain.Person, statement: Statement) -> dict[str, Any]:
    stated = json.dumps(asdict(statement.demographics), ensure_ascii=False, sort_keys=True)
    return {
        "id": person.id,
        "version": person.version,
        "nhs_number": person.demographics.nhs_number or None,
        "verification": person.verification.value,
        "demographics": _without_number(person.demographics),
        "source": statement.source,
        "at": statement.at,
        "digest": hashlib.sha256(stated.encode()).digest(),
        "statement": stated,
        "keys": sorted(statement.keys),
        "suspects": json.dumps([asdict(suspect) for suspect in statement.suspects]),
    }


def _without_number(demographics: domain.Demographics) -> str:
    """The number stands in a column of its own, where it is unique."""
    known = {name: value for name, value in asdict(demographics).items() if name != "nhs_number" and value}
    return json.dumps(known, ensure_ascii=False)


def _person(row: Any) -> domain.Person:
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(row.demographics).items()
    }
    return domain.Person(
        id=row.id,
        version=row.version,
        verification=domain.Verification(row.verification),
        demographics=domain.Demographics(**known, nhs_number=row.nhs_number or ""),
        source=row.source,
        registered_at=row.registered_at,
        other_families=tuple(row.other_families),
        other_postcodes=tuple(row.other_postcodes),
    )
