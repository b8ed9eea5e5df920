"""For tests: the real Kafka and the real PostgreSQL on free ports, started once a session, gone with it."""

import asyncio
import itertools
import json
import os
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from devstack import databases, kafka, paths, ports, postgres, processes, stack, topics, unprivileged
from devstack.databases import Database
from devstack.program import Running
from devstack.state import State

START_SECONDS = 60.0
T = TypeVar("T")


class StartError(RuntimeError):
    """A real part did not come up. Tests fail then; they do not skip."""


@dataclass
class Kafka:
    """A Kafka for tests."""

    bootstrap_servers: str
    node: kafka.Node | None = None
    running: Running | None = None

    def create_topics(self, *names: str, partitions: int = kafka.PARTITIONS) -> None:
        """Make topics and wait until they can be used."""
        settle(topics.create(self.bootstrap_servers, names, partitions=partitions))

    def kill(self) -> None:
        """SIGKILL, as a crash does it."""
        if self.running:
            self.running.kill()

    def start(self) -> None:
        """Start it (again) on the same port and data, and wait until it answers. Raises StartError."""
        if self.node is None:
            return
        self.node.prepare()
        self.running = self.node.program().start()
        self.wait()

    def wait(self) -> None:
        """Wait until it answers. Raises StartError with the end of its log."""
        if not settle(_until(topics.answers, self.bootstrap_servers, self.running)):
            raise StartError(
                f"Kafka did not come up:\n{self.running.tail() if self.running else self.bootstrap_servers}"
            )

    def stop(self) -> None:
        """Stop it gently."""
        if self.running:
            self.running.stop()


@dataclass
class Postgres:
    """A PostgreSQL for tests."""

    admin_url: str
    cluster: postgres.Cluster | None = None
    running: Running | None = None
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def create(self, name: str = "") -> Database:
        """A fresh empty database with its roles `<name>_owner` and `<name>_app`.

        A number is added to the name so that it is fresh: ask the answer what it is called.
        """
        unique = f"{name or 'test'}_{os.getpid()}_{next(self._numbers)}"
        words = {"owner_password": secrets.token_urlsafe(12), "app_password": secrets.token_urlsafe(12)}
        return settle(databases.ensure(self.admin_url, unique, **words))

    def drop(self, database: Database) -> None:
        """Delete a database, ending whoever is connected to it."""
        settle(databases.drop(self.admin_url, database.name))

    def kill(self) -> None:
        """SIGKILL to the server, as a crash does it."""
        if self.running:
            self.running.kill()

    def start(self) -> None:
        """Start it (again) on the same port and data, and wait until it answers. Raises StartError."""
        if self.cluster is None:
            return
        self.cluster.prepare()
        self.running = self.cluster.program().start()
        self.wait()

    def wait(self) -> None:
        """Wait until it answers. Raises StartError with the end of its log."""
        if not settle(_until(databases.answers, self.admin_url, self.running)):
            raise StartError(f"PostgreSQL did not come up:\n{self.running.tail() if self.running else 'DATABASE_URL'}")

    def stop(self) -> None:
        """Stop it fast and cleanly."""
        if self.running:
            self.running.stop()


def start_kafka(directory: Path) -> Kafka:
    """Kafka on a free port with its data under `directory`, or the one KAFKA_BOOTSTRAP_SERVERS names.

    Call from the main thread, and `stop()` it in the end. Raises StartError.
    """
    if servers := kafka.elsewhere():
        found = Kafka(servers)
        found.wait()
        return found
    port = ports.free()
    node = kafka.Node(directory / "kafka", port, ports.free({port}))
    started = Kafka(node.bootstrap_servers, node)
    started.start()
    return started


def start_postgres(directory: Path, *, durable: bool = False) -> Postgres:
    """PostgreSQL on a free port with its data under `directory`, or the one DATABASE_URL names.

    Call from the main thread, and `stop()` it in the end. Raises StartError.
    """
    if url := postgres.elsewhere():
        found = Postgres(url)
        found.wait()
        return found
    cluster = postgres.Cluster(directory / "postgres", ports.free(), durable=durable)
    started = Postgres(cluster.admin_url, cluster)
    started.start()
    return started


@dataclass(frozen=True)
class LocalStack:
    """The whole local stack, for tests of journeys and faults."""

    root: Path
    state: State

    def address(self, door: str) -> str:
        """Where a door is: `portal`, `gateway`, `mailbox`, `sign-in`, `kafka`, `postgres`."""
        return self.state.addresses[door]

    def environment(self, name: str) -> dict[str, str]:
        """JOINEDUP_* settings of a service, or of a command that acts as issuer `operator`."""
        return stack.environment(name, self.root)


def start_stack(
    directory: Path, *, only: Collection[str] = (), tls: bool = False, settings: Mapping[str, str] | None = None
) -> LocalStack:
    """The stack, or some parts of it, on free ports under `directory`; it ends with this process at the latest.

    `settings` are told to every service besides. Call from the main thread. Raises stack.StackError.
    """
    root = directory / "stack"
    root.mkdir(parents=True, exist_ok=True)
    (root / "settings.json").write_text(json.dumps(dict(settings or {})))
    return LocalStack(root, stack.up(root, only=only, any_ports=True, tls=tls, owned=True))


def session_directory() -> Path:
    """A folder of this process's own under `.local/test/`; those of processes that are gone are removed."""
    paths.TEST.mkdir(parents=True, exist_ok=True)
    for old in paths.TEST.iterdir():
        pid, _, began = old.name.partition("-")
        if pid.isdigit() and _stamp(int(pid)) != began:
            forget(old)
    unprivileged.sweep()
    mine = paths.TEST / f"{os.getpid()}-{_stamp(os.getpid())}"
    mine.mkdir(exist_ok=True)
    return mine


def forget(directory: Path) -> None:
    """Delete a session's folder with its servers' data. They must have been stopped."""
    for data in (directory / "postgres", directory / "stack" / "postgres"):
        postgres.Cluster(data, 0).remove()
    shutil.rmtree(directory, ignore_errors=True)


def settle(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from plain code, whether or not a loop runs in this thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _stamp(pid: int) -> str:
    return processes.start_time(pid).replace("/", "-")


async def _until(answers: Callable[[str], Awaitable[bool]], address: str, running: Running | None) -> bool:
    end = time.monotonic() + START_SECONDS
    while not await answers(address):
        if time.monotonic() > end or (running and running.ended() is not None):
            return False
        await asyncio.sleep(0.05)
    return True


def create_topics(bootstrap_servers: str, names: Iterable[str], *, partitions: int = kafka.PARTITIONS) -> None:
    """Make topics on any Kafka and wait until they can be used."""
    settle(topics.create(bootstrap_servers, names, partitions=partitions))
