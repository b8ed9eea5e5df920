"""NHS Numbers as integers, 0 where none is known, and how far they agree: compare.numbers for columns of them."""

import functools
from collections.abc import Sequence

import numpy as np

from services.identity.bulk.grown import Ints
from services.identity.bulk.words import Flags
from services.identity.matching import normalise
from services.identity.matching.levels import Number

_AT = {level: position for position, level in enumerate(Number)}
_TENS = 10 ** np.arange(9, -1, -1)
# What one digit that differs, or two neighbours that are exchanged, can make of the difference of two numbers.
_SLIPS = np.unique(np.outer(np.r_[1:10, 9:90:9], _TENS))


def read(texts: Sequence[str]) -> Ints:
    """The numbers that were written, as normalise.number has them."""
    found = np.zeros(len(texts), np.int64)
    plain = [at for at, text in enumerate(texts) if len(text) == 10 and text.isdecimal() and text.isascii()]
    written = "".join([texts[at] for at in plain])
    numbers = (np.frombuffer(written.encode(), np.uint8).reshape(-1, 10) - np.uint8(ord("0"))) @ _TENS
    # One repeated digit holds a place, and the first ten of them are all there are.
    found[plain] = np.where(numbers % 1_111_111_111 == 0, 0, numbers)
    rest = {at for at, text in enumerate(texts) if text}.difference(plain)
    for at in rest:
        found[at] = int(normalise.number(texts[at]) or 0)
    return found


def written(number: int) -> str:
    """The ten digits of a number; empty for none."""
    return f"{number:010d}" if number else ""


def agreement(one: Ints, other: Ints) -> Ints:
    """The level of each pair."""
    both = (one > 0) & (other > 0)
    found = np.where(both, _AT[Number.SAME], _AT[Number.UNKNOWN])
    apart = np.flatnonzero(both & (one != other))
    left, right = one[apart], other[apart]
    # A number that fails its check digit and is near to nothing is noise.
    found[apart] = np.where(valid(left) & valid(right), _AT[Number.DIFFERENT], _AT[Number.UNKNOWN])
    apart_by = np.abs(left - right)
    near = np.flatnonzero(_SLIPS[np.searchsorted(_SLIPS[:-1], apart_by)] == apart_by)
    slip = _one_slip(_digits(left[near]), _digits(right[near]))
    found[apart[near[slip]]] = _AT[Number.SLIP]
    return found


def valid(numbers: Ints) -> Flags:
    """Whether there is a number, and its check digit is right (NHS Data Dictionary: NHS NUMBER)."""
    # The weighted sum of all ten, the last by 1, is a multiple of 11; a check digit of 10 cannot be written.
    sums = _FIRST_FIVE[numbers // 100_000] + _LAST_FIVE[numbers % 100_000]
    found: Flags = (numbers > 0) & (sums % 11 == 0)
    return found


def _digits(numbers: Ints) -> Ints:
    found: Ints = numbers[:, None] // _TENS % 10
    return found


# The weighted sums of all there are of five digits: those of a number are looked up in two halves.
_FIRST_FIVE, _LAST_FIVE = (
    functools.reduce(np.add.outer, [weight * np.arange(10) for weight in weights]).ravel()
    for weights in ((10, 9, 8, 7, 6), (5, 4, 3, 2, 1))
)


def _one_slip(one: Ints, other: Ints) -> Flags:
    """Whether one digit differs, or two neighbours are exchanged: no other single slip leaves ten digits."""
    differ = one != other
    many = differ.sum(axis=1)
    found: Flags = many == 1
    two = np.flatnonzero(many == 2)
    left, right = one[two], other[two]
    exchanged = differ[two, :-1] & (left[:, :-1] == right[:, 1:]) & (left[:, 1:] == right[:, :-1])
    found[two] = exchanged.any(axis=1)
    return found
