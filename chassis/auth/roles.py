"""What each role may do, and which kinds of caller may hold it, read from governance/roles.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from chassis import errors
from chassis.auth.actor import Actor, Kind, Purpose


@dataclass(frozen=True, slots=True)
class Role:
    """A role: the kinds of caller that may hold it, and its permissions ("referrals.read", or "referrals.*").

    `purposes` are what its holders may say they want personal data for: a rule of an agreement holds for a purpose, so
    that who may state any may choose the rule. Who `oversees` is never turned away as a stranger to a person; what is
    personal stays withheld from them.
    """

    kinds: frozenset[Kind]
    permissions: frozenset[str]
    purposes: frozenset[str] = frozenset()
    oversees: bool = False

    def allows(self, permission: str) -> bool:
        """Whether the role holds `permission`, by name or by a wildcard at any dot."""
        if permission in self.permissions:
            return True
        parts = permission.split(".")
        return any(".".join([*parts[:depth], "*"]) in self.permissions for depth in range(len(parts)))


class Permissions:
    """The permissions of every role; a role that is not listed has none."""

    def __init__(self, roles: Mapping[str, Role]) -> None:
        self._roles = dict(roles)
        self._allows = lru_cache(maxsize=4096)(self._decide)

    @classmethod
    def load(cls, path: Path) -> Permissions:
        """Read a roles file; ValueError names the role that is malformed."""
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls({name: _role(name, entry) for name, entry in document["roles"].items()})

    def allows(self, actor: Actor, permission: str) -> bool:
        """Whether the actor's role exists, fits the actor's kind, and holds the permission."""
        return self._allows(actor.role, actor.kind, permission)

    def require(self, actor: Actor, permission: str) -> None:
        """Denied, with the permission named, unless the actor holds it."""
        if not self._allows(actor.role, actor.kind, permission):
            raise errors.Denied(f"the role {actor.role or '(none)'} does not hold the permission {permission}")

    def require_purpose(self, actor: Actor) -> None:
        """Denied, with the purpose named, unless the actor's role serves the purpose that the actor states."""
        held = self._roles.get(actor.role)
        if held is None or actor.purpose not in held.purposes:
            raise errors.Denied(f"the role {actor.role or '(none)'} does not serve the purpose {actor.purpose}")

    def oversees(self, actor: Actor) -> bool:
        """Whether the actor's role is to look after the record itself, whoever it is about."""
        held = self._roles.get(actor.role)
        return held is not None and held.oversees and actor.kind in held.kinds

    def _decide(self, role: str, kind: Kind, permission: str) -> bool:
        held = self._roles.get(role)
        return held is not None and kind in held.kinds and held.allows(permission)


def _role(name: str, entry: object) -> Role:
    if not isinstance(entry, dict) or set(entry) - {"held_by", "for", "may", "description", "oversees"}:
        raise ValueError(f"role {name}: expected description, held_by, for, oversees and may")
    try:
        kinds = frozenset(Kind(kind) for kind in entry["held_by"])
        oversees = entry.get("oversees", False)
        if not isinstance(oversees, bool):
            raise ValueError("oversees must be yes or no")
        purposes = frozenset(Purpose(purpose).value for purpose in entry["for"])
        permissions = [str(permission) for permission in entry["may"]]
        if len(set(permissions)) < len(permissions):
            # What stands twice under one role was meant for another.
            raise ValueError("a permission is named twice")
        return Role(kinds, frozenset(permissions), purposes, oversees)
    except (KeyError, TypeError, ValueError) as fault:
        raise ValueError(f"role {name}: {fault}") from fault
