"""Which columns a record set may have, what each says of a person, and how its text is made comparable."""

import enum
import re
import unicodedata
from collections.abc import Iterable, Mapping

from services.identity.matching import spelling


class Kind(enum.StrEnum):
    """What a column says; two columns of one kind are two fields that are compared alike."""

    GIVEN = "given name"
    MIDDLE = "further name"
    FAMILY = "family name"
    DATE = "date"
    GENDER = "gender"
    CODE = "code"
    PLACE = "place"
    ADDRESS = "address"
    WORD = "word"


FIELDS: Mapping[str, tuple[Kind, tuple[str, ...]]] = {
    "given_name": (Kind.GIVEN, ("given_name", "first_name", "given")),
    "family_name": (Kind.FAMILY, ("family_name", "surname", "last_name", "family")),
    "middle_name": (Kind.MIDDLE, ("middle_name", "middle_initial")),
    "birth_date": (Kind.DATE, ("birth_date", "date_of_birth", "dob")),
    "gender": (Kind.GENDER, ("gender", "sex")),
    "postcode": (Kind.CODE, ("postcode", "zipcode", "zip")),
    "nhs_number": (Kind.WORD, ("nhs_number",)),
    "telephone": (Kind.CODE, ("phone", "telephone")),
    "birth_place": (Kind.PLACE, ("birth_place", "place_of_birth")),
    "town": (Kind.PLACE, ("suburb", "town", "city")),
    "address": (Kind.ADDRESS, ("address", "address_1", "address_line_1", "street_name")),
    "address_more": (Kind.ADDRESS, ("address_2", "address_line_2")),
    "house": (Kind.WORD, ("street_number", "house_number")),
    "state": (Kind.WORD, ("state", "county")),
    "occupation": (Kind.WORD, ("occupation",)),
}
"""Fields by name: their kind, and the headings under which files have them, the first that is there counts."""

FULL_NAMES = ("full_name", "name")
IDS = ("record_id", "rec_id", "unique_id", "id")
"""Headings of the key of a record."""

_OTHER = re.compile(r"[^a-z0-9]+")
_TITLES = frozenset(("mr", "mrs", "miss", "ms", "mx", "dr", "rev", "sir", "dame", "lady", "lord", "prof"))
_GENDERS = {"m": "male", "male": "male", "1": "male", "f": "female", "female": "female", "2": "female"}


def headings(present: Iterable[str]) -> dict[str, str]:
    """The heading under which each known field stands in a file."""
    there = set(present)
    found = {}
    for field, (_, names) in FIELDS.items():
        for name in names:
            if name in there:
                found[field] = name
                break
    return found


def known(heading: str) -> bool:
    """Whether a heading is of use here."""
    return heading in FULL_NAMES or heading in IDS or any(heading in names for _, names in FIELDS.values())


def plain(text: str) -> str:
    """Small letters and digits without accents, words parted by one space: "Siobhán O'Brien" -> "siobhan obrien"."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _OTHER.sub(" ", text.casefold().replace("'", "")).strip()


def fold(kind: Kind, text: str) -> str:
    """The comparable form of a value; empty for what says nothing."""
    value = plain(text)
    if kind in {Kind.GIVEN, Kind.FAMILY}:
        return _name(kind, value)
    if kind is Kind.GENDER:
        return _GENDERS.get(value, "")
    if kind is Kind.DATE:
        return value.replace(" ", "") if any(letter.isdigit() for letter in value) else ""
    return value


def _name(kind: Kind, value: str) -> str:
    words = value.split()
    placeholders = spelling.GIVEN_PLACEHOLDERS if kind is Kind.GIVEN else spelling.FAMILY_PLACEHOLDERS
    if kind is Kind.GIVEN:
        words = [word for word in words if word not in _TITLES]
    return " ".join(word for word in words if word not in placeholders)
