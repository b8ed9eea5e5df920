"""Sessions: sealed, ended in time, the same for every replica, and of no use to whoever finds or changes one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.portal.sealed import Seal
from services.portal.sessions import Post, Session, Sessions
from services.portal.settings import Settings
from tests.unit import portal_house

SECRET = portal_house.SECRET
POST = Post("organisation", "team", "triage")


class Clock:
    """A clock that is set by hand."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def cookie(sessions: Sessions, session: Session) -> str:
    response = Response()
    sessions.write(response, session)
    return response.headers["set-cookie"]


def request(sent: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", sent.split(";", maxsplit=1)[0].encode())]})


def read(sessions: Sessions, sent: str) -> Session | None:
    return sessions.read(request(sent))


def test_a_session_survives_a_restart_and_another_replica() -> None:
    clock = Clock()
    first, second = (Sessions(portal_house.settings(), clock) for _ in range(2))
    session = replace(first.begin("practitioner", 1), post=POST)
    assert read(second, cookie(first, session)) == session
    assert second.csrf(session) == first.csrf(session)


def test_what_the_browser_keeps_says_nothing_and_cannot_be_changed() -> None:
    sessions = Sessions(portal_house.settings(), Clock())
    sent = cookie(sessions, replace(sessions.begin("practitioner", 0), post=POST))
    assert "practitioner" not in sent
    assert "triage" not in sent
    name, _, value = sent.split(";")[0].partition("=")
    for changed in (value[:-2] + "AA", value[::-1], "", "e30", "x" * 5_000):
        assert read(sessions, f"{name}={changed}") is None


def test_a_session_ends_when_it_is_idle_and_in_any_case() -> None:
    clock = Clock()
    sessions = Sessions(portal_house.settings(session_idle_minutes=30, session_hours=10), clock)
    sent = cookie(sessions, sessions.begin("practitioner", 0))
    clock.now += 29 * 60
    assert read(sessions, sent) is not None
    clock.now += 2 * 60
    assert read(sessions, sent) is None
    session = sessions.begin("practitioner", 0)
    for _ in range(30):
        clock.now += 20 * 60
        sent = cookie(sessions, session)
        session = read(sessions, sent) or session
    clock.now += 60
    assert read(sessions, sent) is None


def test_the_cookie_is_for_our_pages_only() -> None:
    sessions = Sessions(portal_house.settings(public_url="https://joinedup.example"), Clock())
    sent = cookie(sessions, sessions.begin("practitioner", 0))
    assert sent.startswith("__Host-joinedup=")
    for attribute in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"):
        assert attribute in sent
    assert "Domain" not in sent
    assert "Secure" not in cookie(Sessions(portal_house.settings(), Clock()), sessions.begin("p", 0))


def test_secrets_are_replaced_without_signing_anybody_out() -> None:
    clock = Clock()
    old, new = "o" * 40, "n" * 40
    before = Sessions(portal_house.settings(session_secret=old), clock)
    between = Sessions(portal_house.settings(session_secret=f"{new} {old}"), clock)
    after = Sessions(portal_house.settings(session_secret=new), clock)
    session = before.begin("practitioner", 0)
    sent = cookie(before, session)
    assert read(between, sent) == session
    assert between.may_post(session, before.csrf(session))
    assert read(after, sent) is None
    assert read(after, cookie(between, session)) == session


def test_what_is_sealed_for_one_purpose_does_not_open_for_another() -> None:
    one, other = Seal([SECRET], "session"), Seal([SECRET], "sign-in")
    assert one.open(one.seal({"a": 1})) == {"a": 1}
    assert other.open(one.seal({"a": 1})) is None
    assert not other.holds("text", one.mark("text"))
    assert not one.holds("text", "é")
    with pytest.raises(ValueError, match="session_secret"):
        Seal([], "session")


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_url": "http://joinedup.example"},
        {"oidc_issuer": "http://id.example"},
        {"session_secret": "short"},
        {"session_secret": ""},
        {"oidc_more": [{"issuer": "http://police.example", "client_id": "j"}]},
    ],
)
def test_production_is_safe_or_does_not_start(wrong: dict[str, object]) -> None:
    sound = {
        "environment": "production",
        "public_url": "https://joinedup.example",
        "oidc_issuer": "https://id.example",
        "session_secret": SECRET,
    }
    assert Settings.model_validate(sound).is_https
    with pytest.raises(ValidationError):
        Settings.model_validate({**sound, **wrong})


def test_several_providers_by_settings() -> None:
    found = portal_house.settings(
        oidc_more=[{"issuer": "https://police.example", "client_id": "j", "name": "Police", "organisations": ["p"]}]
    ).sign_ins()
    assert [one.name for one in found] == ["Sign in", "Police"]
    assert found[1].organisations == ("p",)
