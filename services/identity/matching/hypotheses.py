"""Who a record may be instead: the same person, a stranger, someone of the same home, a twin, a relative of one name.

Models that hold fields to be independent (Fellegi-Sunter) take a twin for the person: family name, date of birth,
postcode and telephone agree *together*, because of one cause. Here that cause is a hypothesis of its own, which
explains the same agreement just as well, so that only what it cannot explain counts.

The probabilities are set by hand from what registration data are like (misspellings, moves, shared telephones), not
fitted to any one data set; rarity of the names that agree replaces the stranger's share.
"""

import enum
import math
from collections.abc import Mapping

from services.identity.matching.compare import Comparison
from services.identity.matching.levels import Birth, Gender, Level, Middle, Name, Number, Phone, Postcode
from services.identity.matching.rarity import Rarity


class Hypothesis(enum.IntEnum):
    """What a record may be to the one that is asked about; the position of its probability in the tables."""

    SELF = 0
    STRANGER = 1
    HOUSEHOLD = 2
    TWIN = 3
    NAMESAKE = 4
    BIRTHMATE = 5


# How many such records a register holds for each person asked about, out of all its records.
EXPECTED: Mapping[Hypothesis, float] = {
    Hypothesis.SELF: 0.7,
    Hypothesis.HOUSEHOLD: 1.5,
    Hypothesis.TWIN: 0.03,
    Hypothesis.NAMESAKE: 0.02,
    Hypothesis.BIRTHMATE: 0.01,
}

Row = tuple[float, float, float, float, float, float]

# Level: probability if the record is the same person, a stranger, of one household, the twin, a relative of one name,
# somebody elsewhere of the same name and birthday.
_NUMBER: dict[Level, Row] = {
    Number.SAME: (0.95, 1e-8, 0.001, 0.003, 0.003, 1e-8),
    Number.SLIP: (0.04, 1e-6, 1e-5, 1e-5, 1e-5, 1e-6),
    Number.DIFFERENT: (0.005, 1.0, 0.999, 0.997, 0.997, 1.0),
}
_FAMILY: dict[Level, Row] = {
    Name.EXACT: (0.78, 0.001, 0.72, 0.93, 0.93, 0.93),
    Name.PREVIOUS: (0.05, 0.0003, 0.06, 0.03, 0.03, 0.03),
    Name.REORDERED: (0.005, 1e-5, 0.005, 0.005, 0.005, 0.005),
    Name.PART: (0.03, 0.001, 0.03, 0.02, 0.02, 0.02),
    Name.SOUNDS: (0.04, 0.003, 0.03, 0.04, 0.04, 0.04),
    Name.TYPO: (0.06, 0.002, 0.05, 0.06, 0.06, 0.06),
    Name.SWAPPED: (0.02, 1e-5, 1e-4, 1e-4, 0.005, 0.005),
    Name.DIFFERENT: (0.015, 0.99, 0.2, 0.01, 0.03, 0.03),
}
_GIVEN: dict[Level, Row] = {
    Name.EXACT: (0.60, 0.005, 0.005, 0.002, 0.75, 0.75),
    Name.MIDDLE: (0.03, 0.002, 0.008, 0.004, 0.05, 0.05),
    Name.NICKNAME: (0.12, 0.006, 0.006, 0.006, 0.07, 0.07),
    Name.SHORT: (0.04, 0.006, 0.008, 0.01, 0.02, 0.02),
    Name.SOUNDS: (0.05, 0.006, 0.008, 0.01, 0.04, 0.04),
    Name.TYPO: (0.07, 0.003, 0.004, 0.01, 0.05, 0.05),
    Name.SWAPPED: (0.02, 1e-5, 1e-4, 1e-4, 0.005, 0.005),
    Name.INITIAL: (0.04, 0.003, 0.003, 0.003, 0.04, 0.04),
    Name.DIFFERENT: (0.02, 0.90, 0.90, 0.90, 0.02, 0.02),
}
_MIDDLE: dict[Level, Row] = {
    Middle.SAME: (0.93, 0.02, 0.03, 0.03, 0.2, 0.02),
    Middle.INITIAL: (0.9, 0.07, 0.08, 0.08, 0.2, 0.07),
    Middle.DIFFERENT: (0.05, 0.95, 0.9, 0.9, 0.7, 0.95),
}
_BIRTH: dict[Level, Row] = {
    Birth.EXACT: (0.90, 1 / 27_000, 1 / 20_000, 0.90, 1 / 20_000, 0.90),
    Birth.NEW_YEAR: (0.03, 0.0004, 0.0006, 0.03, 0.0005, 0.03),
    Birth.SWAPPED: (0.02, 3e-5, 3e-5, 0.02, 3e-5, 0.02),
    Birth.DAY_OR_MONTH: (0.025, 6e-4, 6e-4, 0.02, 2e-4, 0.025),
    Birth.ONE_PART: (0.012, 0.0012, 0.0012, 0.004, 0.0004, 0.012),
    Birth.YEAR: (0.01, 2e-4, 3e-4, 0.01, 5e-4, 0.01),
    Birth.JANUARY: (0.015, 4e-4, 5e-4, 0.015, 4e-4, 0.015),
    Birth.PARTIAL: (0.95, 1 / 70, 1 / 60, 0.95, 1 / 100, 0.95),
    Birth.DIFFERENT: (0.012, 0.998, 0.998, 0.02, 0.998, 0.02),
}
_GENDER: dict[Level, Row] = {
    Gender.SAME: (0.985, 0.5, 0.5, 0.65, 0.97, 0.97),
    Gender.DIFFERENT: (0.015, 0.5, 0.5, 0.35, 0.03, 0.03),
}
_POSTCODE: dict[Level, Row] = {
    Postcode.EXACT: (0.68, 3e-4, 0.85, 0.78, 0.70, 3e-4),
    Postcode.PREVIOUS: (0.10, 3e-4, 0.06, 0.06, 0.06, 3e-4),
    Postcode.TYPO: (0.05, 1e-3, 0.04, 0.04, 0.04, 1e-3),
    Postcode.OUTWARD: (0.05, 0.01, 0.02, 0.03, 0.05, 0.01),
    Postcode.DIFFERENT: (0.12, 0.988, 0.04, 0.10, 0.17, 0.988),
}
_PHONE: dict[Level, Row] = {
    Phone.SAME: (0.60, 2e-5, 0.35, 0.35, 0.35, 2e-5),
    Phone.DIFFERENT: (0.40, 1.0, 0.65, 0.65, 0.65, 1.0),
}
_TABLES: tuple[tuple[str, dict[Level, Row]], ...] = (
    ("number", _NUMBER),
    ("family", _FAMILY),
    ("given", _GIVEN),
    ("middle", _MIDDLE),
    ("birth_date", _BIRTH),
    ("gender", _GENDER),
    ("postcode", _POSTCODE),
    ("phone", _PHONE),
)
# How much more often than its share a stranger meets a name that may also be an old one, a part or a further one.
_WIDER = {Name.PREVIOUS: 0.5, Name.PART: 2.0, Name.MIDDLE: 2.0}


def odds(
    comparison: Comparison, rarity: Rarity, *, register_size: int, expected: Mapping[Hypothesis, float] = EXPECTED
) -> float:
    """Odds that a record is the same person rather than anything else, as natural odds (1.0 is one to one)."""
    likelihoods = _likelihoods(comparison, rarity)
    shares = {kind: count / register_size for kind, count in expected.items()} | {Hypothesis.STRANGER: 1.0}
    others = sum(share * likelihoods[kind] for kind, share in shares.items() if kind is not Hypothesis.SELF)
    return shares[Hypothesis.SELF] * likelihoods[Hypothesis.SELF] / max(others, 1e-300)


def _likelihoods(comparison: Comparison, rarity: Rarity) -> list[float]:
    totals = [0.0] * len(Hypothesis)
    for field, table in _TABLES:
        row = table.get(getattr(comparison, field))
        if row is None:
            continue
        for kind in Hypothesis:
            totals[kind] += math.log(_share(field, comparison, kind, row, rarity))
    return [math.exp(total) for total in totals]


def _share(field: str, comparison: Comparison, kind: Hypothesis, row: Row, rarity: Rarity) -> float:
    """The table's probability, or the rarity of the name on which both agree."""
    if field == "family" and comparison.family_shared and kind is Hypothesis.STRANGER:
        return min(0.5, rarity.family(comparison.family_shared) * _WIDER.get(comparison.family, 1.0))
    if field == "given" and comparison.given_shared and kind in {Hypothesis.STRANGER, Hypothesis.HOUSEHOLD}:
        return min(0.5, rarity.given(comparison.given_shared) * _WIDER.get(comparison.given, 1.0))
    return row[kind]
