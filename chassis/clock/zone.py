"""Europe/London wall time to moments and back, with the hour that is skipped and the one that comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A night on which the clocks change; `forward` in spring (that day has 23 hours), back in autumn (25)."""

    day: date
    forward: bool


def aware_utc(moment: datetime) -> datetime:
    """The same moment in UTC; ValueError when it names no zone, for it could then mean two moments."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; pass an aware datetime")
    return moment.astimezone(UTC)


def local(moment: datetime) -> datetime:
    """The wall clock in London at that moment."""
    return moment.astimezone(LONDON)


def moment(day: date, at: time, *, closing: bool = False) -> datetime:
    """The moment, in UTC, at which London's wall clock shows that time.

    A time that the spring change skips means the change itself. One that the autumn change repeats means the first
    time round for something that opens and the second for something that closes, so that nobody is cut short.
    """
    wall = datetime.combine(day, at, tzinfo=LONDON).replace(fold=1 if closing else 0)
    found = wall.astimezone(UTC)
    if found.astimezone(LONDON).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return found
    # The skipped hour begins on the hour; before the change (fold=0) that first minute is the change itself.
    return wall.replace(minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


@lru_cache(maxsize=4096)
def midnight(day: date) -> datetime:
    """The moment at which that day begins in London, in UTC."""
    return moment(day, time())


def clock_changes(first: date, last: date) -> Iterator[ClockChange]:
    """The nights between two days, both included, on which the clocks change."""
    day = first
    while day <= last:
        hours = midnight(day + DAY) - midnight(day)
        if hours != DAY:
            yield ClockChange(day, forward=hours < DAY)
        day += DAY
