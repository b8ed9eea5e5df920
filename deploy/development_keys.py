"""Makes signing keys for a place that holds no real person's data: `python development_keys.py FOLDER ISSUER...`."""

import json
import sys
from pathlib import Path

from joserfc.jwk import RSAKey

from chassis.auth import Kind, keys

SIGN_IN = "sign-in"  # the local OpenID provider; its clients must all know RS256 (OpenID Connect Core, 15.1)


def make(folder: Path, issuers: list[str]) -> None:
    """Writes `signing/<issuer>.json` and `trusted/<issuer>.json` under `folder`; leaves an issuer's key that is there.

    A service passes on whoever called it, so it may claim any kind; the issuer `operator` may be an operator only.
    """
    for issuer in issuers:
        private = folder / "signing" / f"{issuer}.json"
        if issuer == SIGN_IN:
            _make_sign_in_key(private)
            continue
        if not private.exists():
            keys.write_private_key(private, keys.new_key())
        kinds = (Kind.OPERATOR,) if issuer == "operator" else tuple(Kind)
        keys.trust(folder / "trusted", issuer, keys.read_private_key(private), kinds)


def _make_sign_in_key(path: Path) -> None:
    if not path.exists():
        made = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(made.as_dict(private=True)) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2:])
