"""Who is calling and what they may do: actors, the short-lived tokens that prove them, and the permissions of roles."""

from __future__ import annotations

from chassis.auth.actor import Actor, Kind, Purpose, Sector, service_actor
from chassis.auth.keys import NotSignedIn, Trusted, TrustedKeys, new_key, read_private_key, trust, write_private_key
from chassis.auth.roles import Permissions
from chassis.auth.tokens import LIFETIME_SECONDS, Signer, Verifier

__all__ = [
    "LIFETIME_SECONDS",
    "Actor",
    "Kind",
    "NotSignedIn",
    "Permissions",
    "Purpose",
    "Sector",
    "Signer",
    "Trusted",
    "TrustedKeys",
    "Verifier",
    "new_key",
    "read_private_key",
    "service_actor",
    "trust",
    "write_private_key",
]
