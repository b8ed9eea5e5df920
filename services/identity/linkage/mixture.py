"""Learns from unlabelled pairs how far each agreement tells (expectation, maximisation), and weighs every pair by it.

Three things differ from the model of Fellegi and Sunter. Fields that agree together because of one cause (both names;
postcode and place) share one table, so that their agreement is counted once. A value that agrees weighs by how rare it
is in these data. And whoever is not the same person may be a relative of one home or a twin, who agree in what a home
shares as the person would, and in what is personal as strangers do.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.identity.linkage import likeness, tally
from services.identity.linkage.columns import Kind
from services.identity.linkage.likeness import SAME, Levels
from services.identity.linkage.records import Ints, Records

Floats = NDArray[np.float64]

_ROUNDS = 25
_STRANGERS = 500_000
_ENOUGH = 250_000
"""Pairs from which the tables are learnt; of more, every so many-th."""
_TOGETHER = (("given_name", "family_name"), ("postcode", "birth_place"), ("postcode", "town", "state"))
_AGAINST = -5.0
"""The most that can be said for a pair that is contradicted, as logit."""
_FEW_VALUES = frozenset({Kind.GENDER, Kind.MIDDLE})
"""Kinds of which so few values exist that their rarity adds nothing."""

_HOME = frozenset(
    ("family_name", "postcode", "telephone", "birth_place", "town", "address", "address_more", "house", "state")
)
_EVERYTHING = frozenset((*_HOME, "given_name", "middle_name", "birth_date", "gender", "occupation", "nhs_number"))
SHARED_BY = (_EVERYTHING, _HOME, _HOME | {"birth_date"})
"""The fields in which a record agrees as one of the same person: itself, one of the same home, a twin's."""
_AT_FIRST = (1.0, 0.3, 0.01)
"""How many such pairs there are for each true one before anything is learnt. Few: data without relatives must not take
people with a slip in the name for their own twins."""


@dataclasses.dataclass(frozen=True)
class Weighed:
    """Pairs of records with the natural logarithm of the odds that they are one person, and their levels by field."""

    left: Ints
    right: Ints
    logit: Floats
    levels: Mapping[str, Levels]


def weigh(records: Records, left: Ints, right: Ints) -> Weighed:
    """Learns from these pairs and weighs them."""
    levels = {name: likeness.compare(column, left, right) for name, column in records.columns.items()}
    total = records.split * (records.size - records.split) or records.size * (records.size - 1) / 2
    if not len(left) or not total:
        return Weighed(left, right, np.zeros(len(left)), levels)
    rarities, tables = _rarities(records, left, levels), _tables(records)
    cells = [table.cells(levels) for table in tables]
    every = max(1, len(left) // _ENOUGH)
    some = [each[::every] for each in cells], [each[::every] for each in rarities]
    shares = _learn(tables, *some, _first_guess(levels)[::every], total / every)
    weights = _weights(tables, cells, rarities, shares)
    logit = weights[0] - _sum([np.zeros(len(left)), *weights[1:]])
    return Weighed(left, right, np.where(_contradicted(records, levels), np.minimum(logit, _AGAINST), logit), levels)


def _contradicted(records: Records, levels: Mapping[str, Levels]) -> NDArray[np.bool_]:
    """Pairs with other given names and dates of birth: whatever a file teaches, a family is not a person.

    In a file in which relatives are many and repeated people few, the strongest pattern to be learnt is the family. Two
    files that are linked one to one have no such pattern, since each holds a person once.
    """
    found = np.full(len(next(iter(levels.values()))), not records.split)
    for name, least in (("given_name", 0), ("birth_date", 1)):
        if name not in levels:
            return np.zeros_like(found)
        # The last level is a different value; of dates the one before it is the same year.
        found &= levels[name] >= likeness.levels(records.columns[name].kind) - 1 - least
    return found


def _learn(
    tables: Sequence[tally.Table], cells: Sequence[Ints], rarities: Sequence[Floats], same: Floats, total: float
) -> Sequence[float]:
    """Fills the tables in so many rounds from a first guess; gives the share of each of SHARED_BY among all pairs."""
    chance = same
    shares = [max(1.0, float(same.sum())) * many / total for many in _AT_FIRST]
    for _ in range(_ROUNDS):
        for table, at in zip(tables, cells, strict=True):
            table.learn(at, chance, total)
        weights = _weights(tables, cells, rarities, shares)
        whole = _sum([np.zeros(len(same)), *weights])
        chance, *others = (np.exp(weight - whole) for weight in weights)
        shares = [min(0.5, max(0.1, float(each.sum())) / total) for each in (chance, *others)]
    return shares


def _weights(
    tables: Sequence[tally.Table], cells: Sequence[Ints], rarities: Sequence[Floats], shares: Sequence[float]
) -> list[Floats]:
    """For each of SHARED_BY the logarithm of how much likelier a pair is to be such a one than two strangers."""
    found = []
    for share, rarity, shared in zip(shares, rarities, SHARED_BY, strict=True):
        weight = rarity + np.log(share)
        for table, at in zip(tables, cells, strict=True):
            table.weigh(at, shared, weight)
        found.append(weight)
    return found


def _sum(logarithms: Sequence[Floats]) -> Floats:
    """The logarithm of the sum of what the logarithms stand for."""
    most = np.maximum.reduce(logarithms)
    total: Floats = most + np.log(np.sum([np.exp(each - most) for each in logarithms], axis=0))
    return total


def _tables(records: Records) -> Sequence[tally.Table]:
    strangers = _strangers(records)
    base = {name: likeness.compare(column, *strangers) for name, column in records.columns.items()}
    return [tally.Table(names, records, base) for names in _groups(records)]


def _groups(records: Records) -> Sequence[tuple[str, ...]]:
    """Fields that share a table; each field is in one."""
    left = dict.fromkeys(records.columns)
    found = []
    for names in _TOGETHER:
        together = tuple(name for name in names if name in left)
        if len(together) > 1:
            found.append(together)
            left = {name: None for name in left if name not in together}
    return [*found, *((name,) for name in left)]


def _strangers(records: Records) -> tuple[Ints, Ints]:
    # A fixed seed: the same records give the same answer.
    draw = np.random.default_rng(20260301)
    if records.split:
        left = draw.integers(0, records.split, _STRANGERS)
        return left, draw.integers(records.split, records.size, _STRANGERS)
    left, right = draw.integers(0, records.size, (2, _STRANGERS))
    return left[left != right], right[left != right]


def _rarities(records: Records, left: Ints, levels: Mapping[str, Levels]) -> Sequence[Floats]:
    """What the rarity of the values that agree adds to the evidence over an average value's, for each of SHARED_BY."""
    found = [np.zeros(len(left)) for _ in SHARED_BY]
    for name, column in records.columns.items():
        if column.kind in _FEW_VALUES:
            continue
        same = levels[name] == SAME
        average = float((column.shares**2).sum())
        rare = np.log(average / np.maximum(column.shares[column.codes[left[same]]], 2 / records.size))
        for at, shared in enumerate(SHARED_BY):
            if name in shared:
                found[at][same] += rare
    return found


def _first_guess(levels: Mapping[str, Levels]) -> Floats:
    """Pairs that agree exactly in most of what both know, and in something personal."""
    pairs = len(next(iter(levels.values())))
    same = sum((level == SAME for level in levels.values()), np.zeros(pairs, np.int64))
    known = sum((level > 0 for level in levels.values()), np.zeros(pairs, np.int64))
    return ((same >= 3) & (2 * same > known)).astype(np.float64)
