"""Links of two record sets in which each record stands for another person: the surest first, none linked twice."""

import numpy as np

from services.identity.linkage.mixture import Weighed
from services.identity.linkage.records import Ints

LINK_FROM = -1.8
"""The natural logarithm of the odds from which a pair is a link.

Below even odds: the odds are those of a pair by itself, and a pair that is left when all surer ones have taken their
records has fewer rivals than it was weighed against.
"""
_REVIEW_FROM = -5.0


def links(weighed: Weighed) -> Ints:
    """Positions of the pairs that are links, the surest first."""
    return _take(weighed, LINK_FROM)


def doubtful(weighed: Weighed, linked: Ints) -> Ints:
    """Positions of the pairs below the line of which neither record is linked."""
    taken = set(weighed.left[linked].tolist()) | set(weighed.right[linked].tolist())
    low = np.flatnonzero((weighed.logit < LINK_FROM) & (weighed.logit >= _REVIEW_FROM))
    free = [at for at in low.tolist() if int(weighed.left[at]) not in taken and int(weighed.right[at]) not in taken]
    return np.array(sorted(free, key=lambda at: (-weighed.logit[at], at)), np.int64)


def _take(weighed: Weighed, least: float) -> Ints:
    likely = np.flatnonzero(weighed.logit >= least)
    # Pairs come in order of their records, and a stable sort keeps that order among equals.
    order = likely[np.argsort(-weighed.logit[likely], kind="stable")]
    taken: set[int] = set()
    found = []
    for at in order.tolist():
        one, other = int(weighed.left[at]), int(weighed.right[at])
        if one not in taken and other not in taken:
            taken |= {one, other}
            found.append(at)
    return np.array(found, np.int64)
