"""A stack for these tests alone: they break it, and each leaves it whole for the next."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from devstack import stack, testing
from tests import county, standing

# A message whose sender was killed is taken over by another after so long; tests need not wait as long as people would.
LEASE_SECONDS = 12
FIRST_SEED = 20261122


@pytest.fixture(scope="package")
def breakable(session_directory: Path) -> Iterator[standing.Standing]:
    """A whole stack that may be broken, with a small place loaded."""
    directory = session_directory / "chaos"
    started = testing.start_stack(directory, settings={"send_lease_seconds": str(LEASE_SECONDS)})
    try:
        yield standing.furnished(started)
    finally:
        stack.down(started.root)
        testing.forget(directory)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shire(breakable: standing.Standing) -> AsyncIterator[county.County]:
    """The county on it."""
    async with county.opened(breakable) as made:
        yield made


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """The test's own chance: the same in every run, and its seed printed, which pytest shows when the test fails."""
    seed = f"{FIRST_SEED}/{request.node.name}"
    print(f"seed: {seed}")  # noqa: T201
    return random.Random(seed)


@pytest_asyncio.fixture(loop_scope="session")
async def no_new_dead_letters(shire: county.County) -> AsyncIterator[None]:
    """Whatever the test does, no event may end as a dead letter."""
    before = set(await shire.dead())
    yield
    after = await shire.dead()
    assert {name: after[name].error for name in set(after) - before} == {}
