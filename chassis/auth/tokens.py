"""Short-lived tokens: a service signs who stands behind a call to one other service, and that service verifies it."""

from __future__ import annotations

import base64
import binascii
import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chassis.auth.actor import Actor, Kind, Purpose, Sector
from chassis.auth.keys import NotSignedIn, Trusted, TrustedKeys, read_private_key

# RFC 9864 gives EdDSA over Ed25519 this fully specified name and deprecates the vague "EdDSA".
ALGORITHM = "Ed25519"
LIFETIME_SECONDS = 120
LEEWAY_SECONDS = 10
_MAX_LENGTH = 4096
_REMEMBERED = 4096


class Signer:
    """Signs tokens in the name of one issuer."""

    def __init__(self, issuer: str, key: OKPKey) -> None:
        self.issuer = issuer
        self._key = key

    @classmethod
    def load(cls, issuer: str, path: Path) -> Signer:
        """A signer with the private JWK in `path`; ValueError when that is something else."""
        return cls(issuer, read_private_key(path))

    def token(self, actor: Actor, audience: str, now: datetime) -> str:
        """A token that proves `actor` to the service `audience` for the next 120 seconds."""
        issued = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": audience,
            "iat": issued,
            "nbf": issued,
            "exp": issued + LIFETIME_SECONDS,
            "jti": str(uuid.uuid4()),
            "sub": actor.subject,
            "kind": actor.kind.value,
            "org": actor.organisation_id,
            "sector": actor.sector.value,
            "role": actor.role,
            "teams": list(actor.team_ids),
            "practitioner": actor.practitioner_id,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])


class Verifier:
    """Verifies tokens meant for one audience against the trusted keys: algorithm pinned, key chosen by issuer.

    A token seen before is not verified by signature again until it expires or five seconds have passed, whichever
    comes first: a withdrawn key therefore stops working within ten seconds.
    """

    def __init__(self, audience: str, trusted: Path, clock: Callable[[], float] = time.time) -> None:
        self._audience = audience
        self._trusted = TrustedKeys(trusted)
        self._clock = clock
        self._seen: dict[str, tuple[float, Actor]] = {}  # token -> (good until, actor)

    def verify(self, token: str) -> Actor:
        """The actor that `token` proves; NotSignedIn (a Denied) when it proves nobody."""
        now = self._clock()
        seen = self._seen.get(token)
        if seen is not None and now < seen[0]:
            return seen[1]
        if len(token) > _MAX_LENGTH:
            raise NotSignedIn("the token is too long")
        trusted = self._trusted.of(_issuer(token))
        claims = _signed_claims(token, trusted)
        self._check_times_and_audience(claims, now)
        actor = _actor(claims, trusted)
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen[token] = (min(claims["exp"] + LEEWAY_SECONDS, now + 5), actor)
        return actor

    def _check_times_and_audience(self, claims: Mapping[str, Any], now: float) -> None:
        issued, expires, not_before = (_seconds(claims, name) for name in ("iat", "exp", "nbf"))
        if expires + LEEWAY_SECONDS <= now:
            raise NotSignedIn("the token has expired")
        if max(issued, not_before) > now + LEEWAY_SECONDS:
            raise NotSignedIn("the token is not valid yet")
        if expires - issued > LIFETIME_SECONDS:
            raise NotSignedIn(f"the token lives longer than {LIFETIME_SECONDS} seconds")
        if claims.get("aud") != self._audience:
            raise NotSignedIn("the token is meant for another service")


def _is_name(text: object) -> bool:
    """Whether a claim may serve as an id: printable text without a comma, which joins ids in PostgreSQL's settings."""
    return isinstance(text, str) and text.isprintable() and "," not in text


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotSignedIn(f"the token does not say {name}: when it was issued, begins and expires")
    return value


def _issuer(token: str) -> str:
    """The issuer that the token claims, not yet proven: it only chooses the key to prove it with."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["iss"])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError, binascii.Error) as fault:
        raise NotSignedIn("the token is malformed") from fault


def _signed_claims(token: str, trusted: Trusted) -> dict[str, Any]:
    for key in trusted.keys:
        try:
            return jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            continue
    raise NotSignedIn("the token's signature does not hold")


def _actor(claims: Mapping[str, Any], trusted: Trusted) -> Actor:
    """The actor in signed claims, kept within what its issuer may claim."""
    try:
        kind, sector = Kind(claims["kind"]), Sector(claims.get("sector", ""))
    except (KeyError, ValueError) as fault:
        raise NotSignedIn("the token names no known kind or sector of caller") from fault
    texts = {name: claims.get(name, "") for name in ("sub", "org", "role", "practitioner")}
    teams = claims.get("teams", [])
    told = isinstance(teams, list) and all(_is_name(text) for text in (*texts.values(), *teams))
    if not told or not texts["sub"]:
        raise NotSignedIn("the token's claims are malformed")
    if kind not in trusted.kinds:
        raise NotSignedIn(f"the issuer {trusted.issuer} may not vouch for a caller of kind {kind.value}")
    actor = Actor(
        subject=texts["sub"],
        kind=kind,
        organisation_id=texts["org"],
        sector=sector,
        role=texts["role"],
        team_ids=tuple(teams),
        practitioner_id=texts["practitioner"],
        purpose=_usual_purpose(kind).value,
    )
    _check_kind(actor)
    _check_bounds(actor, trusted)
    return actor


def _usual_purpose(kind: Kind) -> Purpose:
    return Purpose.ADMINISTRATION if kind in (Kind.SERVICE, Kind.OPERATOR) else Purpose.DIRECT_CARE


def _check_kind(actor: Actor) -> None:
    """Refuse an actor that a caller of its kind cannot be, whoever vouches for it."""
    if actor.kind is Kind.PRACTITIONER and not (actor.practitioner_id and actor.organisation_id):
        raise NotSignedIn("a practitioner's token must name the practitioner and the organisation")
    if actor.kind is Kind.INTEGRATOR and (actor.team_ids or actor.practitioner_id):
        # Else a system could read a team's work list, or what only a key worker knows, by saying so.
        raise NotSignedIn("a system's token names neither team nor practitioner")
    if actor.kind is Kind.OPERATOR and (actor.organisation_id or actor.sector):
        # Who runs the platform is related to nobody, and cannot become so by naming an organisation.
        raise NotSignedIn("an operator acts for no organisation and no sector")


def _check_bounds(actor: Actor, trusted: Trusted) -> None:
    """Keep an actor within what the issuer of its token may claim."""
    if not trusted.organisation_id:
        return
    if actor.organisation_id != trusted.organisation_id:
        raise NotSignedIn(f"the issuer {trusted.issuer} may vouch for its own organisation only")
    if actor.sector not in (Sector.NONE, trusted.sector):
        # Agreements are written by sector: a landlord's system that says it is a hospital's would read health data.
        raise NotSignedIn(f"the issuer {trusted.issuer} may vouch for its organisation's own sector only")
