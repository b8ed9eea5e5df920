"""Serves one ASGI application of the local stack until the process is told to stop, and then stops it gently."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

DRAIN_SECONDS = 3


@dataclass(frozen=True)
class Address:
    """A host and a port, written `127.0.0.1:7125`."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read `host:port`. Raises ValueError when either half is missing or the port is no number."""
        host, separator, port = text.rpartition(":")
        if not separator or not host:
            raise ValueError(f"{text!r} is not host:port")
        return cls(host=host.strip("[]"), port=int(port))


def family(host: str) -> socket.AddressFamily:
    """The address family a literal or local host name is bound with."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class _Server(uvicorn.Server):
    """uvicorn re-raises the signal that stopped it, which would end the process before its other parts are closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def stop_event() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set. Call it inside the running loop, once."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    return stop


async def serve(app: ASGIApp, address: Address, stop: asyncio.Event) -> None:
    """Answer HTTP at `address` until `stop` is set, giving requests in hand DRAIN_SECONDS to finish.

    Raises OSError when the port is taken.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        server_header=False,
    )
    # Bound here because uvicorn answers a taken port by ending the process, not by an error one can catch.
    bound = socket.create_server((address.host, address.port), family=family(address.host))
    server = _Server(config)

    async def watch() -> None:
        await stop.wait()
        server.should_exit = True

    watcher = asyncio.create_task(watch())
    try:
        await server.serve(sockets=[bound])
    finally:
        watcher.cancel()
        bound.close()
