"""Postcodes and telephone numbers in one form, with what only fills a field left out."""

import functools
import re

import phonenumbers

_FULL = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})$", re.ASCII)
# A national number as it is mostly written; all others are read by phonenumbers, which knows more and takes longer.
_BRITISH = re.compile(r"(?:0|\+44)([1-9]\d{9})$", re.ASCII)
# A whole one as it is mostly written.
_WRITTEN = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?) ?(\d[A-Z]{2})$", re.ASCII)
_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]", re.ASCII)

# ZZ99 is the NHS's range of pseudo postcodes (no fixed abode, abroad, not known): thousands share them.
_PSEUDO_OUTWARD = frozenset({"ZZ99"})


@functools.lru_cache(maxsize=65_536)
def postcode(text: str) -> tuple[str, str]:
    """Outward and inward part: ("EX10", "5QD").

    An outward part alone has no inward part; nor has a text that is no postcode, which comes back whole, so that a slip
    can still be seen: ("TR139JFF", ""). Two empty parts for none and for pseudo postcodes.
    """
    plain = ""
    if found := _WRITTEN.match(text) or _FULL.match(plain := _NOT_ALPHANUMERIC.sub("", text.upper())):
        outward, inward = found.groups()
        return ("", "") if outward in _PSEUDO_OUTWARD else (outward, inward)
    if plain in _PSEUDO_OUTWARD or not any(letter.isdigit() for letter in plain):
        return ("", "")
    return (plain, "")


def postcode_problem(text: str) -> str:
    """What is wrong with a postcode, for the person who sent it: slips are evidence, so only what cannot be one is."""
    if _WRITTEN.match(text):
        return ""
    plain = _NOT_ALPHANUMERIC.sub("", text.upper())
    letters = sum(letter.isalpha() for letter in plain)
    possible = 2 <= len(plain) <= 8 and 0 < letters < len(plain)
    return "" if possible or not text.strip() else "not a postcode as in EX10 5QD"


@functools.lru_cache(maxsize=65_536)
def phone(text: str) -> str:
    """The number in E.164, read as a British one where no country is given; empty where it is none or a filler."""
    if found := _BRITISH.match(text.replace(" ", "")):
        return "" if len(set(found[1][1:])) <= 1 else f"+44{found[1]}"
    try:
        number = phonenumbers.parse(text, "GB")
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    # 00000000000, 07777777777 and the like hold a place; nobody answers them.
    if len(set(str(number.national_number)[1:])) <= 1:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
