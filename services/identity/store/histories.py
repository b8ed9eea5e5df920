"""What a person was: every statement about them, and every value that was once shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.identity import domain, histories
from services.identity.matching import blocking
from services.identity.store import tables


class FormerValueRow(tables.Table, table=True):
    """A value that was the present one until a version of the person; `value` holds the fields of its part."""

    __tablename__ = "former_value"

    person_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    part: str = Field(primary_key=True)
    value: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    source: str
    since: datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    until: date
    replaced_by: str


_STATE = sqlalchemy.text(
    "INSERT INTO statement (person_id, digest, demographics, source, stated_at, effective, organisation_id)"
    " VALUES (:person_id, :digest, CAST(:demographics AS jsonb), :source, :at, :effective, :organisation_id)"
)
_FIND_BY = sqlalchemy.text(
    "INSERT INTO blocking_key (key, person_id) SELECT key, :person_id FROM unnest(CAST(:keys AS bigint[])) AS key"
    " ON CONFLICT DO NOTHING"
)
_STATEMENTS = sqlalchemy.text(
    "SELECT demographics::text AS demographics, source, stated_at, effective, organisation_id FROM statement"
    " WHERE person_id = :person_id AND digest <> decode(:without, 'hex') ORDER BY stated_at, digest"
)
_STATEMENT = sqlalchemy.text(
    "SELECT demographics::text AS demographics, source, stated_at, effective, organisation_id FROM statement"
    " WHERE person_id = :person_id AND encode(digest, 'hex') = :statement_id"
)
_TAKE = sqlalchemy.text("DELETE FROM statement WHERE person_id = :person_id AND encode(digest, 'hex') = :statement_id")
_FORGET = sqlalchemy.text(
    "DELETE FROM blocking_key WHERE person_id = :person_id AND key = ANY(CAST(:keys AS bigint[]))"
)
_KEEP = sqlalchemy.text(
    "INSERT INTO former_value (person_id, version, part, value, source, since, until, replaced_by)"
    " VALUES (:person_id, :version, :part, CAST(:value AS jsonb), :source, :since, :until, :replaced_by)"
)
_FORMER = sqlalchemy.text(
    "SELECT part, value::text AS value, source, since, until, replaced_by FROM former_value"
    " WHERE person_id = :person_id ORDER BY version, part"
)


async def state(session: AsyncSession, person: domain.Person, statement: histories.Statement) -> None:
    """Keep a statement that changed somebody; saying the same again later is another one, since they may move back."""
    stated = _written(statement.demographics)
    unlike = f"{person.version}:{stated}"
    values = {
        "person_id": person.id,
        "digest": hashlib.sha256(unlike.encode()).digest(),
        "demographics": stated,
        "source": statement.source,
        "at": statement.at,
        "effective": statement.effective,
        "organisation_id": statement.organisation_id,
    }
    await db.execute(session, _STATE, values)


async def find_by(session: AsyncSession, person_id: str, keys: Collection[str]) -> None:
    """Have somebody be found by these keys, too."""
    await db.execute(session, _FIND_BY, {"person_id": person_id, "keys": sorted(map(blocking.hashed, keys))})


async def statements(session: AsyncSession, person_id: str, *, without: str = "") -> list[histories.Statement]:
    """All that was stated of somebody, oldest first; but for one, where its id is given."""
    return [
        _statement(row) for row in await db.execute(session, _STATEMENTS, {"person_id": person_id, "without": without})
    ]


async def statement(session: AsyncSession, person_id: str, statement_id: str) -> histories.Statement | None:
    """One statement of somebody, by its id."""
    row = (await db.execute(session, _STATEMENT, {"person_id": person_id, "statement_id": statement_id})).one_or_none()
    return _statement(row) if row else None


async def take(session: AsyncSession, person_id: str, statement_id: str, keys: Collection[str]) -> None:
    """Have a statement, and the keys that it alone gave, be no longer somebody's."""
    await db.execute(session, _TAKE, {"person_id": person_id, "statement_id": statement_id})
    await db.execute(session, _FORGET, {"person_id": person_id, "keys": sorted(map(blocking.hashed, keys))})


async def keep(session: AsyncSession, person: domain.Person, former: Sequence[histories.Former]) -> None:
    """Keep what ceased to be so with this version of a person."""
    for one in former:
        values = {
            "person_id": person.id,
            "version": person.version,
            "part": one.part.value,
            "value": _written(one.value),
            "source": one.source,
            "since": one.since,
            "until": one.until,
            "replaced_by": one.replaced_by,
        }
        await db.execute(session, _KEEP, values)


async def former(session: AsyncSession, person_id: str) -> list[histories.Former]:
    """Every value that was shown of somebody once, oldest first."""
    rows = await db.execute(session, _FORMER, {"person_id": person_id})
    return [
        histories.Former(histories.Part(row.part), _read(row.value), row.source, row.since, row.until, row.replaced_by)
        for row in rows
    ]


def _statement(row: Any) -> histories.Statement:
    return histories.Statement(_read(row.demographics), row.source, row.stated_at, row.effective, row.organisation_id)


def _written(stated: domain.Demographics) -> str:
    return json.dumps({name: value for name, value in asdict(stated).items() if value}, ensure_ascii=False)


def _read(written: str) -> domain.Demographics:
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(written).items()
    }
    return domain.Demographics(**known)
