"""Joins records into people: two clusters become one only where all their pairs taken together say so.

A chain is not a proof. Each step joins the two clusters whose pairs agree most on average; pairs that never met count
as disagreeing, so that one strong pair between two large clusters is a weak bridge and not a reason to join them.
"""

import heapq

import numpy as np

from services.identity.linkage.mixture import Floats, Weighed
from services.identity.linkage.records import Ints

JOIN_FROM = -2.0
"""The mean of the natural logarithms of the odds from which two clusters are one person.

Below even odds, because each pair is weighed as if it stood alone, and in a cluster it does not: what strangers agree
on by chance they do not agree on with all records of a person.
"""
_NEVER_MET = -4.0
_MOST = 10.0
"""No single pair counts for more than this, for or against."""


def join(size: int, weighed: Weighed) -> Ints:
    """The cluster of each record, as the position of one of its records."""
    roots = _connected(size, weighed)
    inside = roots[weighed.left] == roots[weighed.right]
    pairs = weighed.left[inside], weighed.right[inside], np.clip(weighed.logit[inside], -_MOST, _MOST)
    return _Joining(size, *pairs).join()


def _connected(size: int, weighed: Weighed) -> Ints:
    """What can come together at all: a pair below the line can only ever lower a mean."""
    roots = np.arange(size)
    strong = weighed.logit >= JOIN_FROM
    left, right = weighed.left[strong], weighed.right[strong]
    while True:
        low = np.minimum(roots[left], roots[right])
        new = roots.copy()
        np.minimum.at(new, roots[left], low)
        np.minimum.at(new, roots[right], low)
        new = new[new]
        if np.array_equal(new, roots):
            return roots
        roots = new


class _Joining:
    """Clusters by number; `_near` holds for each the sum and the count of the pairs it has with each other one."""

    def __init__(self, size: int, left: Ints, right: Ints, weight: Floats) -> None:
        self._near: list[dict[int, tuple[float, int]]] = [{} for _ in range(size)]
        self._sizes = [1] * size
        self._into = list(range(size))
        self._queue: list[tuple[float, int, int, int, int]] = []
        for one, other, each in zip(left.tolist(), right.tolist(), weight.tolist(), strict=True):
            self._near[one][other] = self._near[other][one] = (each, 1)
            if each >= JOIN_FROM:
                self._queue.append((-each, one, other, 1, 1))

    def join(self) -> Ints:
        """Joins the surest first until nothing is left to join; equal ones in the order of the records."""
        heapq.heapify(self._queue)
        while self._queue:
            _, one, other, *sizes = heapq.heappop(self._queue)
            if (
                [self._sizes[one], self._sizes[other]] == sizes
                and self._into[one] == one
                and self._into[other] == other
            ):
                self._merge(one, other)
        return np.array([self._root(at) for at in range(len(self._into))], np.int64)

    def _merge(self, one: int, other: int) -> None:
        # Into the one that has more neighbours, which is less work.
        if len(self._near[one]) < len(self._near[other]):
            one, other = other, one
        near = self._near[one]
        near.pop(other)
        for third, (weight, count) in self._near[other].items():
            if third == one:
                continue
            del self._near[third][other]
            before = near.get(third, (0.0, 0))
            near[third] = self._near[third][one] = (before[0] + weight, before[1] + count)
        self._near[other] = {}
        self._into[other] = one
        self._sizes[one] += self._sizes[other]
        self._queue_anew(one)

    def _queue_anew(self, one: int) -> None:
        for third, (weight, count) in self._near[one].items():
            pairs = self._sizes[one] * self._sizes[third]
            mean = (weight + (pairs - count) * _NEVER_MET) / pairs
            if mean >= JOIN_FROM:
                heapq.heappush(self._queue, (-mean, one, third, self._sizes[one], self._sizes[third]))

    def _root(self, at: int) -> int:
        while self._into[at] != at:
            self._into[at] = self._into[self._into[at]]
            at = self._into[at]
        return at
