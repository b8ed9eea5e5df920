"""PostgreSQL refuses to run as root: which user it runs as then, and how that user reaches its files."""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

from devstack import leash
from devstack.program import Account, inherited

NAMES = ("postgres", "nobody")
SHELTER = Path("/var/tmp")  # noqa: S108 - what is made there is checked to be ours
"""Where things go that the other user could not reach in the checkout; unlike /tmp it outlives a restart."""
STANDS_FOR = "stands-for"


class AccountError(RuntimeError):
    """We are root, and there is no other user to run PostgreSQL as."""


def account() -> Account | None:
    """The user to run as when we are root; None when we are not, and simply stay who we are. Raises AccountError."""
    if os.geteuid() != 0:
        return None
    for name in NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise AccountError(f"PostgreSQL does not run as root, and none of the users {', '.join(NAMES)} exists")


def may_run(program: Path, user: Account | None) -> bool:
    """Tried, not deduced: can this user run the program where it lies?"""
    if user is None:
        return True
    try:
        return run([str(program), "--version"], user).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def may_enter(directory: Path, user: Account | None) -> bool:
    """Can this user go through the directory?"""
    if user is None:
        return True
    command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)]
    return run(command, user).returncode == 0


def shelter(for_path: Path) -> Path:
    """A folder outside the checkout that stands for `for_path`, ours and open to be gone through. Raises OSError."""
    name = hashlib.sha256(str(for_path.resolve()).encode()).hexdigest()[:16]
    outer = SHELTER / f"joinedup-{os.geteuid()}"
    for directory in (outer, outer / name):
        directory.mkdir(mode=0o711, exist_ok=True)
        found = directory.lstat()
        # In a folder that everybody may write to, somebody else may have been there first.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(f"{directory} is not ours")
        directory.chmod(0o711)
    (outer / name / STANDS_FOR).write_text(str(for_path.resolve()))
    return outer / name


def leave(for_path: Path) -> None:
    """Remove the shelter of a path, if it has one."""
    name = hashlib.sha256(str(for_path.resolve()).encode()).hexdigest()[:16]
    shutil.rmtree(SHELTER / f"joinedup-{os.geteuid()}" / name, ignore_errors=True)


def sweep() -> None:
    """Remove the shelters of paths that are there no longer: of checkouts and test folders that were deleted."""
    for note in (SHELTER / f"joinedup-{os.geteuid()}").glob(f"*/{STANDS_FOR}"):
        if not Path(note.read_text()).exists():
            shutil.rmtree(note.parent, ignore_errors=True)


def own(directory: Path, user: Account | None) -> Path:
    """Make a folder that belongs to the user alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user is not None:
        os.chown(directory, user.uid, user.gid)
    directory.chmod(0o700)
    return directory


def run(command: list[str], user: Account | None, seconds: float = 30) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end as the user, or as who we are. Raises OSError, subprocess.TimeoutExpired."""
    if user:
        # By the leash, not by subprocess's own `user`: that forks, which gRPC's threads in a test session do not like.
        leashed = [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), str(int(signal.SIGKILL))]
        command = [*leashed, str(user.uid), str(user.gid), *command]
    return subprocess.run(  # noqa: S603 - the command is ours
        command, check=False, capture_output=True, text=True, timeout=seconds, cwd="/", env=inherited(LC_ALL="C")
    )
