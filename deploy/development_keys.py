"""Makes keys for a place that holds no real person's data: `python development_keys.py FOLDER ISSUER...`."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import RSAKey

from chassis.auth import Kind, keys

SIGN_IN = "sign-in"  # the local OpenID provider; its clients must all know RS256 (OpenID Connect Core, 15.1)
MAIL = "mail"  # the local mail server, which must offer STARTTLS
_DAYS = 365


def make(folder: Path, names: list[str]) -> None:
    """Writes `signing/<issuer>.json` and `trusted/<issuer>.json`, and what the mail server and the provider need.

    Leaves what is there. A service passes on whoever called it, so it may claim any kind but an operator's; the issuer
    `operator` may be an operator only.
    """
    for name in names:
        private = folder / "signing" / f"{name}.json"
        if name == SIGN_IN:
            _make_sign_in_key(private)
        elif name == MAIL:
            _make_certificate(folder / "tls", name)
        else:
            if not private.exists():
                keys.write_private_key(private, keys.new_key())
            operator = name == "operator"
            kinds = [kind for kind in Kind if (kind is Kind.OPERATOR) == operator]
            keys.trust(folder / "trusted", name, keys.read_private_key(private), kinds)


def _make_sign_in_key(path: Path) -> None:
    made = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
    _write(path, json.dumps(made.as_dict(private=True)).encode())


def _make_certificate(folder: Path, host: str) -> None:
    """A certificate that vouches for itself: `<host>.crt` is what its clients trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    if not (folder / f"{host}.crt").exists():
        _write(folder / f"{host}.key", pem)
        _write(folder / f"{host}.crt", certificate.public_bytes(serialization.Encoding.PEM))


def _write(path: Path, content: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2:])
