"""Statements of the frame and of stores: rows in, rows out, in the transaction that a session stands in.

Textual SQL goes to the driver at once: the way through SQLAlchemy's cursor takes several times the processor time, a
command runs several such statements, and text has no types for SQLAlchemy to convert.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import asyncpg
import sqlalchemy
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlmodel.ext.asyncio.session import AsyncSession

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]

_DRIVER = "joinedup_driver"
_OPENED = "joinedup_opened"
_DIALECT = dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped
_NO_VALUES: Mapping[str, Any] = {}


class Rows(IteratorResult[*tuple[Any, ...]]):
    """What a textual statement answered; `rowcount` is how many rows it returned, or changed if it returns none."""

    rowcount: int = 0


def attach(session: AsyncSession, connection: Any) -> None:
    """Tell the session's statements which of the driver's connections its transaction stands on."""
    session.info[_DRIVER] = connection


def driver(session: AsyncSession) -> Any:
    """The driver's connection (asyncpg) that carries the session's transaction."""
    return session.info[_DRIVER]


def note_opening(session: AsyncSession, status: str) -> None:
    """Keep PostgreSQL's word on the statement that the session's transaction began with, such as "INSERT 0 1"."""
    session.info[_OPENED] = status


def opened(session: AsyncSession) -> int:
    """How many rows the statement changed that the session's transaction began with."""
    count = str(session.info[_OPENED]).rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


def quoted(text: str) -> str:
    """A text as a literal, for the statements that begin a transaction and take no parameters."""
    # Standard-conforming strings, which every connection of ours asks for: only the quote itself is special.
    return "'" + text.replace("'", "''") + "'"


async def execute(
    session: AsyncSession, statement: sqlalchemy.Executable, values: Values = ()
) -> Rows | sqlalchemy.CursorResult[*tuple[Any, ...]]:
    """Run SQL in the session's transaction, without the object mapper.

    Changes that the session has not flushed yet are not seen. Raises asyncpg.PostgresError for textual SQL and
    sqlalchemy.exc.DBAPIError for what SQLAlchemy composed.
    """
    if isinstance(statement, sqlalchemy.TextClause) and (isinstance(values, Mapping) or not values):
        plain = _compiled(statement)
        if plain is not None:
            connection = await _ready(session)
            return await _textual(connection, *plain, values if isinstance(values, Mapping) else _NO_VALUES)
    return await (await session.connection()).execute(statement, values or None)


async def flush(session: AsyncSession) -> None:
    """Write what the object mapper holds back, if it holds anything: asking costs less than a needless flush."""
    held = session.sync_session
    # Whatever the object mapper is told of begins its transaction.
    if session.in_transaction() and (held.new or held.dirty or held.deleted):
        await session.flush()


async def execute_many(
    session: AsyncSession, statement: sqlalchemy.TextClause, values: Sequence[Mapping[str, Any]]
) -> None:
    """Run textual SQL that returns nothing for each of the values, in their order, in one round trip."""
    plain = _compiled(statement)
    if plain is None:
        raise ValueError("a statement with typed parameters is SQLAlchemy's to run")
    query, names, _ = plain
    connection = await _ready(session)
    await connection.executemany(query, [[each[name] for name in names] for each in values])


async def fetch(session: AsyncSession, query: str, *values: Any) -> Sequence[asyncpg.Record]:
    """Run a query in the driver's own notation ($1, $2) and answer its own records: the shortest way there is."""
    found: Sequence[asyncpg.Record] = await (await _ready(session)).fetch(query, *values)
    return found


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as one array a column, for unnest(); so many empty ones when there are no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * width


async def _ready(session: AsyncSession) -> Any:
    """The driver's connection, once a savepoint that the session has opened stands on it too."""
    if session.in_nested_transaction():
        # SQLAlchemy sets a savepoint no sooner than it needs a connection for it.
        await session.connection()
    return driver(session)


async def _textual(connection: Any, query: str, names: Sequence[str], returns: bool, values: Mapping[str, Any]) -> Rows:
    arguments = [values[name] for name in names]
    if not returns:
        status: str = await connection.execute(query, *arguments)
        changed = status.rpartition(" ")[2]
        return _rows((), (), int(changed) if changed.isdigit() else 0)
    records = await connection.fetch(query, *arguments)
    return _rows(tuple(records[0].keys()) if records else (), records, len(records))


def _rows(keys: Sequence[str], records: Sequence[Any], count: int) -> Rows:
    rows = Rows(SimpleResultMetaData(keys), iter([tuple(record) for record in records]))
    rows.rowcount = count
    return rows


@lru_cache(maxsize=1000)
def _compiled(statement: sqlalchemy.TextClause) -> tuple[str, Sequence[str], bool] | None:
    """The driver's query, the names of its values in order, and whether it returns rows; None if it has types."""
    compiled: Any = statement.compile(dialect=_DIALECT)
    if any(not isinstance(bind.type, sqlalchemy.types.NullType) for bind in compiled.binds.values()):
        return None
    query = str(compiled)
    words = query.upper().split()
    returns = words[0] in {"SELECT", "WITH", "VALUES", "TABLE", "SHOW"} or "RETURNING" in words
    return query, tuple(compiled.positiontup or ()), returns
