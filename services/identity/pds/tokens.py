"""Who asks: this application by a signed assertion (private_key_jwt), or a user by the token they signed in with.

NHS England, Application-restricted RESTful APIs, signed JWT authentication: RS512, a key id, a fresh jti, five minutes
at most. RFC 7523 and RFC 6749 for the rest.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from services.identity.pds import bodies, outcomes

ALGORITHM: Final = "RS512"
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Below the five minutes allowed, so that a clock that runs ahead by two minutes is still let in.
_ASSERTION_SECONDS: Final = 180
_MOST_BODY_BYTES: Final = 64_000
_LEAST_SKEW_SECONDS: Final = 10


class Credentials(Protocol):
    """How a question shows who asks it."""

    async def headers(self) -> Mapping[str, str]:
        """What to send with a question. Raises NotAdmitted, Away."""

    def refused(self) -> bool:
        """The token was refused: whether another attempt, with a new one, may help."""


@dataclass(frozen=True, slots=True)
class User:
    """A user who signed in with the NHS's own identity provider; `role_id` is the role they act in (URID), or empty."""

    token: SecretStr
    role_id: str = ""

    async def headers(self) -> Mapping[str, str]:
        """The user's bearer token, and the role they act in."""
        shown = {"Authorization": f"Bearer {self.token.get_secret_value()}"}
        return {**shown, "NHSD-Session-URID": self.role_id} if self.role_id else shown

    def refused(self) -> bool:
        """Nobody but the user can get a new token."""
        return False


@dataclass(frozen=True, slots=True)
class Client:
    """This application as it is registered: where tokens are given out, its id, and its private key with its id."""

    token_url: str
    client_id: str
    kid: str
    key: RSAKey = field(repr=False)

    def assertion(self, now: float) -> str:
        """A signed statement of who we are, good for one use soon after `now` (seconds since 1970)."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.token_url,
            "jti": str(uuid.uuid4()),
            "iat": int(now),
            "exp": int(now) + _ASSERTION_SECONDS,
        }
        header = {"alg": ALGORITHM, "kid": self.kid, "typ": "JWT"}
        return jwt.encode(header, claims, self.key, algorithms=[ALGORITHM])


@dataclass(slots=True)
class Application:
    """The application's own access token: kept until shortly before its end, then replaced, once for all who wait."""

    client: Client
    web: httpx.AsyncClient
    seconds: float
    clock: Callable[[], float] = time.time
    _token: str = field(default="", init=False, repr=False)
    _until: float = field(default=0, init=False)
    _ahead: float = field(default=0, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def headers(self) -> Mapping[str, str]:
        """The bearer token, a new one if need be."""
        async with self._lock:
            if self.clock() >= self._until:
                await self._renew()
            return {"Authorization": f"Bearer {self._token}"}

    def refused(self) -> bool:
        """Forget the token; the next question brings a new one."""
        self._until = 0
        return True

    async def _renew(self) -> None:
        asked = self.clock()
        response, answer = await self._ask(asked)
        if response.status_code in {400, 401} and self._learn_clock(response, asked):
            response, answer = await self._ask(self.clock())
        if response.status_code >= 500 or response.status_code == 429:
            raise outcomes.Away(f"the token endpoint answers {response.status_code}")
        if response.status_code != 200:
            raise outcomes.NotAdmitted(f"the token endpoint refuses us: {response.status_code} {_code(answer)}".strip())
        self._token, lasts = _granted(answer)
        # Renewed a tenth of its life before it ends, a minute at most, so that none ends on its way.
        self._until = asked + lasts - min(60.0, lasts / 10)

    async def _ask(self, now: float) -> tuple[httpx.Response, Any]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self.client.assertion(now + self._ahead),
        }
        request = self.web.build_request("POST", self.client.token_url, data=form)
        try:
            response, body = await bodies.fetch(
                self.web, request, seconds=self.seconds, most_bytes=_MOST_BODY_BYTES, whom="the token endpoint"
            )
        except outcomes.Unreadable as unreadable:
            # Nothing about whoever is asked about: they wait until it is mended.
            raise outcomes.NotAdmitted(f"the token endpoint's {unreadable}") from None
        try:
            return response, json.loads(body)
        except (ValueError, RecursionError):
            return response, None

    def _learn_clock(self, response: httpx.Response, asked: float) -> bool:
        """Whether the endpoint's clock differs so much from ours that an assertion by its clock may be taken."""
        try:
            theirs = parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
        except ValueError:
            return False
        found = theirs - asked
        known, self._ahead = self._ahead, found if abs(found) > _LEAST_SKEW_SECONDS else 0.0
        return abs(self._ahead - known) > _LEAST_SKEW_SECONDS


def _code(answer: Any) -> str:
    """OAuth's error code (RFC 6749, 5.2), never its description."""
    code = answer.get("error") if isinstance(answer, dict) else None
    return code if isinstance(code, str) and code.replace("_", "").isalpha() and len(code) < 50 else ""


def _granted(answer: Any) -> tuple[str, float]:
    try:
        token, lasts = str(answer["access_token"]), float(answer["expires_in"])
    except (TypeError, KeyError, ValueError):
        token, lasts = "", 0.0
    if not token or not token.isascii() or not token.isprintable() or not 0 < lasts < 1e7:
        raise outcomes.NotAdmitted("the token endpoint's answer holds no access_token, or no expires_in, of use")
    return token, lasts
