"""How alike two values of a field are, in a few levels; all pairs of distinct values at once."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA, JaroWinkler

from services.identity.linkage.columns import Kind
from services.identity.linkage.records import Column, Ints
from services.identity.matching import nicknames, spelling

Levels = NDArray[np.int8]
Texts = Sequence[str]

UNKNOWN, SAME = 0, 1

WORDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.GIVEN: (
        "is a form of the other",
        "differs by a slip",
        "is nearly alike",
        "is only an initial",
        "is different",
    ),
    Kind.MIDDLE: ("is an initial, which fits", "is different"),
    Kind.FAMILY: ("differs by a slip", "differs by two slips", "sounds alike", "shares a part", "is different"),
    Kind.DATE: (
        "differs by a slip",
        "differs by two slips",
        "has its parts swapped",
        "has the same year",
        "is different",
    ),
    Kind.GENDER: ("is different",),
    Kind.CODE: ("differs by a slip", "is of the same district", "is of the same area", "is different"),
    Kind.PLACE: ("differs by a slip", "is nearly alike", "is different"),
    Kind.ADDRESS: ("differs by a slip", "is nearly alike", "is somewhat alike", "is different"),
    Kind.WORD: ("differs by a slip", "is different"),
}
"""What the levels from 2 on say; 0 is unknown, 1 the same."""


def compare(column: Column, left: Ints, right: Ints) -> Levels:
    """The level of each pair of records, given by their positions; each pair of values is compared once."""
    found = np.zeros(len(left), np.int8)
    one, other = column.codes[left], column.codes[right]
    known = (one >= 0) & (other >= 0)
    found[known & (one == other)] = SAME
    open_ = known & (one != other)
    low, high = np.minimum(one, other)[open_], np.maximum(one, other)[open_]
    pairs, back = np.unique(low * len(column.values) + high, return_inverse=True)
    if len(pairs):
        values = np.array(column.values, dtype=object)
        firsts, seconds = values[pairs // len(values)], values[pairs % len(values)]
        found[open_] = _RULES[column.kind](list(firsts), list(seconds))[back]
    return found


def levels(kind: Kind) -> int:
    """How many levels a kind has, unknown among them."""
    return 2 + len(WORDS[kind])


def sentence(column: Column, level: int) -> str:
    """A plain sentence that names no value; empty where the field is unknown."""
    if level == UNKNOWN:
        return ""
    what = column.name.replace("_", " ")
    return f"{what} is the same" if level == SAME else f"{what} {WORDS[column.kind][level - 2]}"


def sound(text: str) -> str:
    """How a name of one or more words sounds."""
    return spelling.sound(text.replace(" ", "")) if text else ""


def _slips(left: Texts, right: Texts) -> NDArray[np.int64]:
    # At most four are told apart: beyond them a text is another one.
    return np.asarray(process.cpdist(left, right, scorer=OSA.distance, score_cutoff=4, dtype=np.int64))


def _alike(left: Texts, right: Texts) -> NDArray[np.float64]:
    return np.asarray(process.cpdist(left, right, scorer=JaroWinkler.similarity, dtype=np.float64))


def _mark(test: Callable[[str, str], bool], left: Texts, right: Texts) -> NDArray[np.bool_]:
    return np.fromiter((test(one, other) for one, other in zip(left, right, strict=True)), np.bool_, len(left))


def _choose(tests: Sequence[NDArray[np.bool_]]) -> Levels:
    """The first test that holds; the level after the last where none does."""
    return np.select(list(tests), list(range(2, 2 + len(tests))), 2 + len(tests)).astype(np.int8)


def _given(left: Texts, right: Texts) -> Levels:
    slips, alike = _slips(left, right), _alike(left, right)
    initial = _mark(_initials, left, right)
    return _choose([_mark(_forms, left, right) & ~initial, (slips == 1) & ~initial, (alike >= 0.9) & ~initial, initial])


def _initials(left: str, right: str) -> bool:
    return left[0] == right[0] and min(len(left), len(right)) == 1


def _forms(left: str, right: str) -> bool:
    one, other = left.split(" ", 1)[0], right.split(" ", 1)[0]
    return nicknames.KNOWN.share_a_form(one, other) or left.startswith(right) or right.startswith(left) or one == other


def _middle(left: Texts, right: Texts) -> Levels:
    return _choose([_mark(_initials, left, right)])


def _family(left: Texts, right: Texts) -> Levels:
    slips, alike = _slips(left, right), _alike(left, right)
    sounds = _mark(lambda one, other: sound(one) == sound(other), left, right)
    parts = _mark(_share_a_word, left, right)
    return _choose([slips == 1, (slips == 2) & (alike > 0.85), sounds | (alike >= 0.9), parts])


def _share_a_word(left: str, right: str) -> bool:
    return not {word for word in left.split() if len(word) > 2}.isdisjoint(right.split())


def _date(left: Texts, right: Texts) -> Levels:
    slips = _slips(left, right)
    swapped = _mark(lambda one, other: one[:4] == other[:4] and one[4:6] == other[6:] != "", left, right)
    years = _mark(lambda one, other: one[:4] == other[:4], left, right)
    return _choose([(slips == 1) & ~swapped, (slips == 2) & ~swapped, swapped, years])


def _different(left: Texts, right: Texts) -> Levels:
    return np.full(len(left), 2, np.int8)


def _code(left: Texts, right: Texts) -> Levels:
    district = _mark(lambda one, other: outward(one) == outward(other), left, right)
    area = _mark(lambda one, other: _area(one) == _area(other), left, right)
    return _choose([_slips(left, right) == 1, district, area])


def outward(code: str) -> str:
    """The first half of a British postcode; the first three digits of others."""
    first, _, rest = code.partition(" ")
    return first if rest else code[:3]


def _area(code: str) -> str:
    return code[:2] if code[:2].isalpha() or code[:1].isdigit() else code[:1]


def _place(left: Texts, right: Texts) -> Levels:
    near = (_alike(left, right) > 0.9) | _mark(_share_a_word, left, right)
    return _choose([_slips(left, right) == 1, near])


def _address(left: Texts, right: Texts) -> Levels:
    scores = np.asarray(process.cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float64))
    return _choose([_slips(left, right) == 1, scores >= 85, scores >= 65])


def _word(left: Texts, right: Texts) -> Levels:
    return _choose([_slips(left, right) == 1])


_RULES: Mapping[Kind, Callable[[Texts, Texts], Levels]] = {
    Kind.GIVEN: _given,
    Kind.MIDDLE: _middle,
    Kind.FAMILY: _family,
    Kind.DATE: _date,
    Kind.GENDER: _different,
    Kind.CODE: _code,
    Kind.PLACE: _place,
    Kind.ADDRESS: _address,
    Kind.WORD: _word,
}
