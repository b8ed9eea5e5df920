"""How far two records agree in each field, and how to say so to a person without naming a value."""

import enum


class _Level(enum.StrEnum):
    """Looked up by its text, as it is compared: an enumeration's own way goes through Python each time."""

    __hash__ = str.__hash__


class Number(_Level):
    """Agreement of two NHS Numbers."""

    SAME = "same"
    SLIP = "slip"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Name(_Level):
    """Agreement of given or of family names, from most to least."""

    EXACT = "exact"
    PREVIOUS = "previous"
    REORDERED = "reordered"
    PART = "part"
    MIDDLE = "middle"
    NICKNAME = "nickname"
    SHORT = "short"
    SOUNDS = "sounds"
    TYPO = "typo"
    SWAPPED = "swapped"
    INITIAL = "initial"
    RESEMBLES = "resembles"
    DIFFERENT = "different"
    UNNAMED = "unnamed"
    UNKNOWN = "unknown"


class Middle(_Level):
    """Agreement of further given names."""

    SAME = "same"
    INITIAL = "initial"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Birth(_Level):
    """Agreement of two dates of birth."""

    EXACT = "exact"
    NEW_YEAR = "new_year"
    SWAPPED = "swapped"
    DAY_OR_MONTH = "day_or_month"
    ONE_PART = "one_part"
    YEAR = "year"
    JANUARY = "january"
    PARTIAL = "partial"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Gender(_Level):
    """Agreement of two genders."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


class Postcode(_Level):
    """Agreement of two postcodes."""

    EXACT = "exact"
    PREVIOUS = "previous"
    TYPO = "typo"
    OUTWARD = "outward"
    DIFFERENT = "different"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class Phone(_Level):
    """Agreement of the telephone number that is stated with the one that is registered."""

    SAME = "same"
    DIFFERENT = "different"
    UNREGISTERED = "unregistered"
    UNKNOWN = "unknown"


Level = Number | Name | Middle | Birth | Gender | Postcode | Phone

_NAMES = {
    Name.EXACT: "{} is the same",
    Name.PREVIOUS: "{} is a previous one",
    Name.REORDERED: "{} has the same parts in another order",
    Name.PART: "{} is one part of a longer one",
    Name.MIDDLE: "{} is one of the other's further names",
    Name.NICKNAME: "{} is a familiar form of the other",
    Name.SHORT: "{} is a short form of the other",
    Name.SOUNDS: "{} sounds alike",
    Name.TYPO: "{} differs by a slip in spelling",
    Name.SWAPPED: "{} stands in the other name's place",
    Name.INITIAL: "{} is only an initial, which fits",
    Name.RESEMBLES: "{} is different, and may be a form of the other",
    Name.DIFFERENT: "{} is different",
    Name.UNNAMED: "{} is a placeholder",
    Name.UNKNOWN: "{} is not known",
}

SENTENCES: dict[tuple[str, Level], str] = {
    **{("family", level): sentence.format("family name") for level, sentence in _NAMES.items()},
    **{("given", level): sentence.format("given name") for level, sentence in _NAMES.items()},
    ("number", Number.SAME): "NHS Number is the same",
    ("number", Number.SLIP): "NHS Number differs by one slip of the pen",
    ("number", Number.DIFFERENT): "NHS Number is another one",
    ("number", Number.UNKNOWN): "NHS Number is not known",
    ("middle", Middle.SAME): "further given name is the same",
    ("middle", Middle.INITIAL): "further given name is an initial, which fits",
    ("middle", Middle.DIFFERENT): "further given name is different",
    ("middle", Middle.UNKNOWN): "further given names are not known",
    ("birth_date", Birth.EXACT): "date of birth is the same",
    ("birth_date", Birth.NEW_YEAR): "date of birth is the same 1 January, which often stands for an unknown day",
    ("birth_date", Birth.SWAPPED): "day and month of birth swapped",
    ("birth_date", Birth.DAY_OR_MONTH): "day or month of birth differs by a slip",
    ("birth_date", Birth.ONE_PART): "year and one of day and month of birth are the same",
    ("birth_date", Birth.YEAR): "year of birth differs, day and month are the same",
    ("birth_date", Birth.JANUARY): "year of birth is the same, one has 1 January",
    ("birth_date", Birth.PARTIAL): "the known part of the date of birth is the same",
    ("birth_date", Birth.DIFFERENT): "date of birth is different",
    ("birth_date", Birth.UNKNOWN): "date of birth is not known",
    ("gender", Gender.SAME): "gender is the same",
    ("gender", Gender.DIFFERENT): "gender is different",
    ("gender", Gender.UNKNOWN): "gender is not known",
    ("postcode", Postcode.EXACT): "postcode is the same",
    ("postcode", Postcode.PREVIOUS): "postcode is a previous one",
    ("postcode", Postcode.TYPO): "postcode differs by a slip",
    ("postcode", Postcode.OUTWARD): "postcode is of the same district",
    ("postcode", Postcode.DIFFERENT): "postcode is different",
    ("postcode", Postcode.ELSEWHERE): "postcode is different",
    ("postcode", Postcode.UNKNOWN): "postcode is not known",
    ("phone", Phone.SAME): "telephone number is the same",
    ("phone", Phone.DIFFERENT): "telephone number is different",
    ("phone", Phone.UNREGISTERED): "telephone number is not known",
    ("phone", Phone.UNKNOWN): "telephone number is not known",
}
"""The plain sentence for each field and level."""
