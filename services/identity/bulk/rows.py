"""The rows of features.rows for all candidates of all traces at once, and the odds that the scorer gives them."""

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk import agreement
from services.identity.bulk.agreement import Agreement
from services.identity.bulk.grown import Ints, Wanted
from services.identity.bulk.people import People
from services.identity.bulk.words import Words
from services.identity.matching import chance, features
from services.identity.matching.compare import FIELDS, Comparison
from services.identity.matching.decide import Rules
from services.identity.matching.levels import Level

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

    def some(self, pairs: Ints) -> "Levels":
        """Those of some of the pairs."""
        return Levels(self.distinct, self.at[pairs])


def packed(found: Agreement) -> Ints:
    """The levels of each pair as one number."""
    return np.ravel_multi_index(tuple(found.levels), tuple(len(kind) for kind in agreement.KINDS))


def combinations(packed: Ints) -> Levels:
    """The combinations of levels that occur."""
    sizes = tuple(len(kind) for kind in agreement.KINDS)
    distinct, at = np.unique(packed, return_inverse=True)
    parts = zip(agreement.KINDS, np.unravel_index(distinct, sizes), strict=True)
    fields = [list(map(list(kind).__getitem__, part.tolist())) for kind, part in parts]
    return Levels(list(map(Combination, *fields)), at)


class Share(NamedTuple):
    """The logarithm to base 10 of the share of people who have each name, and its rarity; -1 for no name."""

    log: Floats
    rarity: Ints


class Weights:
    """The rules by which pairs are weighed, and how common words are as names; not to be shared between threads."""

    def __init__(self, words: Words, rules: Rules) -> None:
        self.rules = rules
        self._family = Wanted(words.texts, functools.partial(_shares, rules.names.family))
        self._given = Wanted(words.texts, functools.partial(_shares, rules.names.given))

    def family(self, words: Ints) -> Share:
        """Those of these words as family names."""
        return self._family.of(words)

    def given(self, words: Ints) -> Share:
        """Those of these words as given names."""
        return self._given.of(words)


def _shares(of: Callable[[str], float], words: Sequence[str]) -> Share:
    # Few counts of people make few shares. Not numpy's logarithm, which may differ in the last digit.
    shares, back = np.unique(np.array([of(word) for word in words], np.float64), return_inverse=True)
    each = shares.tolist()
    logs, rarities = np.array(list(map(math.log10, each))), np.array(list(map(features.rarity_of, each)), np.int64)
    return Share(logs[back], np.where([bool(word) for word in words], rarities[back], -1))


def log_odds(people: People, pairs: Pairs, found: Agreement, levels: Levels, weights: Weights) -> Floats:
    """The scorer's log odds of each pair; pairs stand in order of those who ask."""
    matrix = _rows(people, pairs, found, levels, weights)
    # Many rows occur several times, and each is scored once.
    hashed = _hashed(matrix)
    order = np.argsort(hashed)
    new = np.diff(hashed[order], prepend=~hashed[order[:1]]) != 0
    scores = weights.rules.scorer.log_odds_of(matrix[:, order[new]].T)
    log_odds = np.empty(len(order))
    log_odds[order] = scores[np.cumsum(new) - 1]
    return log_odds


def _rows(people: People, pairs: Pairs, found: Agreement, levels: Levels, weights: Weights) -> NDArray[np.int16]:
    asking, _ = pairs
    expected = _strangers(found, levels, weights)
    present, first = people.known.families.present.word, people.known.given.stated.first
    family = (weights.family(present[people.families.codes[some]]).rarity for some in pairs)
    given = (weights.given(first[people.given.codes[some]]).rarity for some in pairs)
    columns = (
        *found.levels,
        found.family_alike,
        found.given_alike,
        *_rarities(*family),
        *_rarities(*given),
        np.clip(np.rint(2 * expected), -24, 10),
        _others(asking, levels.of(features.is_rival)),
        _others(asking, levels.of(features.is_housemate)),
        _lead(asking, expected),
    )
    return np.stack([column.astype(np.int16) for column in columns])


def _strangers(found: Agreement, levels: Levels, weights: Weights) -> Floats:
    """chance.strangers of each pair, its terms added in the same order."""
    family, given = found.family_shared, found.given_shared
    fields = zip(FIELDS, found.levels, agreement.KINDS, strict=True)
    terms = {field: _by_level(level, kind) for field, level, kind in fields if field != "middle"}
    total = math.log10(weights.rules.register_size) + np.where(family > 0, weights.family(family).log, terms["family"])
    total = total + np.where(given > 0, weights.given(given).log, terms["given"])
    for field in ("birth_date", "number", "gender", "postcode", "phone"):
        total = total + terms[field]
    return total


def _by_level(levels: Ints, kind: Iterable[Level]) -> Floats:
    found: Floats = np.array([chance.by_level(level) for level in kind])[levels]
    return found


def _rarities(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """The rarer and the commoner of both names, as features has them; -1 where neither is known."""
    least = np.where(one < 0, other, np.where(other < 0, one, np.minimum(one, other)))
    return least, np.maximum(one, other)


def _others(asking: Ints, flags: Floats) -> Floats:
    """How many of the other candidates of the same trace have a flag."""
    sums = np.bincount(asking, weights=flags)
    return np.minimum(features.MOST_COUNTED, sums[asking] - flags)


def _lead(asking: Ints, expected: Floats) -> Floats:
    """features._lead of each pair: beside the best of the others of its trace whom few enough strangers are like."""
    if not len(asking):
        return expected
    starts = np.flatnonzero(np.r_[True, asking[1:] != asking[:-1]])
    counts = np.diff(np.r_[starts, len(asking)])
    serious = np.where(expected < features.SERIOUS, expected, np.inf)
    least = np.minimum.reduceat(serious, starts)
    best = serious == np.repeat(least, counts)
    rest = np.minimum.reduceat(np.where(best, np.inf, serious), starts)
    second = np.where(np.add.reduceat(best, starts, dtype=np.int64) > 1, least, rest)
    other = np.where(best, np.repeat(second, counts), np.repeat(least, counts))
    alone = np.isinf(other)
    lead = np.clip(np.rint(np.where(alone, 0.0, other) - expected), 1 - features.ALONE, features.ALONE - 1)
    return np.where(alone, features.ALONE, lead)


def _hashed(matrix: NDArray[np.int16]) -> NDArray[np.uint64]:
    """A number for each row, of which a feature is a line here; two different rows have the same once in 2^64."""
    found = np.zeros(matrix.shape[1], np.uint64)
    for column in matrix:
        found = (found ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        found ^= found >> np.uint64(29)
    return found
