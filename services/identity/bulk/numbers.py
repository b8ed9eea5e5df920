"""How far NHS Numbers agree: compare.numbers for columns of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk.grown import Grown, Ints
from services.identity.matching.levels import Number

_AT = {level: position for position, level in enumerate(Number)}


class Digits(NamedTuple):
    """The ten digits of each number, and whether there are any, and whether they pass their check."""

    digits: NDArray[np.uint8]
    known: NDArray[np.bool_]
    valid: NDArray[np.bool_]


class Numbers:
    """Numbers of ten digits that are not all the same, or empty texts; not to be shared between threads."""

    def __init__(self, values: Sequence[str]) -> None:
        self._digits = Grown(values, digits)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether there is a number."""
        return self._digits.now.known

    def agreement(self, one: Ints, other: Ints) -> Ints:
        """The level of each pair."""
        digits, known, valid = self._digits.now
        both = known[one] & known[other]
        found = np.where(both, _AT[Number.SAME], _AT[Number.UNKNOWN])
        apart = np.flatnonzero(both & (one != other))
        left, right = one[apart], other[apart]
        # A number that fails its check digit and is near to nothing is noise.
        level = np.where(valid[left] & valid[right], _AT[Number.DIFFERENT], _AT[Number.UNKNOWN])
        found[apart] = np.where(_one_slip(digits[left], digits[right]), _AT[Number.SLIP], level)
        return found


def digits(numbers: Sequence[str]) -> Digits:
    """The digits of numbers; their check is that of the NHS Data Dictionary (NHS NUMBER)."""
    known = np.fromiter(map(bool, numbers), np.bool_, len(numbers))
    found = np.zeros((len(numbers), 10), np.uint8)
    found[known] = np.frombuffer("".join(numbers).encode(), np.uint8).reshape(-1, 10) - ord("0")
    # The weighted sum of all ten, the last by 1, is a multiple of 11; a check digit of 10 cannot be written.
    return Digits(found, known, known & (found @ np.arange(10, 0, -1) % 11 == 0))


def _one_slip(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether one digit differs, or two neighbours are exchanged: no other single slip leaves ten digits."""
    differ = one != other
    many = differ.sum(axis=1)
    found = many == 1
    two = np.flatnonzero(many == 2)
    left, right = one[two], other[two]
    exchanged = differ[two, :-1] & (left[:, :-1] == right[:, 1:]) & (left[:, 1:] == right[:, :-1])
    found[two] = exchanged.any(axis=1)
    return found
