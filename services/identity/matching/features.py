"""A comparison as a row of small whole numbers: what the scorer reads, and what it was trained on.

A row holds the levels of agreement, how alike and how rare the names are, how many strangers would agree so by chance,
and who else is in question: a housemate, a namesake or a twin in the list is what makes the same agreement worth less.
"""

import enum
import functools
import math
from collections.abc import Sequence

from services.identity.matching import chance
from services.identity.matching.compare import Comparison
from services.identity.matching.levels import Birth, Gender, Middle, Name, Number, Phone, Postcode
from services.identity.matching.rarity import Rarity

NAMES = (
    "number", "family", "given", "middle", "birth_date", "gender", "postcode", "phone",
    "family_alike", "given_alike", "family_rarest", "family_commonest", "given_rarest", "given_commonest",
    "strangers", "rivals", "housemates", "lead",
)  # fmt: skip
"""The columns of a row, in order. A model names them, and one that names others is not read."""

Row = tuple[int, ...]

MOST_COUNTED = 3
ALONE = 9
"""The lead of a candidate beside whom nobody is in question."""

SERIOUS = 0.0
"""Fewer strangers than ten to this power agree as well as somebody who is in question does; others do not count."""

_LEVELS: tuple[tuple[str, dict[enum.StrEnum, int]], ...] = tuple(
    (field, {level: position for position, level in enumerate(kind)})
    for field, kind in (
        ("number", Number), ("family", Name), ("given", Name), ("middle", Middle), ("birth_date", Birth),
        ("gender", Gender), ("postcode", Postcode), ("phone", Phone),
    )
)  # fmt: skip
LEVELS = {field: [str(level) for level in codes] for field, codes in _LEVELS}
"""The levels of each field by their numbers in a row. A model names them too: the same number must mean the same."""

_IN_COLLECTION = (-1, -1, -ALONE)
_NOBODY_OF_THIS_NAME = frozenset({Name.DIFFERENT, Name.RESEMBLES, Name.UNNAMED})
_NOT_BORN_THEN = frozenset({Birth.DIFFERENT, Birth.UNKNOWN})


def rows(compared: Sequence[Comparison], names: Rarity, *, register_size: int) -> list[Row]:
    """A row for each candidate of one trace, each in the light of all others; their order does not matter."""
    expected = [chance.strangers(found, names, register_size=register_size) for found in compared]
    rivals = [is_rival(found) for found in compared]
    housemates = [is_housemate(found) for found in compared]
    least = sorted(each for each in expected if each < SERIOUS)[:2]
    return [
        (
            *_of_pair(found, names, expected[position]),
            min(MOST_COUNTED, sum(rivals) - rivals[position]),
            min(MOST_COUNTED, sum(housemates) - housemates[position]),
            _lead(expected[position], least),
        )
        for position, found in enumerate(compared)
    ]


def row_in_collection(found: Comparison, names: Rarity, *, size: int) -> Row:
    """The row of two records of one collection, where nobody asks and nobody is in question beside them."""
    return (*_of_pair(found, names, chance.strangers(found, names, register_size=size)), *_IN_COLLECTION)


def _of_pair(found: Comparison, names: Rarity, expected: float) -> Row:
    family = [rarity_of(names.family(name)) for name in found.families]
    given = [rarity_of(names.given(name)) for name in found.givens]
    return (
        *(codes[getattr(found, field)] for field, codes in _LEVELS),
        found.family_alike,
        found.given_alike,
        *((min(family), max(family)) if family else (-1, -1)),
        *((min(given), max(given)) if given else (-1, -1)),
        max(-24, min(10, round(2 * expected))),
    )


# Few counts of people make few shares.
@functools.lru_cache(maxsize=65_536)
def rarity_of(share: float) -> int:
    """Half decades: 0 for one in 100,000, 10 for everybody."""
    return max(0, min(10, round(2 * math.log10(share)) + 10))


def _lead(own: float, least: list[float]) -> int:
    """How many powers of ten fewer strangers agree so than agree as the best of the others does."""
    others = least[1:] if own in least[:1] else least[:1]
    return max(1 - ALONE, min(ALONE - 1, round(others[0] - own))) if others else ALONE


def is_rival(found: Comparison) -> bool:
    """Whether this could be who is asked about, by name and birth."""
    return (
        found.given not in _NOBODY_OF_THIS_NAME
        and found.family is not Name.DIFFERENT
        and found.birth_date not in _NOT_BORN_THEN
    )


def is_housemate(found: Comparison) -> bool:
    """Whether this shares family name and home, whatever else differs."""
    at_home = found.postcode is Postcode.EXACT or found.phone is Phone.SAME
    return at_home and found.family is not Name.DIFFERENT
