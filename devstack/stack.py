"""The local stack as its users see it: up, down, status, logs, and for tests: kill, restart, hold and release."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from devstack import layout, leash, parts, paths, postgres, processes, state
from devstack.layout import Layout
from devstack.program import tail

UP_SECONDS = 180.0
DOWN_SECONDS = 40.0
POLL_SECONDS = 0.05
Progress = Callable[[state.State], None]

_children: "dict[int, subprocess.Popen[bytes]]" = {}
"""Supervisors that this process started: to be reaped by it when they have ended."""


class StackError(RuntimeError):
    """The stack could not do what was asked; the text says which part and shows the end of its log."""


def up(
    root: Path = paths.STACK,
    *,
    only: Collection[str] | None = None,
    any_ports: bool = False,
    tls: bool = False,
    owned: bool = False,
    progress: Progress = lambda _: None,
) -> state.State:
    """Start the stack and return when every part is ready; at once when it already is.

    `only` names parts; `any_ports` leaves the documented ports to another stack; `owned` ties the stack's life to this
    process (and thread: call it from the main one). `progress` is told of each change. Raises StackError.
    """
    root = root.resolve()
    known = state.read(root)
    if known and known.supervised() and known.phase in ("starting", "ready"):
        return _await_ready(root, known.pid, known.began, progress)
    chosen = parts.chosen(only)
    if missing := [name for name, part in chosen.items() if not parts.exists(part)]:
        raise StackError(f"there is no package services.{missing[0]} in this checkout")
    shutil.rmtree(root / "held", ignore_errors=True)
    started = _start_supervisor(root, list(chosen), any_ports=any_ports, tls=tls, owned=owned)
    _children[started.pid] = started
    try:
        return _await_ready(root, started.pid, processes.start_time(started.pid), progress)
    except KeyboardInterrupt:
        down(root)
        raise


def down(root: Path = paths.STACK) -> bool:
    """Stop the stack and wait until every process of it has ended; False when none ran. Raises StackError."""
    root = root.resolve()
    known = state.read(root)
    if known is None or not known.supervised():
        _sweep(known)
        return False
    _send(known.pid, known.began, signal.SIGTERM)
    if not _within(DOWN_SECONDS, lambda: not known.supervised()):
        # The parts hang on the supervisor's life: the kernel ends them with it.
        _send(known.pid, known.began, signal.SIGKILL)
        if not _within(DOWN_SECONDS, lambda: not known.supervised()):
            raise StackError(f"the supervisor {known.pid} does not end")
    _reap()
    left = [part for part in known.parts.values() if part.pid]
    if not _within(DOWN_SECONDS, lambda: not any(_lives(part) for part in left)):
        raise StackError(f"still running: {', '.join(part.name for part in left if _lives(part))}")
    return True


def status(root: Path = paths.STACK) -> dict[str, Any]:
    """What runs, where, since when and with how much memory; phase `absent` when there never was a stack here."""
    root = root.resolve()
    known = state.read(root)
    if known is None:
        return {"root": str(root), "phase": "absent", "parts": {}, "ports": {}, "addresses": {}}
    if not known.supervised() and known.phase not in ("stopped", "failed"):
        known.phase, known.reason = "failed", "its supervisor was killed"
    told = known.as_dict()
    for name, part in known.parts.items():
        if part.pid and not _lives(part):
            told["parts"][name] |= {"pid": 0, "phase": "stopped"}
        told["parts"][name]["resident_mb"] = processes.resident_mb(told["parts"][name]["pid"])
    return told


def logs(name: str, root: Path = paths.STACK, *, lines: int = 50, follow: bool = False) -> Iterator[str]:
    """The last lines of a part's log (`supervisor` has one too), and with `follow` each new one. Raises StackError."""
    file = root.resolve() / "logs" / f"{name}.log"
    if not file.exists():
        raise StackError(f"{name} has no log in {file.parent}")
    yield from tail(file, lines).splitlines()
    with file.open(errors="replace") as log:
        log.seek(0, os.SEEK_END)
        while follow:
            if line := log.readline():
                yield line.rstrip("\n")
            else:
                time.sleep(0.2)


def kill(name: str, root: Path = paths.STACK, signum: signal.Signals = signal.SIGKILL) -> int:
    """Send a signal (SIGKILL) to one part, as a fault would; returns the pid it had. Raises StackError.

    The supervisor starts the part again.
    """
    part = _part(name, root)
    if not part.pid or not _send(part.pid, part.began, signum):
        raise StackError(f"{name} does not run")
    return part.pid


def restart(name: str, root: Path = paths.STACK, seconds: float = UP_SECONDS) -> state.PartState:
    """Stop one part gently and wait until its successor is ready. Raises StackError."""
    before = kill(name, root, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    return await_part(name, root, seconds, after=before)


def hold(name: str, root: Path = paths.STACK) -> None:
    """Stop a part and keep it down until `release`: "Kafka is down". Raises StackError."""
    part = _part(name, root)
    held = root.resolve() / "held" / name
    held.parent.mkdir(exist_ok=True)
    held.touch()
    if not _within(DOWN_SECONDS, lambda: not _lives(part)):
        raise StackError(f"{name} does not stop")


def release(name: str, root: Path = paths.STACK, seconds: float = UP_SECONDS) -> state.PartState:
    """Let a held part come up again, and wait until it is ready. Raises StackError."""
    before = _part(name, root).pid
    (root.resolve() / "held" / name).unlink(missing_ok=True)
    return await_part(name, root, seconds, after=before)


def await_part(name: str, root: Path = paths.STACK, seconds: float = UP_SECONDS, *, after: int = 0) -> state.PartState:
    """Wait until a part is ready under another pid than `after`. Raises StackError."""

    def is_ready() -> bool:
        part = _part(name, root)
        return part.phase == "ready" and part.pid != after and _lives(part)

    if not _within(seconds, is_ready):
        raise StackError(f"{name} is not ready after {seconds:.0f} s:\n{tail(_log(name, root), 30)}")
    return _part(name, root)


def environment(name: str, root: Path = paths.STACK) -> dict[str, str]:
    """The JOINEDUP_* settings of a service of this stack, or of a command that acts as an issuer (`operator`).

    Raises StackError when there never was a stack here.
    """
    plan = _layout(root)
    return layout.service_environment(plan, name, plan.cluster().passwords())


def forget(root: Path) -> None:
    """Delete a stopped stack with its data. Raises StackError while it runs."""
    root = root.resolve()
    known = state.read(root)
    if known and known.supervised():
        raise StackError("the stack still runs")
    postgres.Cluster(root / "postgres", 0).remove()
    shutil.rmtree(root, ignore_errors=True)
    state.file_of(root).unlink(missing_ok=True)


def _layout(root: Path) -> Layout:
    known = state.read(root.resolve())
    if known is None:
        raise StackError(f"no stack was ever started in {root}")
    return Layout(root=root.resolve(), ports=known.ports, tls=known.tls)


def _start_supervisor(
    root: Path, names: list[str], *, any_ports: bool, tls: bool, owned: bool
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "devstack.supervisor", str(root), f"--only={','.join(names)}"]
    command += ["--any-ports"] if any_ports else []
    command += ["--tls"] if tls else []
    if owned:
        tied = [sys.executable, "-I", "-S", str(Path(leash.__file__)), str(os.getpid()), str(int(signal.SIGTERM))]
        command = [*tied, "-1", "-1", *command, f"--owner={os.getpid()}"]
    log = root / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(paths.CHECKOUT), str(paths.CHECKOUT / "gen")])}
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=paths.CHECKOUT,
            env=environment,
            start_new_session=True,
        )


def _await_ready(root: Path, pid: int, began: str, progress: Progress) -> state.State:
    """Follow the state file until the supervisor `pid` says that all is ready. Raises StackError."""
    end = time.monotonic() + UP_SECONDS
    shown = None
    while time.monotonic() < end:
        known = state.read(root)
        if known and known.pid == pid:
            if (now := known.as_dict()) != shown:
                progress(known)
                shown = now
            if known.phase == "ready":
                return known
        if not processes.is_alive(pid, began):
            _reap()
            known = state.read(root)
            reason = known.reason if known and known.pid == pid else ""
            raise StackError(reason or f"the supervisor ended:\n{tail(_log('supervisor', root), 30)}")
        time.sleep(POLL_SECONDS)
    down(root)
    raise StackError(f"the stack was not ready after {UP_SECONDS:.0f} s")


def _sweep(known: state.State | None) -> None:
    """Where no kernel ends the parts with their supervisor (it is Linux that does), end what a killed one left."""
    for part in known.parts.values() if known else ():
        _send(part.pid, part.began, signal.SIGKILL)


def _reap() -> None:
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            del _children[pid]


def _part(name: str, root: Path) -> state.PartState:
    known = state.read(root.resolve())
    if known is None or name not in known.parts:
        raise StackError(f"this stack has no part {name}")
    return known.parts[name]


def _log(name: str, root: Path) -> Path:
    return root.resolve() / "logs" / f"{name}.log"


def _lives(part: state.PartState) -> bool:
    return processes.is_alive(part.pid, part.began)


def _send(pid: int, began: str, signum: signal.Signals) -> bool:
    """Signal this very process and no other that the pid may have passed to; False when it has gone."""
    if not processes.is_alive(pid, began):
        return False
    if not hasattr(os, "pidfd_open"):
        os.kill(pid, signum)
        return True
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            # Opened first, asked after: the descriptor stays with the process it was opened for.
            if processes.is_alive(pid, began):
                signal.pidfd_send_signal(descriptor, signum)
                return True
        finally:
            os.close(descriptor)
    return False


def _within(seconds: float, come: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not come():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_SECONDS)
    return True
