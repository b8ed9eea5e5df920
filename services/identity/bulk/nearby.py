"""Who comes into question for whom: pairs that share a key, found by one sort of the register's keys."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk import keys
from services.identity.bulk.people import Ints, People
from services.identity.matching import blocking


@dataclasses.dataclass(frozen=True)
class Index:
    """Keys of registered people in order, with who holds each."""

    held: keys.Words
    holders: Ints
    numbers: keys.Numbers


def index(people: People) -> Index:
    """The index of people who are all registered."""
    numbers: keys.Numbers = {}
    whose, words = keys.of(people, numbers)
    order = np.argsort(words)
    return Index(words[order], whose[order], numbers)


def pairs(people: People, known: Index) -> tuple[Ints, Ints]:
    """Positions of those asked about and of registered people, in order of both."""
    whose, words = keys.of(people, known.numbers, people.registered)
    # In order, so that the search goes through memory once.
    order = np.argsort(words)
    asking, asked = whose[order], words[order]
    held, holders = known.held, known.holders
    starts = np.searchsorted(held, asked)
    counts = np.searchsorted(held, asked, side="right") - starts
    used = (counts > 0) & (counts <= blocking.MOST_PER_KEY)
    asking, starts, counts = asking[used], starts[used], counts[used]
    many = np.repeat(np.arange(len(asking)), counts)
    offsets = np.arange(len(many)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = asking[many] * people.registered + holders[starts[many] + offsets]
    return _bounded(found, 1.0 / counts[many], people)


def _bounded(found: Ints, rarity: NDArray[np.float64], people: People) -> tuple[Ints, Ints]:
    """Each pair once; of those asked about with too many, the candidates who share the rarest keys."""
    distinct, back = np.unique(found, return_inverse=True)
    asking, near = distinct // max(1, people.registered), distinct % max(1, people.registered)
    many = np.bincount(asking, minlength=people.size)
    if many.max(initial=0) <= blocking.MOST_CANDIDATES:
        return asking, near
    order = np.lexsort((near, -np.bincount(back, weights=rarity), asking))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(many) - many, many)
    kept = np.sort(order[rank < blocking.MOST_CANDIDATES])
    return asking[kept], near[kept]
