"""The role `clocks`: what has to happen because time has passed, whether or not anybody calls."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field

from chassis import auth, db, errors, work
from services.referrals import commands

logger = logging.getLogger(__name__)

_SERVICE = "referrals"


@dataclass(slots=True)
class Rounds:
    """Looks for a team for every referral that waits for one, at the start and then again and again."""

    database: db.Database
    desk: commands.Desk
    every_seconds: float
    ready: bool = field(default=False, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Make rounds until `stop`; a database that is away is tried again at the next."""
        while not stop.is_set():
            try:
                await self.once(stop)
                self.ready = True
            except (errors.Unavailable, errors.Conflict) as failure:
                logger.warning("a round was broken off: %s", failure)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.every_seconds):
                    await stop.wait()

    async def once(self, stop: asyncio.Event) -> None:
        """One round over everything that waits, in short transactions. Raises Unavailable."""
        after_id = ""
        while not stop.is_set():
            async with work.unit(self.database, auth.service_actor(_SERVICE), service=_SERVICE) as unit:
                after_id = await commands.look_again(unit, self.desk, after_id=after_id)
            if not after_id:
                return
