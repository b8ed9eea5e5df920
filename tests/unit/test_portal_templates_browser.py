"""The portal's pages in a real browser: accessible, within their origin, whole without scripts, and live with them."""

import asyncio
import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sse_starlette.sse import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from devstack import loopback
from services.portal.pages import rendering
from tests import chromium
from tests.unit import portal_example_cases as cases
from tests.unit.portal_example_people import LIVE, NOW, on
from tests.unit.portal_examples import EXAMPLES

pytestmark = pytest.mark.browser

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class Site:
    """Serves the examples under the portal's content policy, and a person's page that changes when it is told to."""

    def __init__(self) -> None:
        self.shown = 0
        self.changed = threading.Event()
        self.address = loopback.Address("127.0.0.1", _free_port())

    def url(self, path: str) -> str:
        return f"http://{self.address.host}:{self.address.port}{path}"

    async def example(self, request: Request) -> Response:
        return self._answer(rendering.render(*EXAMPLES[request.path_params["name"]]))

    async def person(self, request: Request) -> Response:
        """The page as it stands now: one chronology entry more each time."""
        self.shown += 1
        newest = dataclasses.replace(cases.CHRONOLOGY[1], id=f"new-{self.shown}", title=f"Entry {self.shown}")
        page = dataclasses.replace(
            cases.PERSON,
            chronology=(newest, *cases.CHRONOLOGY),
            live=dataclasses.replace(LIVE, refresh="/person", stream="/live/person"),
        )
        frame = dataclasses.replace(on("Caseload"), now=NOW + timedelta(minutes=self.shown))
        return self._answer(rendering.render(page, frame))

    async def stream(self, request: Request) -> Response:
        """Says `changed` once, when the test says so."""

        async def events() -> AsyncIterator[dict[str, str]]:
            yield {"event": "hello", "data": "-"}
            while not await asyncio.to_thread(self.changed.wait, 0.1):
                pass
            self.changed.clear()
            yield {"event": "changed", "data": "-"}
            await asyncio.sleep(3600)

        return EventSourceResponse(events())

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/example/{name}", self.example),
                Route("/person", self.person),
                Route("/live/{rest:path}", self.stream),
                Mount("/static", StaticFiles(directory=rendering.STATIC)),
            ]
        )

    @staticmethod
    def _answer(text: str) -> Response:
        return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    served = Site()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(
        target=loop.run_until_complete, args=(loopback.serve(served.application(), served.address, stop),)
    )
    thread.start()
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((served.address.host, served.address.port)):
            break
        time.sleep(0.05)
    yield served
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as started:
        yield started


@pytest.fixture(params=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    size = chromium.DESKTOP if request.param == "desktop" else chromium.PHONE
    context = browser.new_context(viewport={"width": size["width"], "height": size["height"]})
    yield context.new_page()
    context.close()


# The error pages differ in words only.
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in ("error-403", "error-409", "error-503")])
def test_accessible_and_within_its_origin(site: Site, page: Page, name: str) -> None:
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda sent: trouble.append(sent.url) if not sent.url.startswith(site.url("/")) else None)
    page.goto(site.url(f"/example/{name}"))
    found = Axe().run(page, options=chromium.RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert trouble == []


def test_every_target_is_large_enough_for_a_thumb(site: Site, page: Page) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24 pixels, links in running text excepted."""
    page.goto(site.url("/example/inbox"))
    small = page.evaluate(
        """[...document.querySelectorAll('button, select, input:not([type=hidden]), summary, nav a')]
           .map(e => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
           .filter(([_, box]) => box.height && (box.height < 24 || box.width < 24)).map(([html]) => html)"""
    )
    assert small == []


def test_triage_reveals_what_the_choice_needs_without_scripts(site: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url("/example/referral"))
    expect(page.get_by_label("Reason")).to_be_hidden()
    page.get_by_label("Refuse").check()
    expect(page.get_by_label("Reason")).to_be_visible()
    expect(page.get_by_label("Key worker")).to_be_hidden()
    page.get_by_label("Accept").check()
    expect(page.get_by_label("Key worker")).to_be_visible()
    context.close()


def test_keyboard_reaches_the_content_and_the_reason_for_withholding(site: Site, page: Page) -> None:
    page.goto(site.url("/example/referral"))
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    withheld = page.locator("details.jd-withheld").first
    withheld.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(withheld.get_by_text("Withheld does not mean empty")).to_be_visible()


def test_error_summary_leads_to_the_field(site: Site, page: Page) -> None:
    page.goto(site.url("/example/plan-edit"))
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    page.get_by_role("link", name="The review must be after today").click()
    expect(page.get_by_label("Day")).to_be_focused()


def test_live_page_shows_the_news_and_leaves_the_reader_alone(site: Site, page: Page) -> None:
    page.goto(site.url("/person"))
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    before = site.shown
    page.get_by_text("Add a note").click()
    page.get_by_label("Note").fill("She rang at ten, sounding")
    explanation = page.locator("details.jd-withheld").nth(1)
    explanation.locator("summary").click()
    site.changed.set()
    expect(page.get_by_text(f"Entry {before + 1}", exact=True)).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text(rendering.clock(NOW + timedelta(minutes=before + 1)))
    expect(page.get_by_label("Note")).to_have_value("She rang at ten, sounding")
    expect(explanation.get_by_text("Withheld does not mean empty")).to_be_visible()
    expect(explanation.locator("summary")).to_be_focused()
