"""Which loopback port each part listens on: the documented one, or a free one when that is taken."""

import errno
import os
import socket
from collections.abc import Collection

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Can a server bind this loopback port right now?"""
    with socket.socket() as probe:
        # As servers do, so that a connection in TIME_WAIT does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as failure:
            if failure.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def free(taken: Collection[int] = ()) -> int:
    """A port nobody listens on and that is not in `taken`.

    Drawn below the kernel's ephemeral range where one can be had, so that an outgoing connection does not take it
    between this call and the server's bind.
    """
    start = os.getpid() * 31  # Two sessions started together should not walk the range in step.
    for step in range(12_000):
        candidate = 20_000 + (start + step * 7919) % 12_000
        if candidate not in taken and is_free(candidate):
            return candidate
    raise OSError(errno.EADDRINUSE, "no loopback port between 20000 and 32000 is free")


def choose(wanted: int, taken: Collection[int] = ()) -> int:
    """`wanted` when it can be had, else a free port."""
    return wanted if wanted not in taken and is_free(wanted) else free(taken)
