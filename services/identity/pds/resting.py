"""The role `pds` where nobody is asked; apart from the worker, so that only who asks loads an HTTP client."""

from __future__ import annotations

import asyncio
import logging

logger = logging.getLogger(__name__)


class Resting:
    """The role where there is no PDS to ask, or only users may ask it: the local register answers alone."""

    ready = True

    def __init__(self, why: str) -> None:
        self._why = why

    async def run(self, stop: asyncio.Event) -> None:
        """Wait for the end."""
        logger.info("the PDS is not asked: %s", self._why)
        await stop.wait()
