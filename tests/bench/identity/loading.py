"""Puts a crowd straight into identity's tables, with keys by the real code: to register each takes a trace each."""

from __future__ import annotations

import itertools
import multiprocessing
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.identity import domain, tracing
from services.identity.matching import blocking
from services.identity.store import people as store
from tests.bench.identity import crowd

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_CHUNK = 5_000
_AT_ONCE = 6
_PERSON = ("id", "version", "nhs_number", "verification", "demographics", "source", "registered_at")
_Person = tuple[str, int, str | None, str, str, str, datetime]


def person_id(place: int) -> str:
    """The id of the crowd's person at this place."""
    return str(uuid.UUID(int=place + 1, version=4))


async def load(admin_url: str, count: int) -> None:
    """Fill empty tables with a crowd; the index of the keys is built once, at the end."""
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("ALTER TABLE blocking_key DROP CONSTRAINT blocking_key_pkey")
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as workers:
            chunks = _chunks(count)
            # A few at a time: neither the crowd nor its rows are ever held as a whole.
            while some := list(itertools.islice(chunks, _AT_ONCE)):
                for persons, keys in workers.map(_rows, some):
                    await connection.copy_records_to_table("person", records=persons, columns=_PERSON)
                    await connection.copy_records_to_table("blocking_key", records=keys, columns=("key", "person_id"))
        await connection.execute("SET maintenance_work_mem = '1GB'")
        await connection.execute("ALTER TABLE blocking_key ADD PRIMARY KEY (key, person_id)")
        await connection.execute("VACUUM ANALYZE person")
        await connection.execute("VACUUM ANALYZE blocking_key")
        # What was loaded is written back now, and not while traces wait for the disk.
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _chunks(count: int) -> Iterator[tuple[int, Sequence[domain.Demographics]]]:
    everybody = enumerate(crowd.people(count))
    while chunk := list(itertools.islice(everybody, _CHUNK)):
        yield chunk[0][0], [one for _, one in chunk]


def _rows(chunk: tuple[int, Sequence[domain.Demographics]]) -> tuple[list[_Person], list[tuple[Any, str]]]:
    first, crowded = chunk
    persons: list[_Person] = []
    keys: list[tuple[Any, str]] = []
    for place, one in enumerate(crowded, start=first):
        known = person_id(place)
        persons.append((known, 1, one.nhs_number, "02", store.without_number(one), "bench", _AT))
        keys += ((blocking.hashed(key), known) for key in tracing.keys(one))
    return persons, keys


def size_of(rows: Iterable[Any]) -> str:
    """Sizes of the tables, for the report."""
    return ", ".join(f"{row['name']} {row['size']}" for row in rows)
