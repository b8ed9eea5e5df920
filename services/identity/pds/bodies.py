"""One HTTP exchange: bounded in time and size, not redirected, and silent about what was asked.

The address of a search carries names. httpx logs addresses, and its exceptions hold the request; neither leaves here.
"""

from __future__ import annotations

import asyncio
import logging

import httpx

from services.identity.pds import outcomes


def web(seconds: float) -> httpx.AsyncClient:
    """A client that follows no redirect (it would carry the token along) and takes no proxy from the environment."""
    quiet()
    return httpx.AsyncClient(
        timeout=httpx.Timeout(seconds),
        follow_redirects=False,
        trust_env=False,
        # A compressed answer could unfold to any size between two looks at it.
        headers={"Accept-Encoding": "identity"},
        limits=httpx.Limits(max_connections=10, max_keepalive_connections=5),
    )


def quiet() -> None:
    """Keep httpx's own lines, which hold addresses and headers, out of every log, whatever level it is set to."""
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.http2", "httpcore.connection", "httpcore.proxy"):
        logger = logging.getLogger(name)
        if _nothing_below_a_warning not in logger.filters:
            logger.addFilter(_nothing_below_a_warning)


async def fetch(
    client: httpx.AsyncClient, request: httpx.Request, *, seconds: float, most_bytes: int, whom: str
) -> tuple[httpx.Response, bytes]:
    """The response and its body. Raises Away when none comes in time, and Unreadable for one too large or coded."""
    problem: Exception
    try:
        # httpx's own limits are between two bytes: a server that drips would hold us for ever.
        async with asyncio.timeout(seconds):
            response = await client.send(request, stream=True)
            try:
                return response, await _body(response, most_bytes)
            finally:
                await response.aclose()
    except TimeoutError:
        problem = outcomes.Away(f"{whom} does not answer in time")
    except httpx.TimeoutException:
        problem = outcomes.Away(f"{whom} does not answer in time")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as failure:
        problem = outcomes.Away(f"{whom} cannot be reached, or broke off ({type(failure).__name__})")
    # Raised out here it has no context: httpx's own exception holds the request, whose address carries names.
    raise problem


async def _body(response: httpx.Response, most_bytes: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise outcomes.Unreadable("answer", "is compressed, which was not asked for")
    body = bytearray()
    async for part in response.aiter_raw(65_536):
        body += part
        if len(body) > most_bytes:
            raise outcomes.Unreadable("answer", f"is larger than {most_bytes} bytes")
    return bytes(body)


def _nothing_below_a_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING
