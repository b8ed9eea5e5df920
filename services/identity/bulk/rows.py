"""The rows of features.rows for all candidates of all traces at once, and the odds that the scorer gives them."""

import dataclasses
import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk import agreement
from services.identity.bulk.agreement import Agreement
from services.identity.bulk.people import Coded, Ints, People, Value
from services.identity.matching import chance, features
from services.identity.matching.compare import FIELDS, Comparison
from services.identity.matching.decide import Rules

Floats = NDArray[np.float64]
Pairs = tuple[Ints, Ints]
"""Positions of those who ask, and of who is near to each."""


class Combination(Comparison):
    """A comparison without names, which many pairs have in common; its reasons are put into words once."""

    @functools.cached_property
    def reasons(self) -> tuple[str, ...]:
        """A plain sentence for each field that both records know."""
        return super().reasons


@dataclasses.dataclass(frozen=True)
class Levels:
    """The distinct combinations of levels among the pairs, and which each pair has."""

    distinct: Sequence[Combination]
    at: Ints

    def of(self, value: Callable[[Comparison], float | bool | int]) -> NDArray[np.float64]:
        """What follows from the levels alone, for each pair."""
        return np.array([float(value(each)) for each in self.distinct], np.float64)[self.at]


def packed(found: Agreement) -> Ints:
    """The levels of each pair as one number."""
    return np.ravel_multi_index(tuple(found.levels), tuple(len(kind) for kind in agreement.KINDS))


def combinations(packed: Ints) -> Levels:
    """The combinations of levels that occur."""
    sizes = [len(kind) for kind in agreement.KINDS]
    distinct, at = np.unique(packed, return_inverse=True)
    each = zip(*(part.tolist() for part in np.unravel_index(distinct, tuple(sizes))), strict=True)
    kinds = [list(kind) for kind in agreement.KINDS]
    made = [
        Combination(**{field: kind[level] for field, kind, level in zip(FIELDS, kinds, levels, strict=True)})
        for levels in each
    ]
    return Levels(made, at)


def log_odds(people: People, pairs: Pairs, found: Agreement, levels: Levels, rules: Rules) -> Floats:
    """The scorer's log odds of each pair; pairs stand in order of those who ask."""
    matrix = _rows(people, pairs, found, levels, rules)
    # Most rows occur many times, and each is scored once.
    _, first, back = np.unique(_hashed(matrix), return_index=True, return_inverse=True)
    return rules.scorer.log_odds_of(matrix[first])[back]


def _rows(people: People, pairs: Pairs, found: Agreement, levels: Levels, rules: Rules) -> NDArray[np.int16]:
    asking, near = pairs
    expected = _strangers(found, levels, rules)
    family = _rarities(
        people.families, asking, near, lambda value: rules.names.family("".join(value[0])) if value else None
    )
    given = _rarities(people.given, asking, near, lambda value: rules.names.given(value[0][0]) if value[0] else None)
    columns = (
        *found.levels,
        found.family_alike,
        found.given_alike,
        *family,
        *given,
        np.clip(np.rint(2 * expected), -24, 10),
        _others(asking, levels.of(features.is_rival)),
        _others(asking, levels.of(features.is_housemate)),
        _lead(asking, expected),
    )
    return np.stack(columns, axis=1).astype(np.int16)


def _strangers(found: Agreement, levels: Levels, rules: Rules) -> Floats:
    """chance.strangers of each pair, its terms added in the same order."""
    # Not numpy's logarithm, which may differ in the last digit.
    family = np.array([math.log10(rules.names.family(name)) for name in found.shared])
    given = np.array([math.log10(rules.names.given(name)) for name in found.shared])
    by_level = chance.by_level
    total = math.log10(rules.register_size) + np.where(
        found.family_shared > 0, family[found.family_shared], levels.of(lambda each: by_level(each.family))
    )
    total = total + np.where(
        found.given_shared > 0, given[found.given_shared], levels.of(lambda each: by_level(each.given))
    )
    for field in ("birth_date", "number", "gender", "postcode", "phone"):
        total = total + levels.of(lambda each: by_level(getattr(each, field)))  # noqa: B023 (called at once)
    return total


def _rarities(
    column: Coded[Value], asking: Ints, near: Ints, share: Callable[[Value], float | None]
) -> tuple[Ints, Ints]:
    """The rarer and the commoner of both names, as features has them; -1 where neither is known."""
    one, other = column.codes[asking], column.codes[near]
    rarities = column.table(lambda value: _rarity(share(value)), one, other)
    one, other = rarities[one], rarities[other]
    least = np.where(one < 0, other, np.where(other < 0, one, np.minimum(one, other)))
    return least, np.maximum(one, other)


def _rarity(share: float | None) -> int:
    return -1 if share is None else features.rarity_of(share)


def _others(asking: Ints, flags: Floats) -> Floats:
    """How many of the other candidates of the same trace have a flag."""
    sums = np.bincount(asking, weights=flags)
    return np.minimum(features.MOST_COUNTED, sums[asking] - flags)


def _lead(asking: Ints, expected: Floats) -> Floats:
    serious = np.where(expected < features.SERIOUS, expected, np.inf)
    order = np.lexsort((serious, asking))
    first = np.flatnonzero(np.r_[True, asking[order][1:] != asking[order][:-1]]) if len(order) else order
    counts = np.diff(np.r_[first, len(order)])
    least = np.repeat(serious[order][first], counts)
    second = np.repeat(serious[order][np.minimum(first + 1, len(order) - 1)], counts)
    other = np.where(serious[order] == least, second, least)
    alone = (np.repeat(counts, counts) < 2) | np.isinf(other)
    lead = np.clip(np.rint(np.where(alone, 0.0, other) - expected[order]), 1 - features.ALONE, features.ALONE - 1)
    found = np.empty(len(order))
    found[order] = np.where(alone, features.ALONE, lead)
    return found


def _hashed(matrix: NDArray[np.int16]) -> NDArray[np.uint64]:
    """A number for each row; two different rows have the same once in 2^64."""
    found = np.zeros(len(matrix), np.uint64)
    for column in matrix.T:
        found = (found ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        found ^= found >> np.uint64(29)
    return found
