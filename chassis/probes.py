"""Health over plain HTTP: /livez, /readyz and /metrics, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from chassis import telemetry

Readiness = Callable[[], Awaitable[Mapping[str, bool]]]

_PATIENCE_SECONDS = 5
_PLAIN = "text/plain; charset=utf-8"


@asynccontextmanager
async def serve(bind: str, readiness: Readiness) -> AsyncIterator[None]:
    """Answer probes at `bind` ("host:port") while the body runs.

    /livez is 200 as long as the loop turns; /readyz is 200 when everything that `readiness` names is ready, else 503,
    and lists what is and what is not; /metrics is the Prometheus text format.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = await _respond(head, readiness)
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                    "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        writer.close()

    host, _, port = bind.rpartition(":")
    server = await asyncio.start_server(answer, host, int(port), limit=8192)
    try:
        yield
    finally:
        server.close()


async def _respond(head: bytes, readiness: Readiness) -> tuple[str, str, bytes]:
    method, _, rest = head.partition(b" ")
    path = rest.split(b" ", 1)[0].split(b"?", 1)[0]
    if method != b"GET":
        return "405 Method Not Allowed", _PLAIN, b"GET only\n"
    if path == b"/livez":
        return "200 OK", _PLAIN, b"alive\n"
    if path == b"/readyz":
        parts = await readiness()
        lines = "".join(f"{name} {'ready' if ready else 'not ready'}\n" for name, ready in parts.items())
        return "200 OK" if all(parts.values()) else "503 Service Unavailable", _PLAIN, lines.encode()
    if path == b"/metrics":
        body, kind = telemetry.render_metrics()
        return "200 OK", kind, body
    return "404 Not Found", _PLAIN, b"only /livez, /readyz and /metrics are here\n"
