"""The whole house with people in it: the local stack of the session, and the small place that is loaded into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cli import target
from devstack import testing
from devstack.loading import load, record
from devstack.place.place import Place

PEOPLE = 60
SEED = 7


@dataclass(frozen=True)
class Standing:
    """A loaded stack."""

    local: testing.LocalStack
    place: Place
    known: record.Record

    @property
    def root(self) -> Path:
        """The stack's folder, for `--stack`."""
        return self.local.root

    def house(self) -> target.House:
        """Channels to it; use it as an asynchronous context manager."""
        return target.House(target.find(self.root))


def furnished(local: testing.LocalStack) -> Standing:
    """Load the place; returns when every service has heard of it. Raises what load.load does."""
    place, known = load.of(local.root, size=PEOPLE, seed=SEED)
    testing.settle(load.load(local.root, place, known))
    return Standing(local, place, known)
