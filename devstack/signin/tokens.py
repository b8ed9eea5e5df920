"""Signs ID tokens and says what they claim about a person."""

import json
import time
from pathlib import Path

from joserfc import jwk, jwt

from devstack.signin import grants, users

ALGORITHM = "RS256"  # the one every OpenID client must know (OpenID Connect Core, 15.1)


class TokenSigner:
    """Signs for one issuer and one client with the key of a file. Raises OSError or ValueError on a bad file."""

    def __init__(self, *, issuer: str, client_id: str, key: Path, seconds: int) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._seconds = seconds
        self._key = jwk.RSAKey.import_key(json.loads(key.read_bytes()))

    def id_token(self, user: users.User, grant: grants.Grant) -> str:
        """A signed ID token for a user, valid for the configured seconds."""
        now = int(time.time())
        issued = {
            "iss": self._issuer,
            "aud": self._client_id,
            "iat": now,
            "exp": now + self._seconds,
            "auth_time": grant.signed_in_at,
        }
        if grant.nonce:
            issued["nonce"] = grant.nonce
        header = {"alg": ALGORITHM, "kid": self._key.kid or "", "typ": "JWT"}
        return jwt.encode(header, issued | claims(user, grant.scope), self._key, algorithms=[ALGORITHM])

    def key_set(self) -> dict[str, object]:
        """The public key, as the JWKS endpoint shows it."""
        return {"keys": [self._key.as_dict(private=False)]}


def claims(user: users.User, scope: str) -> dict[str, str]:
    """What the scopes release: `sub` is the practitioner id."""
    released = {"sub": user.id}
    granted = scope.split()
    if "profile" in granted:
        released["name"] = user.name
    if "email" in granted:
        released["email"] = user.email
    return released
