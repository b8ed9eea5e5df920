"""The life of a service's process: its roles side by side, its probes, its command line, and a graceful end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

import uvloop

from chassis import db, logs, probes, relay, telemetry
from chassis.settings import ServiceSettings

logger = logging.getLogger(__name__)


class Role(Protocol):
    """A part of a service that runs until it is told to stop, and then finishes what it has in hand."""

    @property
    def ready(self) -> bool:
        """Whether it can do its share: what it needs has answered it at least once."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop`; an exception takes the process down, for the orchestrator to start it anew."""


@dataclass(slots=True)
class Parts:
    """What the roles of one process share: settings, the database, and what is to be closed after them."""

    config: ServiceSettings
    closing: AsyncExitStack
    _database: db.Database | None = None

    @property
    def database(self) -> db.Database:
        """The service's database, opened when first asked for: a service without one never asks."""
        if self._database is None:
            self._database = db.Database.of(self.config)
            self.closing.push_async_callback(self._database.close)
        return self._database


Factory = Callable[[Parts], Role]


@dataclass(frozen=True, slots=True)
class Service:
    """A service as its __main__.py declares it. `package` is "services.<name>"; `groups` its consumer groups."""

    name: str
    roles: Mapping[str, Factory]
    settings: type[ServiceSettings] = ServiceSettings
    package: str = ""
    groups: Sequence[str] = ()

    def configured(self) -> ServiceSettings:
        """The settings from the environment, under this service's name."""
        found = self.settings()
        return found if found.service else found.model_copy(update={"service": self.name})


def relaying(parts: Parts) -> Role:
    """The `relay` role, the same for every service."""
    return relay.Relay(parts.config, parts.database)


def main(service: Service) -> None:
    """The command line of a service: `python -m services.<name> [ROLE...] | migrate | dead | redrive`."""
    from chassis import command_line

    command_line.build(service)()


def start(service: Service, names: Sequence[str]) -> int:
    """Run these roles, or all of them if none is named; answers the exit code of the process."""
    config = service.configured()
    logs.configure(config)
    telemetry.configure(config)
    chosen = {name: service.roles[name] for name in names or service.roles}
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_live(config, chosen))
    finally:
        telemetry.shutdown()


async def _live(config: ServiceSettings, factories: Mapping[str, Factory]) -> int:
    async with AsyncExitStack() as closing:
        parts = Parts(config, closing)
        return await run(config, {name: factory(parts) for name, factory in factories.items()})


async def run(config: ServiceSettings, roles: Mapping[str, Role]) -> int:
    """Run roles until SIGTERM or SIGINT, or until one of them fails; answers 0 or, after a failure, 1.

    The relay is told to stop last, so that it can publish what the others still commit. Roles that have not finished
    within `drain_seconds` are cut off: what they had in hand was not acknowledged and comes again.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)

    async def readiness() -> Mapping[str, bool]:
        return {name: role.ready and not stopping.is_set() for name, role in roles.items()}

    # What stands by now stands to the end: looking through it again would hold up every call for a tenth of a second.
    gc.collect()
    gc.freeze()
    async with probes.serve(config.probe_bind, readiness):
        stops = {name: asyncio.Event() for name in roles}
        tasks = {name: asyncio.create_task(role.run(stops[name]), name=name) for name, role in roles.items()}
        logger.info("%s runs %s", config.service, ", ".join(roles))
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait([told, *tasks.values()], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        stopping.set()
        failed = [name for name, task in tasks.items() if task.done()]
        await _drain(tasks, stops, config.drain_seconds)
    for name in failed:
        logger.error("role %s ended by itself", name, exc_info=tasks[name].exception())
    return 1 if failed else 0


async def _drain(
    tasks: Mapping[str, asyncio.Task[None]], stops: Mapping[str, asyncio.Event], patience_seconds: float
) -> None:
    deadline = asyncio.get_running_loop().time() + patience_seconds
    for stage in ([name for name in tasks if name != "relay"], [name for name in tasks if name == "relay"]):
        for name in stage:
            stops[name].set()
        waiting = [tasks[name] for name in stage]
        if waiting:
            left = max(0.1, deadline - asyncio.get_running_loop().time())
            await asyncio.wait(waiting, timeout=left)
    late = [task for task in tasks.values() if not task.done()]
    for task in late:
        logger.warning("role %s did not finish in time and is cut off", task.get_name())
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
