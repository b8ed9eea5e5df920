"""Chromium at the portal of the whole stack, and people who were referred for these tests alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests import chromium
from tests.browser import visiting
from tests.standing import Standing


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one module.

    While its driver runs, this thread counts as running an event loop: no test with a loop of its own could follow.
    """
    with chromium.launched() as started:
        yield started


@pytest.fixture(scope="session")
def county(stack: Standing) -> visiting.County:
    """Given: a county with its agencies, its staff and its people, all parts running."""
    return visiting.County(stack)


@pytest.fixture
def visitor(browser: Browser, county: visiting.County) -> Iterator[visiting.Visitor]:
    """Somebody at a desktop who has not signed in yet."""
    with visiting.visitor(browser, county) as arrived:
        yield arrived
