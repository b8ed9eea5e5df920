"""Ties a program's life to its parent's: run by path, it asks the kernel for a death signal and becomes the program.

Usage: python -I -S leash.py PARENT_PID SIGNAL UID GID COMMAND...   (UID and GID -1: stay who you are)

A wrapper rather than `preexec_fn`, which is unsafe in a process that has threads (pytest with gRPC has).
Nothing but the standard library is imported, and little of it: this runs before every part of the stack.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def ask_for_death_signal(parent: int, signum: int) -> None:
    """Have the kernel send `signum` when `parent` ends; end at once when it has ended already. Linux only."""
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(f"parent {parent} has gone")


def become(uid: int, gid: int) -> None:
    """Give root's rights up for good."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main(arguments: list[str]) -> None:
    """Drop rights, take the leash, run the command in this very process."""
    parent, signum, uid, gid = (int(word) for word in arguments[:4])
    command = arguments[4:]
    if uid >= 0:
        become(uid, gid)
    # After the change of user, because that change clears the request.
    ask_for_death_signal(parent, signum)
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
