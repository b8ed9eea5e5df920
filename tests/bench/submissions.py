"""Sustained submissions with authorisation, audit, ledger and outbox, beside bare commits of the same rows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import asyncpg

from tests.bench import measure
from tests.bench.path import Submitting

AT_ONCE = 16
# What one submission writes besides the referral; frame tables and their number are found out by counting.
TABLES = ("referral", "outbox", "audit", "idempotency", "relationship")


@dataclass(frozen=True)
class Rows:
    """The rows of one submission, as they were written, by table: their columns and values."""

    columns: dict[str, list[str]]
    values: dict[str, list[tuple[Any, ...]]]


async def sustained(submitting: Submitting, seconds: float) -> float:
    """Submissions a second with several callers at once."""
    end = time.perf_counter() + seconds
    done = 0

    async def call(start: int) -> None:
        nonlocal done
        number = start
        while time.perf_counter() < end:
            await submitting.submit(number)
            number += AT_ONCE
            done += 1

    begun = time.perf_counter()
    await asyncio.gather(*(call(start) for start in range(AT_ONCE)))
    return done / (time.perf_counter() - begun)


async def of_one(admin: asyncpg.Connection[Any], submitting: Submitting) -> Rows:
    """What one submission writes, found out by comparing before and after."""
    before = {table: await _count(admin, table) for table in TABLES}
    await submitting.submit(0)
    columns: dict[str, list[str]] = {}
    values: dict[str, list[tuple[Any, ...]]] = {}
    for table in TABLES:
        more = await _count(admin, table) - before[table]
        found = await admin.fetch(f"SELECT * FROM {table} ORDER BY ctid DESC LIMIT {more}")
        columns[table] = list(found[0].keys()) if found else []
        values[table] = [tuple(row.values()) for row in found]
    return Rows(columns, values)


async def _count(admin: asyncpg.Connection[Any], table: str) -> int:
    return int(await admin.fetchval(f"SELECT count(*) FROM {table}"))


async def bare(url: str, rows: Rows, seconds: float) -> float:
    """Commits a second of the same rows by asyncpg alone, as many at once, into tables of the same columns."""
    pool = await asyncpg.create_pool(url, min_size=AT_ONCE, max_size=AT_ONCE)
    statements = []
    async with pool.acquire() as connection:
        for table, columns in rows.columns.items():
            if columns:
                await connection.execute(f"DROP TABLE IF EXISTS bare_{table}")
                await connection.execute(f"CREATE TABLE bare_{table} (LIKE {table})")
                places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
                statements.append((f"INSERT INTO bare_{table} VALUES ({places})", rows.values[table]))
    end = time.perf_counter() + seconds
    done = 0

    async def commit() -> None:
        nonlocal done
        async with pool.acquire() as connection:
            while time.perf_counter() < end:
                async with connection.transaction():
                    for statement, values in statements:
                        await connection.executemany(statement, values)
                done += 1

    begun = time.perf_counter()
    await asyncio.gather(*(commit() for _ in range(AT_ONCE)))
    reached = done / (time.perf_counter() - begun)
    async with pool.acquire() as connection:
        for table, columns in rows.columns.items():
            if columns:
                await connection.execute(f"DROP TABLE bare_{table}")
    await pool.close()
    return reached


async def row(owner_url: str, submitting: Submitting, seconds: float) -> measure.Row:
    """Both in turn, twice."""
    admin = await asyncpg.connect(owner_url, server_settings={"joinedup.actor_kind": "service"})
    try:
        written = await of_one(admin, submitting)
    finally:
        await admin.close()
    ours: list[float] = []
    ceiling: list[float] = []
    for _ in range(2):
        ceiling.append(await bare(owner_url, written, seconds / 2))
        ours.append(await sustained(submitting, seconds / 2))
    return measure.rate(
        "submissions, sustained",
        sum(ours) / 2,
        sum(ceiling) / 2,
        bound=0.5,
        against="asyncpg commits of the same rows",
    )
