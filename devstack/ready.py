"""Questions whose answer says that a part of the stack can do its work."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.05


async def within(seconds: float, question: Callable[[], Awaitable[bool]]) -> bool:
    """Ask until the answer is yes; False when it still is not after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        if await question():
            return True
        if time.monotonic() > end:
            return False
        await asyncio.sleep(POLL_SECONDS)


async def listens(host: str, port: int) -> bool:
    """Does somebody accept connections there?"""
    try:
        async with asyncio.timeout(1):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    await _close(writer)
    return True


async def http_ok(host: str, port: int, path: str) -> bool:
    """Does a GET of the path answer 200 within two seconds?"""
    writer = None
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            status = await reader.readline()
    except (OSError, TimeoutError):
        return False
    finally:
        if writer:
            await _close(writer)
    return status.split(b" ", 2)[1:2] == [b"200"]


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
