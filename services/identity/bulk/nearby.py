"""Who comes into question for whom: pairs that share a key, found in a table of the register's keys."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from services.identity.bulk import keys
from services.identity.bulk.grown import Ints
from services.identity.bulk.people import People
from services.identity.matching import blocking


@dataclasses.dataclass(frozen=True)
class Index:
    """The keys of registered people in order, each once; of each how many hold it, and where they begin in `holders`.

    Keys that more hold than blocking.MOST_PER_KEY are left out. Keys with the same first bits begin at `firsts`, and a
    few of them at most have these: one is found at its first place or shortly behind.
    """

    held: keys.Keys
    starts: NDArray[np.int32]
    counts: NDArray[np.int32]
    holders: NDArray[np.int32]
    firsts: NDArray[np.int32]
    shift: np.uint64

    def find(self, asked: keys.Keys) -> Ints:
        """The place of each key, or -1."""
        found = np.full(len(asked), -1)
        bits = (asked >> self.shift).astype(np.int64)
        place, end = self.firsts[bits].astype(np.int64), self.firsts[bits + 1]
        left = np.flatnonzero(place < end)
        place, end, asked = place[left], end[left], asked[left]
        while len(left):
            held = self.held[place]
            here = held == asked
            found[left[here]] = place[here]
            place = place + 1
            # Keys stand in order: beyond a larger one there is none.
            on = (held < asked) & (place < end)
            left, place, end, asked = left[on], place[on], end[on], asked[on]
        return found


def index(people: People) -> Index:
    """The index of people who are all registered."""
    whose, words = keys.of(people)
    order = np.argsort(words)
    words = words[order]
    starts = np.flatnonzero(np.r_[True, words[1:] != words[:-1]]) if len(words) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(words)])
    kept = counts <= blocking.MOST_PER_KEY
    held, starts, counts = words[starts[kept]], starts[kept], counts[kept]
    shift = 64 - max(1, len(held).bit_length() - 1)
    firsts = np.zeros((1 << (64 - shift)) + 1, np.int32)
    np.cumsum(np.bincount((held >> np.uint64(shift)).astype(np.int64), minlength=len(firsts) - 1), out=firsts[1:])
    first, many, holders = (each.astype(np.int32) for each in (starts, counts, whose[order]))
    return Index(held, first, many, holders, firsts, np.uint64(shift))


def pairs(people: People, known: Index) -> tuple[Ints, Ints]:
    """Positions of those asked about and of registered people, in order of both."""
    asking, words = keys.of(people, people.registered)
    place = known.find(words)
    asking, place = asking[place >= 0], place[place >= 0]
    starts, counts = known.starts[place], known.counts[place]
    many = np.repeat(np.arange(len(asking)), counts)
    offsets = np.arange(len(many)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = asking[many] * people.registered + known.holders[starts[many] + offsets]
    return _bounded(found, counts[many], people)


def _bounded(found: Ints, counts: NDArray[np.int32], people: People) -> tuple[Ints, Ints]:
    """Each pair once; of those asked about with too many, the candidates who share the rarest keys."""
    distinct = np.sort(found)
    if len(distinct):
        distinct = distinct[np.r_[True, distinct[1:] != distinct[:-1]]]
    asking, near = np.divmod(distinct, max(1, people.registered))
    many = np.bincount(asking, minlength=people.size)
    if many.max(initial=0) <= blocking.MOST_CANDIDATES:
        return asking, near
    rarity = np.bincount(np.searchsorted(distinct, found), weights=1.0 / counts)
    order = np.lexsort((near, -rarity, asking))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(many) - many, many)
    kept = np.sort(order[rank < blocking.MOST_CANDIDATES])
    return asking[kept], near[kept]
