"""Slips of the pen: one letter or digit wrong, missing, doubled, or two neighbours exchanged."""

from rapidfuzz.distance import OSA


def one_slip(left: str, right: str) -> bool:
    """Whether exactly one slip lies between two texts (optimal string alignment distance 1)."""
    return abs(len(left) - len(right)) <= 1 and OSA.distance(left, right, score_cutoff=1) == 1


def within(left: str, right: str, slips: int) -> bool:
    """Whether at most this many slips lie between two texts."""
    return abs(len(left) - len(right)) <= slips and OSA.distance(left, right, score_cutoff=slips) <= slips
