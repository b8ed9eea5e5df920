"""Signing in by OpenID Connect: authorisation code with PKCE, and an ID token that is checked claim by claim.

The provider's tokens are used once, here, and thrown away: none reaches the browser or a service.
"""

from __future__ import annotations

import base64
import hashlib
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis import errors
from services.portal.settings import SignIn

_REMEMBERED_SECONDS = 600.0
_LOOK_AGAIN_SECONDS = 10.0
_LEEWAY_SECONDS = 60
_TIMEOUT = httpx.Timeout(5.0)
# Signatures with a provider's published key only: no "none", and nothing that our own secret could forge.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")


class Refused(errors.Denied):
    """The provider refused, or its answer does not prove who somebody is; the text is for the log."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What has to come back from the provider as it was sent: kept, sealed, in the browser meanwhile."""

    state: str
    nonce: str
    verifier: str


@dataclass
class Provider:
    """One OpenID provider, found by its issuer's discovery document (OpenID Connect Discovery 1.0)."""

    sign_in: SignIn
    redirect_uri: str
    web: httpx.AsyncClient
    clock: Callable[[], float] = time.time
    _metadata: tuple[float, Mapping[str, Any]] = field(default=(0.0, {}), init=False)
    _keys: tuple[float, KeySet | None] = field(default=(0.0, None), init=False)

    @property
    def origin(self) -> str:
        """Scheme and host of the issuer."""
        return "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(self.sign_in.issuer))

    async def address(self, asked: Asked) -> str:
        """Where to send the browser. Raises errors.Unavailable when the provider cannot be reached."""
        endpoint = (await self._discovered())["authorization_endpoint"]
        digest = hashlib.sha256(asked.verifier.encode("ascii")).digest()
        query = {
            "response_type": "code",
            "client_id": self.sign_in.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return _with(endpoint, query)

    async def practitioner(self, asked: Asked, answer: Mapping[str, str]) -> str:
        """Who came back: the practitioner id. Raises Refused, errors.Unavailable."""
        found = await self._discovered()
        named = answer.get("iss", "")
        # RFC 9207: an answer of another provider must not be taken for this one's.
        if (named or found.get("authorization_response_iss_parameter_supported")) and named != self.sign_in.issuer:
            raise Refused("the answer is another issuer's")
        if "error" in answer or not answer.get("code"):
            raise Refused(f"the provider answered {answer.get('error', 'without a code')[:40]}")
        token = await self._redeem(found["token_endpoint"], answer["code"], asked.verifier)
        claims = await self._proven(token)
        return self._practitioner(claims, asked.nonce)

    async def farewell(self, to: str) -> str:
        """Where to end the provider's own session, coming back to `to`; `to` itself where the provider offers no such
        place at its own origin, which is the only one that the pages' policy lets a form lead to."""
        try:
            endpoint = (await self._discovered()).get("end_session_endpoint", "")
        except errors.Unavailable:
            return to
        if not endpoint.startswith(f"{self.origin}/"):
            return to
        query = {"client_id": self.sign_in.client_id, "post_logout_redirect_uri": to, "state": "signed-out"}
        return _with(endpoint, query)

    async def _discovered(self) -> Mapping[str, Any]:
        at, known = self._metadata
        if known and self.clock() - at < _REMEMBERED_SECONDS:
            return known
        document = await self._get(f"{self.sign_in.issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self.sign_in.issuer:
            raise errors.Unavailable("the sign-in provider calls itself by another name")
        self._metadata = (self.clock(), document)
        return document

    async def _redeem(self, endpoint: str, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        # RFC 6749, 2.3.1: form-encoded before they are put together, so that a colon in either does no harm.
        client = urllib.parse.quote_plus(self.sign_in.client_id)
        secret = urllib.parse.quote_plus(self.sign_in.client_secret.get_secret_value())
        try:
            answer = await self.web.post(endpoint, data=form, auth=(client, secret), timeout=_TIMEOUT)
            body = answer.json()
        except (httpx.HTTPError, ValueError) as failure:
            raise errors.Unavailable("the sign-in provider cannot be reached just now") from failure
        if answer.status_code != httpx.codes.OK or not isinstance(body, dict) or not body.get("id_token"):
            raise Refused(f"the code was not redeemed: {answer.status_code}")
        return str(body["id_token"])

    async def _proven(self, token: str) -> Mapping[str, Any]:
        """The claims of an ID token with a good signature; a key that is not known yet is looked for once."""
        for fresh in (False, True):
            keys = await self._key_set(fresh=fresh)
            try:
                return jwt.decode(token, keys, algorithms=list(_ALGORITHMS)).claims
            except (JoseError, ValueError, TypeError) as failure:
                if fresh:
                    raise Refused(f"the ID token does not hold: {type(failure).__name__}") from failure
        raise AssertionError("unreachable")

    def _practitioner(self, claims: Mapping[str, Any], nonce: str) -> str:
        """OpenID Connect Core 1.0, 3.1.3.7: issuer, audience, authorised party, time and nonce."""
        rules = jwt.JWTClaimsRegistry(
            now=int(self.clock()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self.sign_in.issuer},
            aud={"essential": True, "value": self.sign_in.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            rules.validate(dict(claims))
        except (JoseError, ValueError, TypeError) as failure:
            raise Refused(f"the ID token's claims do not hold: {failure}") from failure
        audience, party = claims["aud"], claims.get("azp")
        several = isinstance(audience, list) and len(audience) > 1
        if (party is not None or several) and party != self.sign_in.client_id:
            raise Refused("the ID token was made for another party")
        who = claims.get(self.sign_in.claim)
        if not isinstance(who, str) or not who:
            raise Refused(f"the ID token has no claim {self.sign_in.claim}")
        return who

    async def _key_set(self, *, fresh: bool) -> KeySet:
        at, known = self._keys
        old = self.clock() - at > (_LOOK_AGAIN_SECONDS if fresh else _REMEMBERED_SECONDS)
        if known is None or old:
            document = await self._get((await self._discovered())["jwks_uri"])
            try:
                known = KeySet.import_key_set({"keys": document["keys"]})
            except (JoseError, KeyError, ValueError, TypeError) as failure:
                raise errors.Unavailable("the sign-in provider's keys cannot be read") from failure
            self._keys = (self.clock(), known)
        return known

    async def _get(self, address: str) -> Mapping[str, Any]:
        try:
            answer = await self.web.get(address, timeout=_TIMEOUT)
            answer.raise_for_status()
            document = answer.json()
        except (httpx.HTTPError, ValueError) as failure:
            raise errors.Unavailable("the sign-in provider cannot be reached just now") from failure
        if not isinstance(document, dict):
            raise errors.Unavailable("the sign-in provider's answer cannot be read")
        return document


def _with(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urllib.parse.urlencode(query)}"
