"""What tests of the frame need around the small service: its database migrated, its settings, its processes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from chassis import auth, db, migrations, process, work
from devstack.databases import Database
from tests.integration.frame import service

ACTOR = auth.service_actor("frame")
CHECKOUT = Path(__file__).parents[3]


@dataclass
class World:
    """One small service with a fresh database, on a topic and in a group of its own."""

    config: service.FrameSettings
    database: db.Database
    where: Database
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def topic(self) -> str:
        """The topic of this world's events."""
        return self.config.topic

    @property
    def group(self) -> str:
        """The consumer group of this world."""
        return self.config.group

    async def tell(self, *told: tuple[str, int, str], database: db.Database | None = None) -> None:
        """Publish events, (person, number, mood) each, in one transaction."""
        async with work.unit(database or self.database, ACTOR, service="frame") as unit:
            for person, number, mood in told:
                service.tell(unit, self.topic, person, number, mood)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Ask the database as its owner, to whom row-level security is lifted by naming a service."""
        connection = await asyncpg.connect(self.where.owner_url, server_settings={"joinedup.actor_kind": "service"})
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def effects(self) -> list[tuple[str, int]]:
        """(person, number) of every effect, in the order in which they took place."""
        return [(row[0], row[1]) for row in await self.rows("SELECT person_id, number FROM effect ORDER BY id")]

    def spawn(self, *words: str, stdout: int | None = None, **more: str) -> subprocess.Popen[bytes]:
        """Start the small service's command line as a process of its own; `more` is added to its environment."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JOINEDUP_")}
        told = {
            name: str(value) for name, value in self.config.model_dump().items() if isinstance(value, str | int | float)
        }
        environment |= {f"JOINEDUP_{name.upper()}": value for name, value in told.items() if value} | more
        environment["PYTHONPATH"] = f"{CHECKOUT}:{CHECKOUT / 'gen'}"
        command = [sys.executable, "-m", service.PACKAGE, *words]
        started = subprocess.Popen(command, env=environment, cwd=CHECKOUT, stdout=stdout)
        self.processes.append(started)
        return started


@asynccontextmanager
async def world(where: Database, bootstrap_servers: str, **more: Any) -> AsyncIterator[World]:
    """A fresh small service over this database."""
    mark = uuid.uuid4().hex[:8]
    usual = {"probe_bind": "127.0.0.1:0", "consumer_backoff_seconds": 0.05, "relay_poll_seconds": 0.2}
    told: dict[str, Any] = {**usual, "kafka_topic_partitions": 3, **more}
    config = service.FrameSettings(
        service="frame",
        environment="test",
        database_url=where.app_url,
        migration_database_url=where.owner_url,
        kafka_bootstrap_servers=bootstrap_servers,
        topic=f"t{mark}.events.v1",
        group=f"g{mark}.consume",
        **told,
    )
    await migrations.migrate(config, service.PACKAGE)
    made = World(config, db.Database.of(config), where)
    try:
        yield made
    finally:
        for started in made.processes:
            started.kill()
            started.wait()
        await made.database.close()


@asynccontextmanager
async def running(*roles: process.Role) -> AsyncIterator[None]:
    """Run roles until the body is done; what a role raises fails the test."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(role.run(stop)) for role in roles]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until a condition holds; fails the test when it does not in time."""
    end = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < end, f"did not come true within {seconds} s"
        await asyncio.sleep(0.05)
