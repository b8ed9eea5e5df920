"""Dates of birth as they are known: whole, or the year, or the year and the month."""

import dataclasses
import datetime
import functools
import re

_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:T.*)?$", re.ASCII)
_BRITISH = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})$", re.ASCII)
_EARLIEST, _LATEST = 1850, 2199

# Dates that systems fill in where none is known.
_PLACEHOLDERS = frozenset({"1900-01-01", "1901-01-01", "1800-01-01", "2099-12-31", "1899-12-30", "1899-12-31"})
_PLACEHOLDER_PARTS = frozenset(tuple(map(int, text.split("-"))) for text in _PLACEHOLDERS)


@dataclasses.dataclass(frozen=True, slots=True)
class BirthDate:
    """A date of birth; month and day are 0 where they are not known."""

    year: int
    month: int = 0
    day: int = 0

    @property
    def whole(self) -> bool:
        """Whether year, month and day are known."""
        return self.day > 0

    @property
    def digits(self) -> str:
        """YYYYMMDD."""
        return f"{self.year:04d}{self.month:02d}{self.day:02d}"


@functools.lru_cache(maxsize=65_536)
def read(text: str) -> BirthDate | None:
    """The date in ISO 8601 ("1984-03-09", "1984-03", "1984") or as Britons write it; None for none or a placeholder."""
    text = text.strip()
    if date := _whole(text):
        year, month, day = date.year, date.month, date.day
    elif found := _ISO.match(text):
        year, month, day = map(int, found.groups("0"))
    elif found := _BRITISH.match(text):
        day, month, year = map(int, found.groups())
    else:
        return None
    if not _EARLIEST <= year <= _LATEST or month > 12 or not _exists(year, month, day):
        return None
    return None if (year, month, day) in _PLACEHOLDER_PARTS else BirthDate(year, month, day)


def _whole(text: str) -> datetime.date | None:
    """A date as it is mostly written, without the ways of writing one that only a computer knows."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def problem(text: str) -> str:
    """What is wrong with a date of birth, for the person who sent it; a placeholder is only unknown, and not wrong."""
    text = text.strip()
    if not text or read(text) is not None or text in _PLACEHOLDERS:
        return ""
    if _ISO.match(text) or _BRITISH.match(text):
        return f"no such date, or not between {_EARLIEST} and {_LATEST}"
    return "not a date as in 1984-03-09"


def _exists(year: int, month: int, day: int) -> bool:
    if not day:
        return True
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True
