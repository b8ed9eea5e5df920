"""Makes, once, the keys, certificates and secrets that the local stack runs on."""

import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import trustme
from joserfc import jwk

SERVICES = ("identity", "referrals", "caseworker", "notify", "governance", "insight", "gateway", "portal")
ISSUERS = (*SERVICES, "operator")
CERTIFIED = (*SERVICES, "mail", "operator", "kafka", "postgres")
SECRETS = ("mail-password", "oidc-client-secret", "session-secret")
SECRET_BYTES = 32
# A service vouches for itself and for whom it serves; never for an operator.
SERVICE_KINDS = ("integrator", "practitioner", "service")


class SpeaksFor(NamedTuple):
    """The organisation whose system an integrator is, and that organisation's sector as tokens name it."""

    organisation_id: str
    sector: str = ""


_NOBODY = SpeaksFor("")


@dataclass(frozen=True)
class Keys:
    """Where everything lies under one directory."""

    directory: Path

    @property
    def trusted(self) -> Path:
        """Folder of public keys, `<issuer>.json`: the setting `trusted_keys` of every service."""
        return self.directory / "trusted"

    @property
    def authority(self) -> Path:
        """Certificate of the local authority: the setting `tls_ca`."""
        return self.directory / "tls" / "ca.pem"

    def signing_key(self, issuer: str) -> Path:
        """Private JWK of an issuer: the setting `signing_key`."""
        return self.directory / f"{issuer}.private.json"

    def certificate(self, name: str) -> Path:
        """Certificate chain of a service or server: the setting `tls_certificate`."""
        return self.directory / "tls" / f"{name}.pem"

    def certificate_key(self, name: str) -> Path:
        """Private key of that certificate: the setting `tls_key`."""
        return self.directory / "tls" / f"{name}.key"

    def secret(self, name: str) -> str:
        """One of SECRETS, as text. Raises FileNotFoundError for a name that was never made."""
        return (self.directory / "secrets" / name).read_text(encoding="ascii")


def ensure(directory: Path, integrators: Iterable[str] | Mapping[str, SpeaksFor] = ()) -> Keys:
    """Create whatever is missing under `directory` and touch no key that is there; safe to call at every start.

    `integrators` are ODS codes of outside systems that get an issuer `integrator-<ods>` of their own (lower case), with
    the organisation that each may speak for (of the code itself, and no sector, when none is given).
    Every file is readable by its owner only. Raises OSError when the directory cannot be written.
    """
    keys = Keys(directory)
    for folder in (directory, keys.trusted, directory / "tls", directory / "secrets"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for issuer in SERVICES:
        _ensure_issuer(keys, issuer, SERVICE_KINDS)
    _ensure_issuer(keys, "operator", ("operator",))
    spoken_for = integrators if isinstance(integrators, Mapping) else {ods: SpeaksFor(ods) for ods in integrators}
    for ods, bound in spoken_for.items():
        _ensure_issuer(keys, f"integrator-{ods.lower()}", ("integrator",), bound)
    _ensure_sign_in_key(keys)
    _ensure_certificates(keys)
    for name in SECRETS:
        _write_once(directory / "secrets" / name, secrets.token_urlsafe(SECRET_BYTES).encode())
    return keys


def _ensure_issuer(keys: Keys, issuer: str, kinds: Iterable[str], bound: SpeaksFor = _NOBODY) -> None:
    private = keys.signing_key(issuer)
    if not private.exists():
        made = jwk.OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "EdDSA"}, private=True, auto_kid=True)
        _write_once(private, _json(made.as_dict(private=True)))
    # Read back, not reused: when two processes race, the public half must fit the private key that won.
    kept = jwk.OKPKey.import_key(json.loads(private.read_bytes()))
    # What the holder of the key may claim to be (chassis/auth/keys.py); without it, nothing.
    bounds = {
        "joinedup_kinds": list(kinds),
        "joinedup_organisation": bound.organisation_id,
        "joinedup_sector": bound.sector,
    }
    public, told = keys.trusted / f"{issuer}.json", _json({**kept.as_dict(private=False), **bounds})
    if not public.exists() or public.read_bytes() != told:
        # It follows from the key and the place: a stack that was made under an older rule goes by the present one.
        _replace(public, told)


def _ensure_sign_in_key(keys: Keys) -> None:
    """RS256 is the algorithm every OpenID client must know (OpenID Connect Core, 15.1), hence RSA and no EdDSA."""
    private = keys.signing_key("sign-in")
    if not private.exists():
        made = jwk.RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
        _write_once(private, _json(made.as_dict(private=True)))


def _ensure_certificates(keys: Keys) -> None:
    authority = _authority(keys)
    for name in CERTIFIED:
        if keys.certificate(name).exists() and keys.certificate_key(name).exists():
            continue
        issued = authority.issue_cert(
            "localhost", "127.0.0.1", name, f"{name}.joinedup.svc", common_name=name, organization_name="Joinedup local"
        )
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        # Replaced as a pair: half a pair from an interrupted run is of no use to anyone.
        _replace(keys.certificate_key(name), issued.private_key_pem.bytes())
        _replace(keys.certificate(name), chain)


def _authority(keys: Keys) -> trustme.CA:
    both = keys.directory / "tls" / "ca.private.pem"
    if not both.exists():
        made = trustme.CA(organization_name="Joinedup local")
        # One file, so that certificate and key can never be from two different runs.
        _write_once(both, made.cert_pem.bytes() + made.private_key_pem.bytes())
    pem = both.read_bytes()
    split = pem.index(b"-----END CERTIFICATE-----\n") + len(b"-----END CERTIFICATE-----\n")
    _write_once(keys.authority, pem[:split])
    return trustme.CA.from_pem(cert_bytes=pem[:split], private_key_bytes=pem[split:])


def _json(content: object) -> bytes:
    return json.dumps(content, indent=2, sort_keys=True).encode() + b"\n"


def _write_once(path: Path, content: bytes) -> None:
    """Write unless the file exists; whole or not at all, even when two processes start at once."""
    if path.exists():
        return
    name = _scratch(path, content)
    try:
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)


def _replace(path: Path, content: bytes) -> None:
    os.replace(_scratch(path, content), path)


def _scratch(path: Path, content: bytes) -> str:
    """A temporary file beside `path`; mkstemp gives it mode 0600."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return name
