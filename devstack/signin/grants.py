"""Authorisation codes and access tokens: short-lived, single use, held in memory only."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")  # RFC 7636, 4.1


class GrantError(Exception):
    """A refusal at the token endpoint; the text is the OAuth error description."""


@dataclass(frozen=True)
class Grant:
    """What a person allowed by signing in."""

    user_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    signed_in_at: int


class Grants:
    """Codes waiting to be redeemed and tokens given for them. Times are seconds since the epoch."""

    def __init__(self, *, code_seconds: int, token_seconds: int) -> None:
        self._code_seconds = code_seconds
        self._token_seconds = token_seconds
        self._codes: dict[str, tuple[Grant, float]] = {}
        self._tokens: dict[str, tuple[Grant, float]] = {}
        self._token_of_code: dict[str, str] = {}

    def code(self, grant: Grant) -> str:
        """A new code for a grant."""
        self._forget_expired()
        code = secrets.token_urlsafe(32)
        self._codes[code] = (grant, time.time() + self._code_seconds)
        return code

    def redeem(self, code: str, *, redirect_uri: str, verifier: str) -> tuple[Grant, str]:
        """Exchange a code for an access token.

        Raises GrantError for a code that is unknown, used or expired, or was given for another address or challenge.
        A code shown a second time also ends the token it was first exchanged for (RFC 6749, 4.1.2).
        """
        self._forget_expired()
        grant, _ = self._codes.pop(code, (None, 0.0))
        if grant is None:
            self._tokens.pop(self._token_of_code.pop(code, ""), None)
            raise GrantError("the code is unknown, used or expired")
        if not hmac.compare_digest(grant.redirect_uri, redirect_uri):
            raise GrantError("redirect_uri differs from the one the code was sent to")
        if not VERIFIER.fullmatch(verifier) or not hmac.compare_digest(challenge_of(verifier), grant.challenge):
            raise GrantError("code_verifier does not fit the code_challenge")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = (grant, time.time() + self._token_seconds)
        self._token_of_code[code] = token
        return grant, token

    def of_token(self, token: str) -> Grant | None:
        """The grant behind an access token that still holds."""
        self._forget_expired()
        grant, _ = self._tokens.get(token, (None, 0.0))
        return grant

    def _forget_expired(self) -> None:
        now = time.time()
        self._codes = {code: kept for code, kept in self._codes.items() if kept[1] > now}
        self._tokens = {token: kept for token, kept in self._tokens.items() if kept[1] > now}
        self._token_of_code = {code: token for code, token in self._token_of_code.items() if token in self._tokens}


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
