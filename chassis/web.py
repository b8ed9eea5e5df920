"""An HTTP application as a role of a service: uvicorn on our loop, stopped with the rest of the process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from chassis.settings import ServiceSettings


class _Server(uvicorn.Server):
    """The process handles signals for all its roles; uvicorn's own handlers would race it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class WebServer:
    """Serves an ASGI application at `bind` until told to stop; requests in hand are finished first."""

    def __init__(self, application: Any, bind: str, config: ServiceSettings) -> None:
        host, _, port = bind.rpartition(":")
        self._server = _Server(
            uvicorn.Config(
                application,
                host=host.strip("[]"),
                port=int(port),
                # Access lines would carry paths with person ids; calls are traced and counted instead.
                access_log=False,
                log_config=None,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=int(config.drain_seconds / 2),
                ssl_certfile=None,
            )
        )

    @property
    def ready(self) -> bool:
        """Whether it accepts requests."""
        return self._server.started and not self._server.should_exit

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`. Raises OSError when the address is taken."""
        # The process handles signals for all its roles; uvicorn's own handlers would race it.
        serving = asyncio.create_task(self._server._serve())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self._server.should_exit = True
        await serving
