"""How far fields agree that are the same or different and nothing between: gender and telephone number."""

import enum
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.identity.bulk.grown import Grown, Ints
from services.identity.bulk.words import Texts


class _Number(NamedTuple):
    number: Ints


class Plain:
    """The values of such a field, empty where it is not known; not to be shared between threads."""

    def __init__(self, values: Sequence[str], kind: type[enum.StrEnum]) -> None:
        texts = Texts()
        self._number = Grown(values, lambda some: _Number(np.array(list(map(texts.__getitem__, some)), np.int64)))
        at = {level: position for position, level in enumerate(kind)}
        self._same, self._different, self._unknown = (at[kind(name)] for name in ("same", "different", "unknown"))

    @property
    def number(self) -> Ints:
        """A number for each value, 0 for none; those of one text are the same."""
        return self._number.now.number

    def agreement(self, one: Ints, other: Ints) -> Ints:
        """The level of each pair."""
        left, right = self.number[one], self.number[other]
        both = (left > 0) & (right > 0)
        return np.where(both, np.where(left == right, self._same, self._different), self._unknown)
