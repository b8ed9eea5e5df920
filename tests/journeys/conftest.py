"""Given the whole house with people in it, when journey J1 has been told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from chassis import telemetry
from cli import target
from devstack.demo import journey
from tests.journeys import telling
from tests.standing import Standing


@pytest_asyncio.fixture(scope="session")
async def house(stack: Standing) -> AsyncIterator[target.House]:
    """Channels to the session's stack. Every trace that begins here is kept: whoever begins one chooses."""
    async with stack.house() as opened:
        telemetry.configure(opened.target.config)
        yield opened
        telemetry.shutdown()


@pytest_asyncio.fixture(scope="session")
async def told(stack: Standing, house: target.House) -> telling.Told:
    """What was seen of the journey."""
    return await telling.tell(journey.Journey(house, stack.place, stack.known))
