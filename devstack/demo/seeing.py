"""Waits for what must come to be seen, and says what was not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from chassis import errors

T = TypeVar("T")
LOOK_SECONDS = 0.02


class NotSeenError(AssertionError):
    """Something that must have come to pass has not; the text says what."""


async def eventually(look: Callable[[], Awaitable[T | None]], what: str, *, seconds: float = 15.0) -> T:
    """The first answer of `look` that is not None; it is asked again while it is, or while NotFound or Unavailable.

    Raises NotSeenError naming `what` after so many seconds.
    """
    end, last = time.monotonic() + seconds, ""
    while True:
        try:
            found = await look()
        except (errors.NotFound, errors.Unavailable) as not_yet:
            found, last = None, f" ({not_yet})"
        if found is not None:
            return found
        if time.monotonic() > end:
            raise NotSeenError(f"{what}: not seen within {seconds:.0f} s{last}")
        await asyncio.sleep(LOOK_SECONDS)


def expect(holds: bool, what: str) -> None:
    """Raises NotSeenError with `what` unless it holds."""
    if not holds:
        raise NotSeenError(what)
