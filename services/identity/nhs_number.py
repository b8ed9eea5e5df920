"""NHS Numbers: read as people write them, checked, shown 3-3-4 (NHS Data Dictionary: NHS NUMBER)."""

import dataclasses
import enum
import re

import nhs_number as rules

from chassis.errors import Invalid

PRODUCTION = "production"
"""The environment in which synthetic numbers (9xx) are refused."""

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015\u00a0]+")
_DIGITS = 10


class Region(enum.StrEnum):
    """Where numbers of a range are issued. A range only says so: none but the check digit decides validity."""

    ENGLAND_WALES_ISLE_OF_MAN = "england-wales-isle-of-man"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"
    IRELAND = "ireland"
    SYNTHETIC = "synthetic"
    UNALLOCATED = "unallocated"


_REGIONS = {
    "ENGLAND_WALES_IOM": Region.ENGLAND_WALES_ISLE_OF_MAN,
    "SCOTLAND": Region.SCOTLAND,
    "NORTHERN_IRELAND": Region.NORTHERN_IRELAND,
    "EIRE": Region.IRELAND,
    "SYNTHETIC": Region.SYNTHETIC,
}


@dataclasses.dataclass(frozen=True, slots=True)
class NhsNumber:
    """A number that passed its checks: ten digits without spaces, as it is stored."""

    value: str

    def __str__(self) -> str:
        return spaced(self.value)

    @property
    def region(self) -> Region:
        """Where numbers of this range are issued."""
        return region(self.value)


def normalise(text: str) -> str:
    """The number without the spaces, hyphens and dashes that people write; nothing else is mended."""
    return _SEPARATORS.sub("", text)


def spaced(value: str) -> str:
    """Ten digits as they are displayed: 943 476 5919."""
    return f"{value[:3]} {value[3:6]} {value[6:]}"


def region(value: str) -> Region:
    """Region of ten digits, by the ranges of the NHS Data Dictionary."""
    for name, found in _REGIONS.items():
        if rules.REGIONS[name].contains_number(value):
            return found
    return Region.UNALLOCATED


def problem(text: str, *, environment: str) -> str:
    """What is wrong with a number, as a sentence for the person who sent it; empty when nothing is."""
    value = normalise(text)
    if not (value.isascii() and value.isdigit()):
        return "an NHS Number has ten digits and nothing else"
    if len(value) != _DIGITS:
        return f"an NHS Number has ten digits, not {len(value)}"
    if len(set(value)) == 1:
        # The check digits of 0000000000, 1111111111 and others are right, and nobody holds them.
        return "one repeated digit is a placeholder, not an NHS Number"
    if environment == PRODUCTION and region(value) is Region.SYNTHETIC:
        return "numbers that begin with 9 are synthetic and are refused in production"
    return _check_digit_problem(value)


def _check_digit_problem(value: str) -> str:
    expected = rules.calculate_checksum(value[:9])
    if expected == 10:
        return "no NHS Number begins with these nine digits: their check digit would be 10"
    return "" if int(value[9]) == expected else f"check digit is {value[9]}, should be {expected}"


def parse(text: str, *, environment: str, field: str = "nhs_number") -> NhsNumber:
    """The number that was written. Raises Invalid with a violation of `field` where it is none."""
    found = problem(text, environment=environment)
    if found:
        raise Invalid.of(field, found)
    return NhsNumber(normalise(text))
