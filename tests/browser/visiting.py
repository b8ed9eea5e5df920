"""Somebody at a screen: signs in at the real provider, clicks through the portal, and has every page looked over."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from cli import encounter, referring, target
from devstack import testing
from devstack.demo import cast
from devstack.place import bars
from devstack.place.people import Person
from joinedup.gateway.v1 import gateway_pb2
from tests import chromium
from tests.standing import Standing

SCREENS = Path(__file__).parents[2] / "docs" / "screens"
WIDTHS = (chromium.DESKTOP, chromium.PHONE)


@dataclass(frozen=True)
class Referral:
    """Somebody who was referred: the referral, the person's id here, and who it is."""

    id: str
    person_id: str
    person: Person

    @property
    def name(self) -> str:
        """As pages show it."""
        return " ".join([*self.person.given, self.person.family])


@dataclass
class County:
    """The stack with its place; `people` that were not referred by a test yet."""

    stack: Standing
    _next: int = field(default=10, init=False)

    @property
    def portal(self) -> str:
        """The portal's address."""
        return self.stack.local.address("portal")

    def person(self) -> Person:
        """Somebody whom no other test uses. The first few are left to other tests of the session."""
        self._next += 1
        return list(self.stack.place.people())[self._next]

    def refer(self, person: Person | None = None, *, priority: str = "urgent") -> Referral:
        """The A&E's system refers somebody to the complex needs team by a BaRS message."""
        return testing.settle(self._refer(person or self.person(), priority))

    async def _refer(self, person: Person, priority: str) -> Referral:
        place = self.stack.place
        message = replace(
            bars.protagonist_referral(place),
            key=f"browser/{uuid.uuid4()}",
            person=person,
            priority=priority,
            authored=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
        )
        async with self.stack.house() as house:
            system = self._hospital(house)
            taken = await referring.post(house.target, system, bars.as_xml(bars.bundle(place.seeding, message)))
        return Referral(taken.referral_id, self.stack.known.people[person.id], person)

    def attend(self, referral: Referral) -> None:
        """The person attends A&E just now, and the hospital's system tells."""
        testing.settle(self._attend(referral))

    async def _attend(self, referral: Referral) -> None:
        message = gateway_pb2.Encounter(
            encounter_id=f"browser/{uuid.uuid4()}",
            person_id=referral.person_id,
            encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
        )
        message.started_at.GetCurrentTime()
        async with self.stack.house() as house:
            await encounter.record(self._hospital(house), message)

    def _hospital(self, house: target.House) -> target.Caller:
        return cast.Cast(house, self.stack.place).system("hospital")


@dataclass
class Visitor:
    """One browser window. `trouble` gathers what went wrong in it: errors, and requests that left the portal."""

    page: Page
    county: County
    trouble: list[str] = field(default_factory=list)

    def sign_in(self, name: str) -> None:
        """By the button, the provider's list of people, and back."""
        self.go("/")
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_label(re.compile("name", re.IGNORECASE)).fill(name)
        self.page.keyboard.press("Enter")
        self.page.get_by_role("button", name=re.compile(re.escape(name))).click()
        self.page.wait_for_url(f"{self.county.portal}/**")

    def go(self, path: str) -> Any:
        """Ask for an address of the portal."""
        return self.page.goto(f"{self.county.portal}{path}")

    def path(self) -> str:
        """Where the visitor is."""
        return self.page.url.removeprefix(self.county.portal)

    def sees(self, text: str | re.Pattern[str], *, seconds: float = 20) -> None:
        """Something is to be read, now or in a moment."""
        expect(self.page.locator("main").get_by_text(text).first).to_be_visible(timeout=seconds * 1000)

    def looks_over(self, name: str) -> None:
        """The page as it is: at both widths no violation of WCAG 2.2 AA, nothing cut off; kept as pictures."""
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width["width"], "height": width["height"]})
            found = Axe().run(self.page, options=chromium.RULES)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
            wide = self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert wide, f"{name} is wider than {width['width']} pixels"
            SCREENS.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=SCREENS / f"{name}-{width['width']}.png", full_page=True, animations="disabled")
        self.page.set_viewport_size({"width": chromium.DESKTOP["width"], "height": chromium.DESKTOP["height"]})


@contextmanager
def visitor(browser: Browser, county: County, **options: Any) -> Iterator[Visitor]:
    """A window of its own, without cookies; `options` are those of a browser context."""
    size = {"width": chromium.DESKTOP["width"], "height": chromium.DESKTOP["height"]}
    context = browser.new_context(**{"viewport": size, **options})
    page = context.new_page()
    page.set_default_timeout(15_000)
    arrived = Visitor(page, county)
    allowed = (county.portal, county.stack.local.address("sign-in"))
    page.on("pageerror", lambda error: arrived.trouble.append(str(error)))
    page.on(
        "request", lambda sent: None if sent.url.startswith(allowed) else arrived.trouble.append(f"asked {sent.url}")
    )
    page.on(
        "console",
        lambda said: arrived.trouble.append(said.text) if "Content Security Policy" in said.text else None,
    )
    try:
        yield arrived
    finally:
        context.close()
    assert arrived.trouble == []
