"""Every address of the portal demands a session, and every form a token, but for a named few."""

from __future__ import annotations

import logging
import uuid

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Mount, Route

from services.portal import application, headers, visit
from services.portal.sessions import Post
from services.portal.views import landing
from tests.unit import portal_house

HTMX = {"hx-request": "true"}


def every() -> list[tuple[str, str]]:
    """Method and path of each route, its parameters filled in."""
    made = portal_house.unfurnished()
    guard = application.Guard(made, landing.Door(made))
    found = []
    for route in application.routes(guard):
        if isinstance(route, Mount):
            found.append(("GET", route.path))
        elif isinstance(route, Route):
            path = route.path
            for name in route.param_convertors:
                path = path.replace(f"{{{name}}}", str(uuid.uuid4()))
            found += [(method, path) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


EVERY = every()
GUARDED = [(method, path) for method, path in EVERY if path not in application.OPEN]


def test_the_open_addresses_are_few_and_there() -> None:
    assert {path for _, path in EVERY} >= application.OPEN
    assert len(application.OPEN) == 4
    assert len(GUARDED) > 15


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_without_a_session_nothing_is_answered(method: str, path: str) -> None:
    async with portal_house.browser(application.application(portal_house.unfurnished())) as browser:
        answer = await browser.request(method, path)
        if path == "/live":
            assert answer.status_code == 401
        else:
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/?next=%2F" if method == "GET" else "/")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        part = await browser.request(method, path, headers=HTMX)
        assert part.status_code == 401


@pytest.mark.parametrize(("method", "path"), [pair for pair in GUARDED if pair[0] == "POST"])
@pytest.mark.parametrize("token", ["", "forged", "of another session"])
async def test_without_its_token_no_form_is_taken(method: str, path: str, token: str) -> None:
    made = portal_house.unfurnished()
    session = made.sessions.begin("somebody", 0)
    other = made.sessions.begin("somebody", 0)
    sent = made.sessions.csrf(other) if token == "of another session" else token
    async with signed_in(made, session) as browser:
        answer = await browser.request(method, path, data={"csrf": sent, "key": "k", "role": "0"})
    assert answer.status_code == 403


def signed_in(made: visit.Portal, session: object) -> httpx.AsyncClient:
    response = Response()
    made.sessions.write(response, session)  # type: ignore[arg-type]
    browser = portal_house.browser(application.application(made))
    browser.headers["cookie"] = response.headers["set-cookie"].split(";")[0]
    return browser


async def test_a_part_that_cannot_be_reached_is_told_with_a_number() -> None:
    made = portal_house.unfurnished()
    session = made.sessions.begin("somebody", 0)
    async with signed_in(made, session) as browser:
        answer = await browser.get("/inbox")
    assert answer.status_code == 503
    assert "Nothing you sent was lost" in answer.text
    assert "governance" not in answer.text


async def test_a_fault_of_ours_is_told_by_its_number_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("Margaret Pascoe, 999 111 6680")

    async def page(request: object, failure_id: str) -> Response:
        return Response(failure_id, 500)

    front = headers.Frontage(broken, form_origins=["https://id.example"], https=True, failed=page)
    with caplog.at_level(logging.ERROR):
        async with portal_house.browser(front) as browser:
            answer = await browser.get("/inbox")
    assert answer.status_code == 500
    assert answer.text in caplog.text
    assert "Margaret" not in answer.text
    assert "form-action 'self' https://id.example;" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_unknown_addresses_and_methods_are_pages_too() -> None:
    async with portal_house.browser(application.application(portal_house.unfurnished())) as browser:
        missing, wrong = await browser.get("/nothing"), await browser.post("/inbox")
        script = await browser.get("/static/../settings.py")
    assert (missing.status_code, wrong.status_code, script.status_code) == (404, 405, 404)
    assert "Page not found" in missing.text


async def test_a_form_that_is_too_large_or_none_is_refused() -> None:
    made = portal_house.unfurnished(form_bytes=1_000)
    session = made.sessions.begin("somebody", 0)
    async with signed_in(made, session) as browser:
        large = await browser.post("/sign-out", data={"csrf": "x" * 2_000})
        none = await browser.post("/sign-out", json={"csrf": made.sessions.csrf(session)})
    assert (large.status_code, none.status_code) == (400, 400)


async def test_signing_out_works_while_the_provider_is_away() -> None:
    made = portal_house.unfurnished(oidc_issuer="http://127.0.0.1:9")
    session = made.sessions.begin("somebody", 0)
    async with signed_in(made, session) as browser:
        answer = await browser.post("/sign-out", data={"csrf": made.sessions.csrf(session)})
    assert answer.headers["location"] == "/?state=signed-out"
    assert 'joinedup=""' in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "path",
    [
        "//elsewhere.example",
        "https://elsewhere.example/",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "inbox",
        "/a\nb",
    ],
)
def test_nobody_is_led_elsewhere_after_signing_in(path: str) -> None:
    assert landing.local(path) == ""
    assert landing.local("/people/1?before=x") == "/people/1?before=x"


async def test_a_stream_is_for_those_who_were_shown_its_page() -> None:
    made = portal_house.unfurnished()
    session, other = made.sessions.begin("a", 0), made.sessions.begin("b", 0)
    mark = made.sessions.stream_mark(session, "person:1")
    for topic, whose in (("person:2", session), ("person:1", other)):
        async with signed_in(made, whose) as browser:
            answer = await browser.get("/live", params={"topic": topic, "mark": mark})
        assert answer.status_code == 404


def test_posts_are_told_apart() -> None:
    assert Post("o", "t", "triage") != Post("o", "t", "caseworker")
