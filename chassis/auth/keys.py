"""The keys that tokens are signed with, and what the holder of each may claim to be."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from chassis import errors
from chassis.auth.actor import Kind, Sector

CURVE: Final = "Ed25519"
_ISSUER = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LOOK_AGAIN_SECONDS = 5.0


class NotSignedIn(errors.Denied):
    """The token is missing, malformed, expired, meant for somebody else, or signed by nobody that is trusted."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """An issuer's public keys (more than one while a key is being replaced) and the bounds of what it may claim."""

    issuer: str
    keys: tuple[OKPKey, ...]
    kinds: frozenset[Kind]
    organisation_id: str = ""
    sector: Sector = Sector.NONE


def new_key() -> OKPKey:
    """A fresh Ed25519 key pair."""
    return OKPKey.generate_key(CURVE, private=True)


def write_private_key(path: Path, key: OKPKey) -> None:
    """Write a private JWK that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(key.as_dict(private=True)) + "\n", encoding="utf-8")


def read_private_key(path: Path) -> OKPKey:
    """Read a private JWK; ValueError when the file holds anything else."""
    key = _ed25519(json.loads(path.read_text(encoding="utf-8")), str(path))
    if not key.is_private:
        raise ValueError(f"{path}: holds a public key, a private one is needed")
    return key


def trust(
    directory: Path,
    issuer: str,
    key: OKPKey,
    kinds: Collection[Kind],
    organisation_id: str = "",
    *,
    sector: Sector = Sector.NONE,
) -> Path:
    """Write `<directory>/<issuer>.json`: the public half of `key` and what tokens signed with it may claim to be."""
    _check_issuer(issuer)
    entry = {
        **key.as_dict(private=False),
        "joinedup_kinds": sorted(kind.value for kind in kinds),
        "joinedup_organisation": organisation_id,
        "joinedup_sector": sector.value,
    }
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{issuer}.json"
    path.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
    return path


def read_trusted(path: Path) -> Trusted:
    """Read one issuer's file: a JWK, or a JWK set under "keys"; ValueError says what is wrong with it.

    An issuer whose file names no `joinedup_kinds` may claim nothing; one that may only be an integrator must be bound
    to its `joinedup_organisation`, and claims the sector of that organisation (`joinedup_sector`) or none.
    """
    entry: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(entry, dict):
        raise ValueError(f"{path}: not a JWK")
    kinds = frozenset(Kind(kind) for kind in entry.get("joinedup_kinds", ()))
    organisation_id = str(entry.get("joinedup_organisation", ""))
    if kinds == {Kind.INTEGRATOR} and not organisation_id:
        raise ValueError(f"{path}: an integrator must be bound to an organisation (joinedup_organisation)")
    keys = tuple(_ed25519(jwk, str(path)) for jwk in entry.get("keys", [entry]))
    sector = Sector(entry.get("joinedup_sector", ""))
    return Trusted(issuer=path.stem, keys=keys, kinds=kinds, organisation_id=organisation_id, sector=sector)


class TrustedKeys:
    """The trusted issuers in a directory of `<issuer>.json` files, cached.

    An issuer not yet known is looked for at once; a file that changed or went away is noticed within five seconds, so
    a key is added, replaced or withdrawn without a restart.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._cache: dict[str, tuple[float, int, Trusted]] = {}  # issuer -> (looked at, mtime in ns, what it holds)

    def of(self, issuer: str) -> Trusted:
        """What is trusted of `issuer`; NotSignedIn when nothing is."""
        now = self._clock()
        cached = self._cache.get(issuer)
        if cached is not None and now - cached[0] < _LOOK_AGAIN_SECONDS:
            return cached[2]
        trusted, mtime = self._read(issuer, cached)
        self._cache[issuer] = (now, mtime, trusted)
        return trusted

    def _read(self, issuer: str, cached: tuple[float, int, Trusted] | None) -> tuple[Trusted, int]:
        try:
            _check_issuer(issuer)
            path = self._directory / f"{issuer}.json"
            mtime = path.stat().st_mtime_ns
            if cached is not None and cached[1] == mtime:
                return cached[2], mtime
            return read_trusted(path), mtime
        except (OSError, ValueError, KeyError) as fault:
            self._cache.pop(issuer, None)
            raise NotSignedIn("the token's issuer is not trusted here") from fault


def _check_issuer(issuer: str) -> None:
    """Refuse a name that could reach outside the directory of trusted keys."""
    if not _ISSUER.fullmatch(issuer) or ".." in issuer:
        raise ValueError(f"{issuer!r} is not an issuer's name")


def _ed25519(jwk: Mapping[str, Any], where: str) -> OKPKey:
    # Only the key itself: what it is for and by which algorithm is fixed here, whatever its file says.
    try:
        key = OKPKey.import_key({name: str(jwk[name]) for name in ("kty", "crv", "x", "d") if name in jwk})
    except JoseError as fault:
        raise ValueError(f"{where}: not an Ed25519 JWK") from fault
    if key.curve_name != CURVE:
        raise ValueError(f"{where}: curve {key.curve_name}, {CURVE} is needed")
    return key
