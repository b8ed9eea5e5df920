"""Keeps a stack's parts running until it is told to stop: `python -m devstack.supervisor ROOT [options]`.

Every part is a child on a leash, so when this process ends, however it ends, the parts end too. A part that ends by
itself is started again after a pause. A file in ROOT/held keeps the part of its name down for as long as it is there.
"""

import argparse
import asyncio
import fcntl
import math
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from devstack import keys, layout, parts, processes, ready, state
from devstack.layout import Layout
from devstack.parts import Part
from devstack.program import Running

TICK_SECONDS = 0.05
START_SECONDS = 90.0
STOP_SECONDS = 15.0
PAUSES = (0.1, 0.3, 1.0, 2.0, 5.0)
"""Seconds before a part that ended is started again; the last holds for good."""
STEADY_SECONDS = 30.0
"""A part that ran for so long starts again with the shortest pause."""
FIRST_TRIES = 3
"""A part that ends so often before it was ever ready fails the whole start."""


class PartError(RuntimeError):
    """A part could not be brought up."""


class _ToldToStop(Exception):
    """Ends the wait for something to fail; not a failure itself."""


class Supervisor:
    """The parts of one stack, each looked after by a task of its own."""

    def __init__(self, plan: Layout, chosen: Mapping[str, Part]) -> None:
        self.plan = plan
        self.chosen = chosen
        self.stopping = asyncio.Event()
        self.up = {name: asyncio.Event() for name in chosen}
        self.running: dict[str, Running] = {}
        self.began = time.monotonic()
        self.state = state.State(
            root=str(plan.root),
            pid=os.getpid(),
            began=processes.start_time(os.getpid()),
            tls=plan.tls,
            ports=dict(plan.ports),
            addresses=_addresses(plan, chosen),
            parts={name: _part_state(plan, part) for name, part in chosen.items()},
        )

    async def run(self) -> None:
        """Bring everything up, keep it up until `stopping`, take it down."""
        self._tell()
        tasks = {name: asyncio.create_task(self._keep(part), name=name) for name, part in self.chosen.items()}
        told = asyncio.create_task(self._told())
        ready = asyncio.create_task(self._announce())
        try:
            await asyncio.wait([told, *tasks.values()], return_when=asyncio.FIRST_EXCEPTION)
            failed = [task for task in tasks.values() if task.done() and task.exception()]
            if failed and not self.stopping.is_set():
                self.state.reason = str(failed[0].exception())
        finally:
            self.state.phase = "stopping"
            self._tell()
            for task in (told, ready, *tasks.values()):
                task.cancel()
            await asyncio.gather(told, ready, *tasks.values(), return_exceptions=True)
            await self._take_down()

    async def _told(self) -> None:
        await self.stopping.wait()
        raise _ToldToStop

    async def _announce(self) -> None:
        for event in self.up.values():
            await event.wait()
        self.state.phase = "ready"
        self.state.seconds = round(time.monotonic() - self.began, 2)
        self._tell()

    async def _keep(self, part: Part) -> None:
        """Start a part when what it needs is up, and again whenever it ends."""
        for need in part.needs:
            if need in self.up:
                await self.up[need].wait()
        if part.program is None or part.ends:
            await self._do(part)
            return
        failures = 0
        while True:
            await self._unheld(part)
            started = time.monotonic()
            running = await self._start(part, self.state.parts[part.name].restarts > 0)
            if await self._becomes_ready(part, running):
                await part.work(self.plan)
                self._note(part, "ready", seconds=round(time.monotonic() - started, 2))
                self.up[part.name].set()
                await self._ended(part, running)
            failures = 0 if time.monotonic() - started > STEADY_SECONDS else failures + 1
            if failures >= FIRST_TRIES and not self.up[part.name].is_set():
                self._note(part, "failed", pid=0)
                raise PartError(f"{part.name} does not start:\n{running.tail()}")
            if not self._held(part):
                self._note(part, "restarting", pid=0)
                self.state.parts[part.name].restarts += 1
                await asyncio.sleep(PAUSES[min(failures, len(PAUSES)) - 1] if failures else PAUSES[0])

    async def _do(self, part: Part) -> None:
        """What happens once: a task with a process, work without one, or a server that runs elsewhere."""
        started = time.monotonic()
        if part.program is not None:
            running = await self._start(part, again=False)
            if await self._ended(part, running) != 0:
                self._note(part, "failed", pid=0)
                raise PartError(f"{part.name} failed:\n{running.tail()}")
            self.running.pop(part.name)
        self._note(part, "starting")
        if not await ready.within(START_SECONDS, lambda: part.ready(self.plan)):
            raise PartError(f"{part.name} does not answer")
        await part.work(self.plan)
        self._note(part, "done", pid=0, seconds=round(time.monotonic() - started, 2))
        self.up[part.name].set()

    async def _start(self, part: Part, again: bool) -> Running:
        assert part.program is not None
        self._note(part, "restarting" if again else "starting")
        await asyncio.to_thread(part.prepare, self.plan)
        program = await asyncio.to_thread(part.program, self.plan)
        # In this thread, the main one: the kernel ties the child's life to the thread that started it.
        running = program.start()
        self.running[part.name] = running
        self._note(part, "restarting" if again else "starting", pid=running.pid)
        return running

    async def _becomes_ready(self, part: Part, running: Running) -> bool:
        end = time.monotonic() + START_SECONDS
        while running.ended() is None:
            if await part.ready(self.plan):
                return True
            if time.monotonic() > end:
                running.kill()
                break
            await asyncio.sleep(TICK_SECONDS)
        return False

    async def _ended(self, part: Part, running: Running) -> int:
        """Wait until a part has ended, by itself or because it is to be held."""
        while (code := running.ended()) is None:
            if self._held(part):
                await asyncio.to_thread(running.stop, STOP_SECONDS)
            else:
                await asyncio.sleep(TICK_SECONDS)
        return code

    async def _unheld(self, part: Part) -> None:
        while self._held(part):
            self._note(part, "held", pid=0)
            await asyncio.sleep(TICK_SECONDS)

    def _held(self, part: Part) -> bool:
        return (self.plan.root / "held" / part.name).exists()

    async def _take_down(self) -> None:
        """Services first and together, then what they stand on: whoever drains still has its log and database."""
        ground = ("kafka", "postgres")
        await self._stop([name for name in self.running if name not in ground])
        await self._stop([name for name in self.running if name in ground])
        self.state.phase = "failed" if self.state.reason else "stopped"
        self._tell()

    async def _stop(self, names: list[str]) -> None:
        await asyncio.gather(*(asyncio.to_thread(self.running[name].stop, STOP_SECONDS) for name in names))
        for name in names:
            if self.state.parts[name].phase != "failed":
                self._note(self.chosen[name], "stopped", pid=0)

    def _note(
        self, part: Part, phase: state.PartPhase, *, pid: int | None = None, seconds: float | None = None
    ) -> None:
        noted = self.state.parts[part.name]
        before = (noted.phase, noted.pid)
        noted.phase = phase
        if pid is not None:
            noted.pid, noted.began = pid, processes.start_time(pid) if pid else ""
        if seconds is not None:
            noted.seconds = seconds
        if before != (noted.phase, noted.pid) or seconds is not None:
            self._tell()

    def _tell(self) -> None:
        state.write(self.plan.root, self.state)


def _part_state(plan: Layout, part: Part) -> state.PartState:
    log = str(plan.log(part.name)) if part.program else ""
    return state.PartState(name=part.name, log=log, ports={name: plan.ports[name] for name in part.ports})


def _addresses(plan: Layout, chosen: Mapping[str, Part]) -> dict[str, str]:
    """What a person or a command line wants to know: where the doors are."""
    doors = {"portal": "portal-http", "gateway": "gateway-http", "mailbox": "mailbox", "sign-in": "sign-in"}
    found = {door: plan.http(port) for door, port in doors.items()}
    found |= {"kafka": plan.kafka_servers(), "postgres": plan.bind("postgres")}
    present = {*chosen, *(("mailbox",) if "mail" in chosen else ())}
    return {door: address for door, address in found.items() if door in present}


async def _watch_owner(owner: int, supervisor: Supervisor) -> None:
    """Stop when the process that this stack was started for has gone."""
    began = processes.start_time(owner)

    async def gone() -> bool:
        return not processes.is_alive(owner, began)

    await ready.within(math.inf, gone)
    supervisor.stopping.set()


async def _main(plan: Layout, chosen: Mapping[str, Part], owner: int) -> None:
    supervisor = Supervisor(plan, chosen)
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signum, supervisor.stopping.set)
    watcher = asyncio.create_task(_watch_owner(owner, supervisor)) if owner else None
    try:
        await supervisor.run()
    finally:
        if watcher:
            watcher.cancel()


def main() -> None:
    """Read the command line, take the stack's lock, and run."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("root", type=Path)
    reader.add_argument("--only", default="")
    reader.add_argument("--owner", type=int, default=0)
    reader.add_argument("--any-ports", action="store_true")
    reader.add_argument("--tls", action="store_true")
    given = reader.parse_args()
    root: Path = given.root.resolve()
    root.mkdir(parents=True, exist_ok=True)
    with (root / "supervisor.lock").open("w") as lock:
        # Held for life and let go by the kernel: two supervisors can never work on one stack.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        before = state.read(root)
        plan = layout.plan(root, any_ports=given.any_ports, before=before.ports if before else None, tls=given.tls)
        keys.ensure(root / "keys")
        asyncio.run(_main(plan, parts.chosen(given.only.split(",") if given.only else None), given.owner))


if __name__ == "__main__":
    main()
