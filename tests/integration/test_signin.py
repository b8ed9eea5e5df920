"""The local OpenID provider, driven by Authlib's independent client through the whole authorisation code flow."""

import base64
import html
import json
import re
import secrets
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.integrations.base_client.errors import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from axe_playwright_python.sync_playwright import Axe
from joserfc import jwk, jwt
from playwright.sync_api import expect

from devstack import keys
from devstack.signin import grants
from tests import chromium
from tests.integration import loopback_process

SECRET = "a/secret+with:awkward%characters"
CALLBACK = "http://127.0.0.1:7190/signed-in"
HOME = "http://127.0.0.1:7190/"
PEOPLE = [
    {"id": "p-amara", "name": "Amara Okafor", "email": "amara@council.example", "detail": "Caseworker, Barnstaple"},
    {"id": "p-bryn", "name": "Bryn <Hughes>", "email": "bryn@police.example", "detail": "Partner, police"},
    *({"id": f"p-{n}", "name": f"Practitioner {n:02}", "email": f"p{n}@nhs.example"} for n in range(40)),
]


@dataclass(frozen=True)
class Provider:
    """A running provider and its discovery document."""

    issuer: str
    users: Path
    opened: list[Any]

    @property
    def discovery(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = httpx.get(f"{self.issuer}/.well-known/openid-configuration").json()
        return found

    def client(self, secret: str = SECRET, method: str = "client_secret_basic") -> Any:
        made = OAuth2Session(
            "portal",
            secret,
            scope="openid profile email",
            redirect_uri=CALLBACK,
            code_challenge_method="S256",
            token_endpoint_auth_method=method,
        )
        self.opened.append(made)
        return made

    def sign_in(self, client: Any, verifier: str, *, who: str = "p-amara", **extra: str) -> str:
        """Ask, choose a person on the page as a browser does, and return the address the code was sent to."""
        url, _ = client.create_authorization_url(
            self.discovery["authorization_endpoint"], code_verifier=verifier, **extra
        )
        page = httpx.get(url)
        assert page.status_code == 200
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
        form = {name: html.unescape(value) for name, value in hidden} | {"sub": who}
        answered = httpx.post(f"{self.issuer}/authorize", data=form)
        assert answered.status_code == 303
        return answered.headers["location"]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    folder = tmp_path_factory.mktemp("signin")
    made = keys.ensure(folder / "keys")
    users = folder / "users.json"
    users.write_text(json.dumps(PEOPLE), encoding="utf-8")
    port = loopback_process.free_port()
    issuer = f"http://127.0.0.1:{port}"
    environment = {
        "JOINEDUP_SIGNIN_BIND": f"127.0.0.1:{port}",
        "JOINEDUP_SIGNIN_ISSUER": issuer,
        "JOINEDUP_SIGNIN_USERS": str(users),
        "JOINEDUP_SIGNIN_SIGNING_KEY": str(made.signing_key("sign-in")),
        "JOINEDUP_SIGNIN_CLIENT_SECRET": SECRET,
        "JOINEDUP_SIGNIN_REDIRECT_URIS": f"{CALLBACK} http://127.0.0.1:9999/other",
        "JOINEDUP_SIGNIN_POST_LOGOUT_REDIRECT_URIS": HOME,
    }
    with loopback_process.running("devstack.signin", environment, f"{issuer}/livez"):
        opened: list[Any] = []
        yield Provider(issuer, users, opened)
        for client in opened:
            client.close()


@pytest.fixture
def verifier() -> str:
    made: str = generate_token(48)
    return made


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_whole_flow(provider: Provider, verifier: str, method: str) -> None:
    client, nonce = provider.client(method=method), secrets.token_urlsafe()
    location = provider.sign_in(client, verifier, nonce=nonce)
    assert location.startswith(CALLBACK)
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["iss"] == [provider.issuer]
    token = client.fetch_token(
        provider.discovery["token_endpoint"], authorization_response=location, code_verifier=verifier
    )
    signed_by = jwk.KeySet.import_key_set(httpx.get(provider.discovery["jwks_uri"]).json())
    claims = jwt.decode(token["id_token"], signed_by, algorithms=["RS256"]).claims
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": "portal"},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
    ).validate(claims)
    expected = {"sub": "p-amara", "name": "Amara Okafor", "email": "amara@council.example"}
    assert expected.items() <= claims.items()
    assert client.get(provider.discovery["userinfo_endpoint"]).json() == expected


def test_code_is_single_use_and_its_replay_ends_the_token(provider: Provider, verifier: str) -> None:
    client = provider.client()
    location = provider.sign_in(client, verifier)
    endpoint = provider.discovery["token_endpoint"]
    client.fetch_token(endpoint, authorization_response=location, code_verifier=verifier)
    assert client.get(provider.discovery["userinfo_endpoint"]).status_code == 200
    with pytest.raises(OAuthError) as refused:
        provider.client().fetch_token(endpoint, authorization_response=location, code_verifier=verifier)
    assert refused.value.error == "invalid_grant"
    assert client.get(provider.discovery["userinfo_endpoint"]).status_code == 401


@pytest.mark.parametrize("shown", ["", "short", "x" * 64])
def test_wrong_verifier_is_refused(provider: Provider, verifier: str, shown: str) -> None:
    client = provider.client()
    location = provider.sign_in(client, verifier)
    with pytest.raises(OAuthError) as refused:
        client.fetch_token(provider.discovery["token_endpoint"], authorization_response=location, code_verifier=shown)
    assert refused.value.error == "invalid_grant"


def test_another_address_for_the_code_is_refused(provider: Provider, verifier: str) -> None:
    client = provider.client()
    location = provider.sign_in(client, verifier)
    with pytest.raises(OAuthError) as refused:
        client.fetch_token(
            provider.discovery["token_endpoint"],
            authorization_response=location,
            code_verifier=verifier,
            redirect_uri="http://127.0.0.1:9999/other",
        )
    assert refused.value.error == "invalid_grant"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_client_must_know_its_secret(provider: Provider, verifier: str, method: str) -> None:
    location = provider.sign_in(provider.client(), verifier)
    with pytest.raises(OAuthError) as refused:
        provider.client(secret="wrong", method=method).fetch_token(
            provider.discovery["token_endpoint"], authorization_response=location, code_verifier=verifier
        )
    assert refused.value.error == "invalid_client"


def test_unreadable_client_credentials_are_refused(provider: Provider) -> None:
    for credentials in (b"Basic %%%", "Basic é".encode(), b"Basic " + base64.b64encode(b"\xff")):
        headers = {b"Authorization": credentials}
        assert httpx.post(f"{provider.issuer}/token", headers=headers, data={}).status_code == 401


QUESTION = {
    "client_id": "portal",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid",
    "state": "s1",
    "code_challenge": grants.challenge_of("v" * 43),
    "code_challenge_method": "S256",
}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "v" * 20}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_bad_question_goes_back_with_an_error(provider: Provider, change: dict[str, str], error: str) -> None:
    for answered in (
        httpx.get(f"{provider.issuer}/authorize", params=QUESTION | change),
        httpx.post(f"{provider.issuer}/authorize", data=QUESTION | change | {"sub": "p-amara"}),
    ):
        sent = urllib.parse.parse_qs(urllib.parse.urlsplit(answered.headers["location"]).query)
        assert (sent["error"], sent["state"]) == ([error], ["s1"])
        assert "code" not in sent


@pytest.mark.parametrize("change", [{"client_id": "other"}, {"redirect_uri": CALLBACK + "/x"}, {"redirect_uri": ""}])
def test_unknown_client_or_address_is_never_redirected_to(provider: Provider, change: dict[str, str]) -> None:
    answered = httpx.get(f"{provider.issuer}/authorize", params=QUESTION | change)
    assert answered.status_code == 400
    assert "location" not in answered.headers


def test_page_lists_and_searches_people_and_escapes_them(provider: Provider) -> None:
    listed = httpx.get(f"{provider.issuer}/authorize", params=QUESTION)
    assert "Showing 25 of 42 people" in listed.text
    assert "Bryn &lt;Hughes&gt;" in listed.text
    assert "script" not in listed.text
    assert "form-action 'self' http://127.0.0.1:7190;" in listed.headers["content-security-policy"]
    found = httpx.get(f"{provider.issuer}/authorize", params=QUESTION | {"q": "POLICE bryn"})
    assert "1 person found" in found.text
    assert "Amara" not in found.text
    assert "Nobody fits" in httpx.get(f"{provider.issuer}/authorize", params=QUESTION | {"q": "zz"}).text


def test_users_file_is_read_again_when_it_changes(provider: Provider) -> None:
    before = provider.users.read_text(encoding="utf-8")
    provider.users.write_text(json.dumps([*PEOPLE, {"id": "n", "name": "Newly Come", "email": "n@x.example"}]))
    assert "Newly Come" in httpx.get(f"{provider.issuer}/authorize", params=QUESTION | {"q": "newly"}).text
    provider.users.write_text(before, encoding="utf-8")


def test_end_of_session_leads_only_to_registered_addresses(provider: Provider) -> None:
    endpoint = provider.discovery["end_session_endpoint"]
    back = httpx.get(endpoint, params={"post_logout_redirect_uri": HOME, "state": "z"})
    assert (back.status_code, back.headers["location"]) == (303, f"{HOME}?state=z")
    stayed = httpx.get(endpoint, params={"post_logout_redirect_uri": "https://elsewhere.example/"})
    assert stayed.status_code == 200
    assert "You are signed out" in stayed.text


@pytest.mark.browser
@pytest.mark.parametrize("size", [chromium.DESKTOP, chromium.PHONE], ids=["desktop", "phone"])
def test_page_is_accessible_and_works_by_keyboard_without_scripts(provider: Provider, size: dict[str, int]) -> None:
    address = f"{provider.issuer}/authorize?{urllib.parse.urlencode(QUESTION)}"
    with chromium.launched() as browser:
        plain = browser.new_context(
            java_script_enabled=False, viewport={"width": size["width"], "height": 800}
        ).new_page()
        plain.goto(address)
        plain.keyboard.press("Tab")
        expect(plain.get_by_text("Skip to main content")).to_be_focused()
        plain.keyboard.press("Tab")
        plain.keyboard.type("amara")
        plain.keyboard.press("Enter")
        plain.get_by_role("button", name="Amara Okafor").focus()
        # Nobody listens there; that the browser asks at all shows that the page's content policy lets the answer go.
        with plain.expect_request(lambda sent: sent.url.startswith(f"{CALLBACK}?code=")):
            plain.keyboard.press("Enter")
        # axe is itself a script, which the page's own content policy would refuse.
        scripted = browser.new_context(bypass_csp=True, viewport={"width": size["width"], "height": 800}).new_page()
        for page_address in (
            address,
            f"{address}&q=zz",
            f"{provider.issuer}/authorize",
            f"{provider.issuer}/end-session",
        ):
            scripted.goto(page_address)
            found = Axe().run(scripted, options=chromium.RULES)
            assert found.violations_count == 0, found.generate_report()
            assert scripted.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
