"""Compares given and family names: variants, parts, sounds, slips, and the two put in each other's place."""

import dataclasses
import functools
from collections.abc import Collection

from rapidfuzz.distance import JaroWinkler

from services.identity.matching import nicknames, slips, spelling
from services.identity.matching.levels import Middle, Name
from services.identity.matching.normalise import Normalised

Words = tuple[str, ...]
Families = tuple[Words, ...]

ALIKE = 0.9
"""Letter by letter, from here on two longer words are heard as one."""
RESEMBLING = 0.7
"""Letter by letter, from here on one given name could be a form of the other."""
OTHER = frozenset({Name.DIFFERENT, Name.RESEMBLES})
"""Levels of given names that are not one name."""
ONE_NAME = frozenset({Name.NICKNAME, Name.SHORT, Name.SOUNDS, Name.TYPO})
"""Levels of first given names that are one name, whatever stands behind them."""
_RANK = {level: rank for rank, level in enumerate(Name)}


@dataclasses.dataclass(frozen=True, slots=True)
class NameAgreement:
    """How names agree; `shared` is what they share where they agree in full, joined without spaces."""

    level: Name
    shared: str = ""


_UNKNOWN = NameAgreement(Name.UNKNOWN)
_UNNAMED = NameAgreement(Name.UNNAMED)
_DIFFERENT = NameAgreement(Name.DIFFERENT)
_SWAPPED = NameAgreement(Name.SWAPPED)


def compare(left: Normalised, right: Normalised, forms: nicknames.Table) -> tuple[NameAgreement, NameAgreement]:
    """Agreement of the family names and of the given names."""
    family, given = families(left.families, right.families), givens(left.given, right.given, forms)
    if left.unnamed or right.unnamed:
        return family, _UNNAMED
    if family.level is Name.DIFFERENT and given.level in OTHER:
        exchanged = crossed(left.families, left.given, right.families, right.given, forms)
        return (_SWAPPED, _SWAPPED) if exchanged else (family, given)
    return family, given


def crossed(
    left_families: Families, left_given: Words, right_families: Families, right_given: Words, forms: nicknames.Table
) -> bool:
    """Whether each one's given name stands among the other's family names."""
    return _carries(left_families, right_given, forms) and _carries(right_families, left_given, forms)


def _carries(families: tuple[tuple[str, ...], ...], given: tuple[str, ...], forms: nicknames.Table) -> bool:
    forms_of_given = written(given)
    return any(
        _alike(form, one) or forms.share_a_form(form, one)
        for name in families
        for one in written(name)
        for form in forms_of_given
        if min(len(form), len(one)) > 1
    )


def written(words: Words) -> Collection[str]:
    """The words of a name and, where there are several, all in one."""
    return words if len(words) < 2 else {"".join(words), *words}


def _alike(left: str, right: str) -> bool:
    if left == right or spelling.sound(left) == spelling.sound(right):
        return True
    return min(len(left), len(right)) > 3 and slips.within(left, right, 2)


def families(left: tuple[tuple[str, ...], ...], right: tuple[tuple[str, ...], ...]) -> NameAgreement:
    """Agreement of the family names of two people, each with the present one first."""
    if not left or not right:
        return _UNKNOWN
    found = []
    for one in left:
        for other in right:
            agreement = _family(one, other)
            if agreement.level is Name.EXACT and (one != left[0] or other != right[0]):
                agreement = NameAgreement(Name.PREVIOUS, agreement.shared)
            found.append(agreement)
    # The shared name breaks ties, so that it does not matter which record comes first.
    return min(found, key=lambda agreement: (_RANK[agreement.level], agreement.shared))


def _family(left: tuple[str, ...], right: tuple[str, ...]) -> NameAgreement:
    one, other = "".join(left), "".join(right)
    if one == other:
        return NameAgreement(Name.EXACT, one)
    common = {word for word in set(left) & set(right) if len(word) > 2}
    if set(left) == set(right):
        return NameAgreement(Name.REORDERED, "".join(sorted(left)))
    if common and (common >= set(left) or common >= set(right)):
        return NameAgreement(Name.PART, max(sorted(common), key=len))
    return NameAgreement(_spelling(one, other))


def givens(left: tuple[str, ...], right: tuple[str, ...], forms: nicknames.Table) -> NameAgreement:
    """Agreement of the words of two given names."""
    if not left or not right:
        return _UNKNOWN
    if "".join(left) == "".join(right) or left[0] == right[0]:
        return NameAgreement(Name.EXACT, left[0] if left[0] == right[0] else "".join(left))
    first = _given(left[0], right[0], forms)
    if first in ONE_NAME:
        return NameAgreement(first)
    if common := sorted(word for word in set(left) & set(right) if len(word) > 1):
        return NameAgreement(Name.MIDDLE, common[0])
    return NameAgreement(first)


# Pairs of given names come again and again, above all in bulk.
@functools.lru_cache(maxsize=65_536)
def _given(left: str, right: str, forms: nicknames.Table) -> Name:
    if len(left) == 1 or len(right) == 1:
        return Name.INITIAL if left[0] == right[0] else Name.DIFFERENT
    if forms.share_a_form(left, right):
        return Name.NICKNAME
    near = _spelling(left, right)
    if near is not Name.DIFFERENT:
        return near
    if nicknames.one_shortens_the_other(left, right):
        return Name.SHORT
    return Name.RESEMBLES if _resembles(left, right) else Name.DIFFERENT


def _resembles(left: str, right: str) -> bool:
    """Whether a familiar form that no table knows could join the two: Scott and Sceeter, Nettie and Natalie."""
    if one_sounds_within_the_other(spelling.sound(left), spelling.sound(right)):
        return True
    return left[0] == right[0] and JaroWinkler.similarity(left, right) >= RESEMBLING


def one_sounds_within_the_other(left: str, right: str) -> bool:
    """Whether the sound of one is the beginning or the end of the other's."""
    short, long = (left, right) if len(left) <= len(right) else (right, left)
    return len(short) > 1 and (long.startswith(short) or long.endswith(short))


def alike(names: tuple[str, ...]) -> int:
    """How alike two names are, 0 to 10; -1 where there are not two."""
    return int(10 * JaroWinkler.similarity(*names)) if len(names) == 2 else -1


def _spelling(left: str, right: str) -> Name:
    """Whether two different words could be one word misspelt."""
    if slips.one_slip(left, right) and (min(len(left), len(right)) > 2 or left[0] == right[0]):
        return Name.TYPO
    if spelling.sound(left) == spelling.sound(right) and min(len(left), len(right)) > 2:
        return Name.SOUNDS
    if min(len(left), len(right)) > 6 and slips.within(left, right, 2):
        return Name.TYPO
    alike = JaroWinkler.similarity(left, right) >= ALIKE and min(len(left), len(right)) > 4
    return Name.SOUNDS if alike else Name.DIFFERENT


def further(left: tuple[str, ...], right: tuple[str, ...]) -> Middle:
    """Agreement of the names after the first, where both have some."""
    if len(left) < 2 or len(right) < 2:
        return Middle.UNKNOWN
    pairs = [(one, other) for one in left[1:] for other in right[1:]]
    if any(one == other and len(one) > 1 for one, other in pairs):
        return Middle.SAME
    if any(one[0] == other[0] and 1 in {len(one), len(other)} for one, other in pairs):
        return Middle.INITIAL
    return Middle.SAME if any(_alike(one, other) for one, other in pairs) else Middle.DIFFERENT
