"""How far fields agree that are the same or different and nothing between: gender and telephone number."""

import enum
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.identity.bulk.grown import Grown, Ints
from services.identity.bulk.words import Flags


class _Known(NamedTuple):
    known: Flags


class Plain:
    """The values of such a field, empty where it is not known; not to be shared between threads."""

    def __init__(self, values: Sequence[str], kind: type[enum.StrEnum]) -> None:
        self._known = Grown(values, lambda some: _Known(np.fromiter(map(bool, some), np.bool_, len(some))))
        at = {level: position for position, level in enumerate(kind)}
        self._same, self._different, self._unknown = (at[kind(name)] for name in ("same", "different", "unknown"))

    @property
    def known(self) -> Flags:
        """Whether there is a value."""
        return self._known.now.known

    def agreement(self, one: Ints, other: Ints) -> Ints:
        """The level of each pair."""
        both = self.known[one] & self.known[other]
        return np.where(both, np.where(one == other, self._same, self._different), self._unknown)
