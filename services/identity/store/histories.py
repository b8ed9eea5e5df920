"""What a person was: every statement about them, and every value that was once shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
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
    "INSERT INTO statement"
    " (person_id, digest, demographics, source, stated_at, effective, organisation_id, version, emptied)"
    " VALUES (:person_id, decode(:statement_id, 'hex'), CAST(:demographics AS jsonb), :source, :at, :effective,"
    " :organisation_id, :version, :emptied)"
)
_FIND_BY = sqlalchemy.text(
    "INSERT INTO blocking_key (key, person_id) SELECT key, :person_id FROM unnest(CAST(:keys AS bigint[])) AS key"
    " ON CONFLICT DO NOTHING"
)
_TOLD = "demographics::text AS demographics, source, stated_at, effective, organisation_id, emptied, version"
_STATEMENTS = sqlalchemy.text(
    f"SELECT {_TOLD} FROM statement"  # noqa: S608 (our own names)
    " WHERE person_id = :person_id AND digest <> decode(:without, 'hex') ORDER BY stated_at, digest"
)
_STATEMENT = sqlalchemy.text(
    f"SELECT {_TOLD} FROM statement"  # noqa: S608
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
_DROP = sqlalchemy.text("DELETE FROM former_value WHERE person_id = :person_id AND version = :version AND part = :part")
# Those that ended on one day in the order in which they began: what a human assigned came later than its time.
_FORMER = sqlalchemy.text(
    "SELECT part, value::text AS value, source, since, until, replaced_by, version FROM former_value"
    " WHERE person_id = :person_id ORDER BY until, since, version, part"
)


async def state(
    session: AsyncSession, person_id: str, statement: histories.Statement, *, statement_id: str = ""
) -> None:
    """Keep an update; saying the same again later is another one, since they may move back.

    One that a human assigned keeps the id that it had.
    """
    stated = _written(statement.demographics)
    emptied = sorted(part.value for part in statement.emptied)
    unlike = f"{statement.version}:{statement.at.isoformat()}:{stated}:{','.join(emptied)}"
    values = {
        "person_id": person_id,
        "statement_id": statement_id or hashlib.sha256(unlike.encode()).hexdigest(),
        "demographics": stated,
        "source": statement.source,
        "at": statement.at,
        "effective": statement.effective,
        "organisation_id": statement.organisation_id,
        "version": statement.version,
        "emptied": emptied,
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


async def keep(session: AsyncSession, person_id: str, former: Iterable[histories.Former]) -> None:
    """Keep what ceased to be so, each with the version of the person in which it was replaced."""
    for one in former:
        values = {
            "person_id": person_id,
            "version": one.version,
            "part": one.part.value,
            "value": _written(one.value),
            "source": one.source,
            "since": one.since,
            "until": one.until,
            "replaced_by": one.replaced_by,
        }
        await db.execute(session, _KEEP, values)


async def rewrite(
    session: AsyncSession,
    person_id: str,
    before: Collection[histories.Former],
    after: Collection[histories.Former],
) -> None:
    """Have the one be what is history of somebody, where the other was."""
    for one in before:
        if one not in after:
            values = {"person_id": person_id, "version": one.version, "part": one.part.value}
            await db.execute(session, _DROP, values)
    await keep(session, person_id, (one for one in after if one not in before))


async def former(session: AsyncSession, person_id: str) -> list[histories.Former]:
    """Every value that was shown of somebody once, oldest first."""
    rows = await db.execute(session, _FORMER, {"person_id": person_id})
    return [
        histories.Former(
            histories.Part(row.part),
            _read(row.value),
            row.source,
            row.since,
            row.until,
            row.replaced_by,
            row.version,
        )
        for row in rows
    ]


def _statement(row: Any) -> histories.Statement:
    return histories.Statement(
        _read(row.demographics),
        row.source,
        row.stated_at,
        row.effective,
        row.organisation_id,
        frozenset(map(histories.Part, row.emptied)),
        row.version,
    )


def _written(stated: domain.Demographics) -> str:
    return json.dumps({name: value for name, value in asdict(stated).items() if value}, ensure_ascii=False)


def _read(written: str) -> domain.Demographics:
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(written).items()
    }
    return domain.Demographics(**known)
