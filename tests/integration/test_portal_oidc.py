"""The portal signs people in at the real local provider, and takes nothing from one that lies."""

from __future__ import annotations

import html
import json
import re
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chassis import errors
from devstack import keys
from devstack.signin import __main__ as signin
from devstack.signin import settings as signin_settings
from services.portal import oidc
from services.portal.settings import SignIn

ISSUER = "http://id.example"
REDIRECT = "http://portal.example/signed-in"
SECRET = "a/secret+with:awkward%characters"
ASKED = oidc.Asked("state", "nonce", "v" * 50)
CLIENT = SignIn.model_validate({"issuer": ISSUER, "client_id": "portal", "client_secret": SECRET})


def provider_at(application: Any, sign_in: SignIn = CLIENT) -> oidc.Provider:
    web = httpx.AsyncClient(transport=httpx.ASGITransport(app=application))
    return oidc.Provider(sign_in, REDIRECT, web)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Starlette:
    folder: Path = tmp_path_factory.mktemp("oidc")
    made = keys.ensure(folder / "keys")
    users = folder / "users.json"
    users.write_text(json.dumps([{"id": "p-amara", "name": "Amara", "email": "amara@council.example"}]))
    chosen = {
        "issuer": ISSUER,
        "users": users,
        "signing_key": made.signing_key("sign-in"),
        "client_secret": SECRET,
        "redirect_uris": REDIRECT,
        "post_logout_redirect_uris": "http://portal.example/",
    }
    return signin.build(signin_settings.SignInSettings.model_validate(chosen))


async def chosen(application: Starlette, address: str) -> dict[str, str]:
    """What comes back when somebody chooses themselves on the provider's page."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=application)) as browser:
        page = (await browser.get(address)).text
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
        form = {name: html.unescape(value) for name, value in hidden} | {"sub": "p-amara"}
        answer = await browser.post(f"{ISSUER}/authorize", data=form)
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["location"]).query))


async def test_the_whole_flow_at_the_local_provider(local: Starlette) -> None:
    provider = provider_at(local)
    answer = await chosen(local, await provider.address(ASKED))
    assert answer["state"] == "state"
    assert await provider.practitioner(ASKED, answer) == "p-amara"
    with pytest.raises(oidc.Refused, match="not redeemed"):
        await provider.practitioner(ASKED, answer)
    assert (await provider.farewell("http://portal.example/")).startswith(f"{ISSUER}/end-session?client_id=portal")


async def test_a_code_is_of_no_use_without_its_verifier_or_in_another_flow(local: Starlette) -> None:
    provider = provider_at(local)
    answer = await chosen(local, await provider.address(ASKED))
    with pytest.raises(oidc.Refused, match="not redeemed"):
        await provider.practitioner(oidc.Asked("state", "nonce", "w" * 50), answer)
    answer = await chosen(local, await provider.address(ASKED))
    with pytest.raises(oidc.Refused, match="claims do not hold"):
        await provider.practitioner(oidc.Asked("state", "other nonce", ASKED.verifier), answer)


@pytest.mark.parametrize(
    "answer",
    [
        {"code": "c", "iss": "http://other.example"},
        {"code": "c"},
        {"error": "access_denied", "iss": ISSUER},
        {"iss": ISSUER},
    ],
)
async def test_answers_of_others_and_refusals_are_refused(local: Starlette, answer: dict[str, str]) -> None:
    with pytest.raises(oidc.Refused):
        await provider_at(local).practitioner(ASKED, answer)


KEY = jwk.RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
OTHER = jwk.RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    sound = {"iss": ISSUER, "aud": "portal", "sub": "p", "nonce": "nonce", "iat": now, "exp": now + 60}
    return {name: value for name, value in {**sound, **changed}.items() if value is not None}


def signed(key: Any = KEY, algorithm: str = "RS256", kid: str = "", **changed: Any) -> str:
    header = {"alg": algorithm, "kid": kid or getattr(key, "kid", None) or "k"}
    return jwt.encode(header, claims(**changed), key, algorithms=[algorithm])


def liar(token: Callable[[], str], *, discovered: dict[str, Any] | None = None) -> Starlette:
    """A provider that answers every code with one token."""

    async def discovery(request: Request) -> Response:
        endpoints = {
            "authorization_endpoint": f"{ISSUER}/a",
            "token_endpoint": f"{ISSUER}/t",
            "jwks_uri": f"{ISSUER}/k",
        }
        return JSONResponse({"issuer": ISSUER, **endpoints, **(discovered or {})})

    async def redeem(request: Request) -> Response:
        return JSONResponse({"id_token": token(), "access_token": "a"})

    async def key_set(request: Request) -> Response:
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery),
            Route("/t", redeem, methods=["POST"]),
            Route("/k", key_set),
        ]
    )


SECRET_KEY = jwk.OctKey.import_key(SECRET.encode())
FORGED: dict[str, Callable[[], str]] = {
    "another's key": lambda: signed(OTHER, kid=KEY.kid or ""),
    "an unknown key": lambda: signed(OTHER),
    "our own secret": lambda: signed(SECRET_KEY, "HS256"),
    "no signature": lambda: ".".join([*signed(algorithm="RS256").split(".")[:2], ""]),
    "no token": lambda: "no token",
    "another issuer": lambda: signed(iss="http://other.example"),
    "another audience": lambda: signed(aud="another"),
    "several audiences": lambda: signed(aud=["portal", "another"]),
    "another party": lambda: signed(azp="another"),
    "another nonce": lambda: signed(nonce="other"),
    "no nonce": lambda: signed(nonce=None),
    "long ago": lambda: signed(iat=1, exp=int(time.time()) - 120),
    "no end": lambda: signed(exp=None),
    "nobody": lambda: signed(sub=None),
    "not a text": lambda: signed(sub=["p"]),
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_token_that_does_not_hold_signs_nobody_in(how: str) -> None:
    with pytest.raises(oidc.Refused):
        await provider_at(liar(FORGED[how])).practitioner(ASKED, {"code": "c"})


async def test_a_token_that_holds_signs_in_by_the_claim_that_was_agreed() -> None:
    assert await provider_at(liar(signed)).practitioner(ASKED, {"code": "c"}) == "p"
    assert (
        await provider_at(liar(lambda: signed(aud=["portal"], azp="portal"))).practitioner(ASKED, {"code": "c"}) == "p"
    )
    other = CLIENT.model_copy(update={"claim": "nhsid_useruid"})
    named = provider_at(liar(lambda: signed(nhsid_useruid="555")), other)
    assert await named.practitioner(ASKED, {"code": "c"}) == "555"


async def test_a_provider_that_is_away_or_another_is_unavailable() -> None:
    for application in (liar(signed, discovered={"issuer": "http://other.example"}), Starlette()):
        with pytest.raises(errors.Unavailable):
            await provider_at(application).address(ASKED)


async def test_signing_out_leads_to_no_other_origin() -> None:
    home = "http://portal.example/"
    for place in ("http://elsewhere.example/out", ""):
        provider = provider_at(liar(signed, discovered={"end_session_endpoint": place}))
        assert await provider.farewell(home) == home
