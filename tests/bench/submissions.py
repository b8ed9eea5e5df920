"""Sustained submissions with authorisation, audit and outbox, beside bare commits of the same rows."""

from __future__ import annotations

import asyncio
import time
import uuid

import asyncpg

from tests.bench import commits, measure
from tests.bench.path import Submitting

# Where one submission writes.
TABLES = ("referral", "outbox", "audit", "idempotency", "relationship")
ROUNDS = 4


async def sustained(submitting: Submitting, seconds: float) -> float:
    """Submissions a second with as many callers at once as the ceiling has."""
    end = time.perf_counter() + seconds

    async def call(start: int) -> int:
        done = 0
        while time.perf_counter() < end:
            await submitting.submit(start + done * commits.AT_ONCE)
            done += 1
        return done

    begun = time.perf_counter()
    done = sum(await asyncio.gather(*(call(start) for start in range(commits.AT_ONCE))))
    return done / (time.perf_counter() - begun)


async def of_one(url: str, submitting: Submitting) -> commits.Rows:
    """What one submission writes."""
    connection = await asyncpg.connect(url, server_settings={"joinedup.actor_kind": "service"})
    try:
        key = str(uuid.uuid4())
        referral_id = await submitting.submit(0, key)
        return await commits.written(connection, TABLES, [referral_id, key])
    finally:
        await connection.close()


async def row(owner_url: str, submitting: Submitting, seconds: float) -> measure.Row:
    """Both in turn, several times, after one round of each that does not count."""
    rows = await of_one(owner_url, submitting)
    await sustained(submitting, 1)
    ours: list[float] = []
    ceiling: list[float] = []
    for _ in range(ROUNDS):
        ceiling.append(await commits.reached(owner_url, rows, seconds / ROUNDS))
        ours.append(await sustained(submitting, seconds / ROUNDS))
    return measure.rate(
        "submissions, sustained",
        sum(ours) / ROUNDS,
        sum(ceiling) / ROUNDS,
        bound=0.5,
        against="asyncpg commits of the same rows, same indexes, as many at once",
    )
