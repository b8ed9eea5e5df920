"""How many strangers in the register would agree as well as this by chance alone.

Agreement in rare things says more than agreement in common ones, and the more people a register holds the more of them
agree by chance. The shares are set by hand from what is known of names, birthdays and postcodes in Britain; where the
names are the same, their own rarity takes the table's place.
"""

import math
from collections.abc import Mapping
from typing import Any

from services.identity.matching.compare import Comparison
from services.identity.matching.levels import Birth, Gender, Level, Name, Number, Phone, Postcode
from services.identity.matching.rarity import Rarity

# Share of strangers who agree so, field by field.
_NAMES: dict[Level, float] = {
    Name.EXACT: 0.002, Name.PREVIOUS: 0.0005, Name.REORDERED: 1e-5, Name.PART: 0.001, Name.MIDDLE: 0.002,
    Name.NICKNAME: 0.006, Name.SHORT: 0.006, Name.SOUNDS: 0.004, Name.TYPO: 0.003, Name.SWAPPED: 1e-5,
    Name.INITIAL: 0.06, Name.RESEMBLES: 0.1,
}  # fmt: skip
_BIRTH: dict[Level, float] = {
    Birth.EXACT: 1 / 27_000, Birth.NEW_YEAR: 0.0004, Birth.SWAPPED: 3e-5, Birth.DAY_OR_MONTH: 6e-4,
    Birth.ONE_PART: 0.0012, Birth.YEAR: 2e-4, Birth.JANUARY: 4e-4, Birth.PARTIAL: 1 / 70,
}  # fmt: skip
_OTHERS: dict[Level, float] = {
    Number.SAME: 1e-8, Number.SLIP: 1e-6, Gender.SAME: 0.5, Gender.DIFFERENT: 0.5, Phone.SAME: 2e-5,
    Postcode.EXACT: 3e-4, Postcode.PREVIOUS: 3e-4, Postcode.TYPO: 1e-3, Postcode.OUTWARD: 0.01,
}  # fmt: skip
_LOG_NAMES, _LOG_BIRTH = ({level: math.log10(share) for level, share in table.items()} for table in (_NAMES, _BIRTH))
_LOG_NUMBER, _LOG_GENDER, _LOG_PHONE, _LOG_POSTCODE = (
    {level: math.log10(share) for level, share in _OTHERS.items() if isinstance(level, kind)}
    for kind in (Number, Gender, Phone, Postcode)
)

_LOGS: Mapping[type[Level], Mapping[Any, float]] = {
    Name: _LOG_NAMES, Birth: _LOG_BIRTH, Number: _LOG_NUMBER, Gender: _LOG_GENDER, Phone: _LOG_PHONE,
    Postcode: _LOG_POSTCODE,
}  # fmt: skip


def by_level(level: Level) -> float:
    """Logarithm to base 10 of the share of strangers who agree so in one field, its value unknown."""
    return _LOGS[type(level)].get(level, 0.0)


def strangers(found: Comparison, names: Rarity, *, register_size: int) -> float:
    """Logarithm to base 10 of the number of strangers expected to agree so."""
    return (
        math.log10(register_size)
        + (math.log10(names.family(found.family_shared)) if found.family_shared else _LOG_NAMES.get(found.family, 0.0))
        + (math.log10(names.given(found.given_shared)) if found.given_shared else _LOG_NAMES.get(found.given, 0.0))
        + _LOG_BIRTH.get(found.birth_date, 0.0)
        + _LOG_NUMBER.get(found.number, 0.0)
        + _LOG_GENDER.get(found.gender, 0.0)
        + _LOG_POSTCODE.get(found.postcode, 0.0)
        + _LOG_PHONE.get(found.phone, 0.0)
    )
