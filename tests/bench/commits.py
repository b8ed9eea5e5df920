"""The ceiling of a submission: asyncpg alone, in a process of its own, committing the same rows as often as it can.

The tables have the columns, indexes, defaults and identities of the real ones, and no row-level security. As in the
service, each commit has keys of its own, identities are PostgreSQL's to give, and the loop is uvloop's.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import asyncpg
import uvloop

AT_ONCE = 16

Connection = Any


@dataclass(frozen=True)
class Rows:
    """The rows of one submission by table, and those texts in them that are another submission's own."""

    columns: Mapping[str, Sequence[str]]
    values: Mapping[str, Sequence[Sequence[Any]]]
    own: Sequence[str]

    def renewed(self) -> Mapping[str, Sequence[Sequence[Any]]]:
        """The same rows as another submission would write them."""
        fresh = {text: str(uuid.uuid4()) for text in self.own}
        return {
            table: [[_with(fresh, value) for value in row] for row in found] for table, found in self.values.items()
        }


def _with(fresh: Mapping[str, str], value: Any) -> Any:
    if isinstance(value, str):
        for text, other in fresh.items():
            value = value.replace(text, other)
    return value


async def written(connection: Connection, tables: Sequence[str], own: Sequence[str]) -> Rows:
    """The rows in these tables that name one of the submission's own texts, its referral's id or its key."""
    columns: dict[str, list[str]] = {}
    values: dict[str, list[tuple[Any, ...]]] = {}
    for table in tables:
        columns[table] = await _given(connection, table)
        wanted = f"SELECT {', '.join(columns[table])} FROM {table} AS one WHERE one::text ~ $1"
        values[table] = [tuple(row.values()) for row in await connection.fetch(wanted, "|".join(own))]
        if not values[table]:
            raise RuntimeError(f"a submission writes nothing to {table}")
    return Rows(columns, values, own)


async def _given(connection: Connection, table: str) -> list[str]:
    """The columns that whoever inserts gives; the relay adds the time of publishing later."""
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"
        " AND attidentity = '' AND attname <> 'published_at' ORDER BY attnum",
        table,
    )
    return [row["attname"] for row in rows]


async def reached(url: str, rows: Rows, seconds: float) -> float:
    """Commits a second, by a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as apart:
        return await asyncio.get_running_loop().run_in_executor(apart, _measured, url, rows, seconds)


def _measured(url: str, rows: Rows, seconds: float) -> float:
    return uvloop.run(_commits(url, rows, seconds))


async def _commits(url: str, rows: Rows, seconds: float) -> float:
    async with asyncpg.create_pool(url, min_size=AT_ONCE, max_size=AT_ONCE) as pool:
        await _make(pool, rows)
        try:
            await _repeated(pool, rows, min(1.0, seconds / 4))  # Statements are prepared, and the cache is warm.
            begun = time.perf_counter()
            done = await _repeated(pool, rows, seconds)
            return done / (time.perf_counter() - begun)
        finally:
            for table in rows.columns:
                await pool.execute(f"DROP TABLE bare_{table}")


async def _make(pool: Any, rows: Rows) -> None:
    for table in rows.columns:
        await pool.execute(f"DROP TABLE IF EXISTS bare_{table}")
        await pool.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")


async def _repeated(pool: Any, rows: Rows, seconds: float) -> int:
    """Commit until the time is over; how often that was."""
    statements = {table: _insertion(table, columns) for table, columns in rows.columns.items()}
    end = time.perf_counter() + seconds

    async def work() -> int:
        done = 0
        async with pool.acquire() as connection:
            while time.perf_counter() < end:
                async with connection.transaction():
                    for table, values in rows.renewed().items():
                        await connection.executemany(statements[table], values)
                done += 1
        return done

    return sum(await asyncio.gather(*(work() for _ in range(AT_ONCE))))


def _insertion(table: str, columns: Sequence[str]) -> str:
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    return f"INSERT INTO bare_{table} ({', '.join(columns)}) VALUES ({places})"
