"""Pairs of records that are worth comparing: those that share a key of a few things, found by sorting integers."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from services.identity.linkage import likeness
from services.identity.linkage.records import Column, Ints, Records

MOST_SHARING = 400
"""A key that more records share than this says nothing and is skipped."""

_NOTHING: Ints = np.empty(0, np.int64)

# Each key is short of something, so that no field that is missing or wrong hides a person from all of them.
_KEYS: tuple[tuple[str, ...], ...] = (
    ("family sound",), ("birth_date",), ("postcode",), ("address",), ("telephone",), ("nhs_number",),
    ("family sound", "given sound"), ("family start", "given start"), ("names in any order",),
    ("family sound", "birth_date"), ("given sound", "birth_date"),
    ("family sound", "year"), ("family start", "year"), ("family sound", "day"), ("given sound", "day"),
    ("given sound", "year", "given start"), ("family start", "day"), ("given start", "day", "gender"),
    ("family sound", "postcode"), ("given sound", "postcode"), ("family start", "postcode"),
    ("postcode", "year"), ("postcode", "occupation"),
    ("family sound", "district"), ("given sound", "district"), ("family start", "district"),
    ("birth_date", "district"), ("year", "district"), ("district", "occupation"),
    ("family sound", "birth_place"), ("given sound", "birth_place"), ("birth_date", "birth_place"),
    ("given sound", "birth_place", "year"), ("birth_place", "occupation"), ("family sound", "occupation"),
    ("family sound", "town"), ("given sound", "town"), ("birth_date", "town"), ("house", "town"),
    ("given sound", "address"), ("family sound", "address"), ("house", "address"), ("birth_date", "house"),
)  # fmt: skip


def pairs(records: Records) -> tuple[Ints, Ints]:
    """Positions of the left and of the right records, without repetition; of two sets, each pair spans both."""
    parts = _parts(records)
    keys = (_joined([parts[name] for name in names]) for names in _KEYS if all(name in parts for name in names))
    found = np.unique(np.concatenate([_NOTHING, *(_meet(key, records) for key in keys)]))
    return found // records.size, found % records.size


def _parts(records: Records) -> dict[str, Ints]:
    found = {name: column.codes for name, column in records.columns.items()}
    for part, field, of in (
        ("family sound", "family_name", likeness.sound),
        ("given sound", "given_name", lambda text: likeness.sound(text.split(" ", 1)[0])),
        ("family start", "family_name", lambda text: text[:3]),
        ("given start", "given_name", lambda text: text[:3]),
        ("year", "birth_date", lambda text: text[:4]),
        ("day", "birth_date", lambda text: text[4:]),
        ("district", "postcode", likeness.outward),
    ):
        if field in records.columns:
            found[part] = _derived(records.columns[field], of)
    if {"family_name", "given_name"} <= records.columns.keys():
        found["names in any order"] = _unordered(records)
    return found


def _derived(column: Column, of: Callable[[str], str]) -> Ints:
    numbers: dict[str, int] = {"": -1}
    derived = [numbers.setdefault(of(value), len(numbers) - 1) for value in column.values]
    return np.append(np.array(derived, np.int64), -1)[column.codes]


def _unordered(records: Records) -> Ints:
    """One code for a pair of names, whichever of them is the family name."""
    numbers: dict[str, int] = {}
    family, given = records.columns["family_name"], records.columns["given_name"]
    one, other = (
        np.array([*(numbers.setdefault(value, len(numbers)) for value in column.values), -1], np.int64)[column.codes]
        for column in (family, given)
    )
    low, high = np.minimum(one, other), np.maximum(one, other)
    return np.where(low >= 0, low * (len(numbers) + 1) + high, -1)


def _joined(parts: Sequence[Ints]) -> Ints:
    """One integer for each combination of the parts, -1 where one is unknown."""
    key, known = np.zeros(len(parts[0]), np.int64), np.ones(len(parts[0]), np.bool_)
    for part in parts:
        known &= part >= 0
        # Numbered anew after each part, so that products stay small.
        _, key = np.unique(key * (int(part.max(initial=0)) + 1) + np.maximum(part, 0), return_inverse=True)
    return np.where(known, key, -1)


def _meet(key: Ints, records: Records) -> Ints:
    order = np.argsort(key, kind="stable")
    order = order[np.searchsorted(key[order], 0) :]
    if not len(order):
        return _NOTHING
    starts = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0])
    lengths = np.diff(np.r_[starts, len(order)])
    met = list(_blocks(order, starts, lengths, records))
    return np.unique(np.concatenate(met)) if met else _NOTHING


def _blocks(order: Ints, starts: Ints, lengths: Ints, records: Records) -> Iterator[Ints]:
    """Pairs of the records of equal keys, all blocks of one length at once."""
    for length in np.unique(lengths):
        if not 2 <= length <= MOST_SHARING:
            continue
        blocks = order[starts[lengths == length][:, None] + np.arange(length)]
        one, other = np.triu_indices(int(length), 1)
        # Few blocks at a time: all pairs of many long blocks would not fit into memory.
        for some in _batches(blocks, len(one)):
            left, right = some[:, one].ravel(), some[:, other].ravel()
            low, high = np.minimum(left, right), np.maximum(left, right)
            across = (low < records.split) & (high >= records.split) if records.split else low >= 0
            yield low[across] * records.size + high[across]


def _batches(blocks: Ints, pairs_each: int) -> Iterator[Ints]:
    step = max(1, 2_000_000 // pairs_each)
    for start in range(0, len(blocks), step):
        yield blocks[start : start + step]
