"""Reads and judges an authorisation request (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core 3.1.2)."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # what SHA-256 gives in base64url without padding
SCOPES = ("openid", "profile", "email")
KEPT = ("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge",
        "code_challenge_method")  # fmt: skip


class RefusedError(Exception):
    """The request names no client or address we know: shown to the person, never sent to the address."""


@dataclass(frozen=True)
class Client:
    """The one registered client and where it may be answered."""

    id: str
    secret: str
    redirect_uris: frozenset[str]
    post_logout_redirect_uris: frozenset[str]


@dataclass(frozen=True)
class Authorisation:
    """A request from a known client to a known address, with `error` empty when it may go on to the sign-in page."""

    redirect_uri: str
    scope: str
    state: str
    nonce: str
    challenge: str
    error: str = ""
    error_description: str = ""

    def answer(self, issuer: str, **parameters: str) -> str:
        """The address to send the browser to, with state and issuer (RFC 9207) beside `parameters`."""
        present = {**parameters, "state": self.state, "iss": issuer}
        query = urllib.parse.urlencode({name: value for name, value in present.items() if value})
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{query}"


def read(parameters: Mapping[str, str], client: Client) -> Authorisation:
    """Judge a request. Raises RefusedError when the client or its address is not registered."""
    if parameters.get("client_id") != client.id:
        raise RefusedError("The service that sent you here is not known to this sign-in page.")
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise RefusedError("The service that sent you here asked to be answered at an address it has not registered.")
    error, description = _error(parameters)
    asked = parameters.get("scope", "").split()
    return Authorisation(
        redirect_uri=redirect_uri,
        scope=" ".join(scope for scope in SCOPES if scope in asked),
        state=parameters.get("state", ""),
        nonce=parameters.get("nonce", ""),
        challenge=parameters.get("code_challenge", ""),
        error=error,
        error_description=description,
    )


def _error(parameters: Mapping[str, str]) -> tuple[str, str]:
    if parameters.get("response_type") != "code":
        return "unsupported_response_type", "only response_type=code is offered"
    if "openid" not in parameters.get("scope", "").split():
        return "invalid_scope", "scope must include openid"
    if parameters.get("code_challenge_method") != "S256":
        return "invalid_request", "PKCE is required, with code_challenge_method=S256"
    if not CHALLENGE.fullmatch(parameters.get("code_challenge", "")):
        return "invalid_request", "code_challenge is not a SHA-256 in base64url"
    if parameters.get("prompt") == "none":
        return "login_required", "nobody is kept signed in here"
    return "", ""
