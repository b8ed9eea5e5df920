"""Counts how often levels of agreement occur together, between strangers and for one person."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.identity.linkage import likeness
from services.identity.linkage.likeness import Levels
from services.identity.linkage.records import Ints, Records

Floats = NDArray[np.float64]

_SMOOTHING = 20.0


class Table:
    """The shares of each combination of levels of a few fields; the arrays have an axis for each field."""

    def __init__(self, names: tuple[str, ...], records: Records, base: Mapping[str, Levels]) -> None:
        """`base` are the levels of pairs that were drawn at random."""
        self._names = names
        self._shape = tuple(likeness.levels(records.columns[name].kind) for name in names)
        self._drawn = _smooth(self._counts(self.cells(base)))
        self._strangers = self._same = self._drawn

    def cells(self, levels: Mapping[str, Levels]) -> Ints:
        """The combination of levels of each pair, as one number."""
        return np.ravel_multi_index(tuple(levels[name].astype(np.int64) for name in self._names), self._shape)

    def learn(self, cells: Ints, chance: Floats, total: float) -> None:
        """Counts anew, given the chance of each pair to be one person, and how many pairs there are at all."""
        self._same = _smooth(self._counts(cells, chance))
        # What strangers share too rarely for a sample to show is counted among the pairs that met.
        self._strangers = np.maximum(self._drawn, self._counts(cells, 1 - chance) / total)

    def weigh(self, cells: Ints, shared: frozenset[str], onto: Floats) -> None:
        """Adds the logarithm of how much likelier the levels of each pair are than between strangers, for somebody who
        agrees as the same person does in the shared fields and as strangers do in the others."""
        personal = tuple(axis for axis, name in enumerate(self._names) if name not in shared)
        common = tuple(axis for axis, name in enumerate(self._names) if name in shared)
        if not common:
            return
        expected = self._same
        if personal:
            expected = self._same.sum(axis=personal, keepdims=True) * self._strangers.sum(axis=common, keepdims=True)
        onto += np.log(expected / self._strangers).ravel()[cells]

    def _counts(self, cells: Ints, weights: Floats | None = None) -> Floats:
        counts = np.bincount(cells, weights=weights, minlength=int(np.prod(self._shape)))
        return counts.reshape(self._shape).astype(np.float64)


def _smooth(counts: Floats) -> Floats:
    """Shares of the cells; combinations too rare to be counted are taken for independent ones."""
    apart = np.ones(())
    for axis, size in enumerate(counts.shape):
        alone = counts.sum(axis=tuple(other for other in range(counts.ndim) if other != axis)) + 1 / size
        apart = np.multiply.outer(apart, alone / alone.sum())
    found: Floats = (counts + _SMOOTHING * apart) / (counts.sum() + _SMOOTHING)
    return found
