"""How often, and whether, the PDS is asked: a steady pace, and a rest after it has been away for a while."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from services.identity.pds import outcomes

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Pace:
    """At most so many questions a second, evenly spaced; everybody waits when the PDS asks for time."""

    per_second: float
    clock: Clock = time.monotonic
    sleep: Sleep = asyncio.sleep
    _next: float = field(default=float("-inf"), init=False)

    async def turn(self, *, most_seconds: float) -> None:
        """Wait until it is this question's turn. Raises Away when that is longer than `most_seconds` from now."""
        now = self.clock()
        mine = max(now, self._next)
        if mine - now > most_seconds:
            raise outcomes.Away("the PDS asked us to wait", after_seconds=mine - now)
        self._next = mine + 1 / self.per_second
        if mine > now:
            await self.sleep(mine - now)

    def hold(self, seconds: float) -> None:
        """Ask nothing for so long: the PDS said so (Retry-After)."""
        self._next = max(self._next, self.clock() + seconds)


@dataclass(slots=True)
class Circuit:
    """Opens after `failures` in a row, and lets one question through after `rest_seconds` to see whether it is back."""

    failures: int
    rest_seconds: float
    clock: Clock = time.monotonic
    _failed: int = field(default=0, init=False)
    _until: float = field(default=float("-inf"), init=False)

    @property
    def resting(self) -> float:
        """For how many more seconds nothing is asked; 0 when questions go through."""
        return max(0.0, self._until - self.clock())

    def check(self) -> None:
        """Raises Away while it is open."""
        left = self.resting
        if left:
            raise outcomes.Away("the PDS has been away and is not asked for a while", after_seconds=left)
        if self._failed >= self.failures:
            # One question goes through as a trial; the others wait for what becomes of it, or for the next trial.
            self._until = self.clock() + self.rest_seconds

    def succeeded(self) -> None:
        """The PDS answered."""
        self._failed, self._until = 0, float("-inf")

    def failed(self) -> None:
        """The PDS did not answer."""
        self._failed += 1
        if self._failed >= self.failures:
            self._until = self.clock() + self.rest_seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """How often one question is asked, and how long all its attempts may take together, in seconds."""

    attempts: int
    total_seconds: float
    first_wait_seconds: float = 0.5
    most_wait_seconds: float = 8

    def wait(self, attempt: int, asked_for: float) -> float:
        """How long to wait after the `attempt`-th failure (from 1): what the PDS asked for, else a random time.

        The random time is up to a bound that doubles (full jitter), so that many who failed together come back apart.
        """
        bound: float = min(self.most_wait_seconds, self.first_wait_seconds * 2 ** (attempt - 1))
        return asked_for or random.uniform(0, bound)  # noqa: S311 (spreads load, guards nothing)
