"""Seals small things that a browser keeps for us, so that it can neither read nor change them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

# RFC 7518: the derived key is the content key itself, AES-256 in Galois/Counter mode.
_HEADER = {"alg": "dir", "enc": "A256GCM"}
_ALGORITHMS = list(_HEADER.values())
_LONGEST = 4096


class Seal:
    """Seals and opens for one purpose; what was sealed for another, or with a secret that is gone, does not open."""

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        """`secrets`: the first seals, all open. Raises ValueError when there is none."""
        if not secrets:
            raise ValueError("a secret is needed to seal with: set session_secret")
        raw = [_derived(secret, purpose) for secret in secrets]
        self._keys = [OctKey.import_key(key) for key in raw]
        self._marking = raw

    def seal(self, content: Mapping[str, Any]) -> str:
        """The content as text that is safe in a cookie or an address."""
        plain = json.dumps(content, separators=(",", ":")).encode()
        return jwe.encrypt_compact(dict(_HEADER), plain, self._keys[0], algorithms=_ALGORITHMS)

    def open(self, text: str) -> dict[str, Any] | None:
        """What was sealed; None for anything that this seal did not make."""
        if not text or len(text) > _LONGEST:
            return None
        for key in self._keys:
            try:
                opened = json.loads(jwe.decrypt_compact(text, key, algorithms=_ALGORITHMS).plaintext or b"null")
            except (JoseError, ValueError, TypeError):
                continue
            return opened if isinstance(opened, dict) else None
        return None

    def mark(self, text: str) -> str:
        """A mark that proves that the portal itself wrote `text`."""
        return _mark(self._marking[0], text)

    def holds(self, text: str, mark: str) -> bool:
        """Whether a mark is that of `text`."""
        given = mark.encode("utf-8", "replace")
        return any(hmac.compare_digest(_mark(key, text).encode(), given) for key in self._marking)


def _derived(secret: str, purpose: str) -> bytes:
    info = f"joinedup/portal/{purpose}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret.encode())


def _mark(key: bytes, text: str) -> str:
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
