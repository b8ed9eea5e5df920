"""Asks again while a part is away or too busy: a stack that has just started on a small machine is, for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from chassis import errors

T = TypeVar("T")
PAUSES = (0.1, 0.3, 1.0, 2.0)
"""Seconds before asking again; the last holds for good."""


async def patiently(ask: Callable[[], Awaitable[T]], seconds: float = 60.0) -> T:
    """The answer of `ask`, asked again on errors.Unavailable for so many seconds. Only for what may be asked twice.

    Commands may: their idempotency key makes the second the first. Raises what `ask` does.
    """
    end, attempt = time.monotonic() + seconds, 0
    while True:
        try:
            return await ask()
        except errors.Unavailable:
            pause = PAUSES[min(attempt, len(PAUSES) - 1)]
            if time.monotonic() + pause > end:
                raise
            await asyncio.sleep(pause)
            attempt += 1


async def together(*work: Coroutine[Any, Any, None]) -> None:
    """Run all; the first failure ends the others and is raised as it is, not in a group."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
