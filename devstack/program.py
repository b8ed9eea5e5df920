"""One program of the local stack: how it is started on a leash, stopped, killed and recognised."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from devstack import leash, paths

STOP_SECONDS = 10.0
LOG_BYTES = 20_000_000
"""A log that has grown larger is set aside at the next start, and the one set aside before it is dropped."""


@dataclass(frozen=True)
class Account:
    """An operating system user that a program runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """What to run. `orphan_signal` is what the kernel sends when the parent dies."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL

    def start(self) -> "Running":
        """Start it in a process group of its own, its output appended to the log.

        Call from a thread that lives as long as the program should: the kernel watches the thread, not the process.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        user = (self.account.uid, self.account.gid) if self.account else (-1, -1)
        leashed = [
            sys.executable,
            "-I",
            "-S",
            str(Path(leash.__file__)),
            str(os.getpid()),
            str(int(self.orphan_signal)),
        ]
        leashed += [str(user[0]), str(user[1]), *self.command]
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the command is ours
                leashed,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=paths.CHECKOUT,
                start_new_session=True,
            )
        return Running(program=self, process=process)


@dataclass(frozen=True)
class Running:
    """A started program, which is a child of this process."""

    program: Program
    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        """Process id, and id of its process group."""
        return self.process.pid

    def ended(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self.process.poll()

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal to the program alone; nothing happens when it has ended."""
        if self.ended() is None:
            self.process.send_signal(signum)

    def kill(self) -> None:
        """SIGKILL to the program and whatever it started, and wait for its end."""
        # The leader is not reaped before killpg, so the group id cannot have become a stranger's.
        if self.process.returncode is None:
            _signal_group(self.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask it to stop, insist after `seconds`. Returns the exit code."""
        self.signal(self.program.stop_signal)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.process.returncode

    def tail(self, lines: int = 30) -> str:
        """The end of its log, for the message that says why it did not start."""
        return tail(self.program.log, lines)


def tail(log: Path, lines: int) -> str:
    """The last lines of a log file; empty when there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 400 * lines))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def _signal_group(group: int, signum: signal.Signals) -> None:
    try:
        os.killpg(group, signum)
    except ProcessLookupError:
        return
    except PermissionError:
        # macOS answers so for a group of which only a zombie is left.
        time.sleep(0)


def inherited(**own: str) -> dict[str, str]:
    """The environment a part starts with: what finding programs, homes and locales needs, and `own`."""
    keep = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "JAVA_HOME", "USER", "LOGNAME")
    return {name: os.environ[name] for name in keep if name in os.environ} | own
