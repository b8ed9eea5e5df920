"""What travels with every call: the names of its metadata, what a server reads from them, and how large it may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from chassis import errors
from chassis.auth import Actor, NotSignedIn, Purpose, Verifier

AUTHORIZATION: Final = "authorization"
IDEMPOTENCY_KEY: Final = "idempotency-key"
PURPOSE: Final = "purpose"
TRACEPARENT: Final = "traceparent"
MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
_SCHEME = "Bearer "
_PURPOSES = frozenset(purpose.value for purpose in Purpose)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a call says about itself before anything of it is believed."""

    token: str
    purpose: str
    idempotency_key: str
    traceparent: str

    def actor(self, verifier: Verifier) -> Actor:
        """The proven actor with the stated purpose; NotSignedIn or Invalid."""
        if not self.token:
            raise NotSignedIn("a call needs a token")
        actor = verifier.verify(self.token)
        if not self.purpose or self.purpose == actor.purpose:
            return actor
        if self.purpose not in _PURPOSES:
            raise errors.Invalid.of("purpose", f"must be one of {', '.join(sorted(_PURPOSES))}")
        return replace(actor, purpose=self.purpose)


def read(metadata: Iterable[tuple[str, str | bytes]]) -> Credentials:
    """The credentials in a call's metadata; what is absent is empty."""
    found = {name: value for name, value in metadata if isinstance(value, str)}
    authorization = found.get(AUTHORIZATION, "")
    return Credentials(
        token=authorization.removeprefix(_SCHEME) if authorization.startswith(_SCHEME) else "",
        purpose=found.get(PURPOSE, ""),
        idempotency_key=found.get(IDEMPOTENCY_KEY, ""),
        traceparent=found.get(TRACEPARENT, ""),
    )
