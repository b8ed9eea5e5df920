"""When a team works in a week: wall-clock windows for each weekday, and what it does on a bank holiday."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

from chassis import errors
from chassis.clock import zone

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIMES = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
_PART = re.compile(r"(?:(?P<first>[A-Z][a-z]{2})(?:-(?P<last>[A-Z][a-z]{2}))? )?(?P<times>[\d:,\- ]+)")
_END_OF_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Open from `opens` up to `closes`, minutes of the day on the wall clock; 1440 closes at the end of the day."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= _END_OF_DAY:
            raise errors.Invalid.of("service_hours", f"{self} is not a stretch of time within one day")

    def __str__(self) -> str:
        return "-".join(f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (self.opens, self.closes))

    def moments(self, day: date) -> tuple[datetime, datetime]:
        """The stretch on that day, in UTC; both ends are the same moment where a clock change swallows it."""
        opens = zone.moment(day, time(self.opens // 60, self.opens % 60))
        if self.closes == _END_OF_DAY:
            return opens, zone.midnight(day + zone.DAY)
        return opens, zone.moment(day, time(self.closes // 60, self.closes % 60), closing=True)


Windows = tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class ServiceHours:
    """Windows for Monday to Sunday; `bank_holiday` those of a bank holiday, None when it is a day like any other."""

    week: tuple[Windows, ...]
    bank_holiday: Windows | None = ()

    def __post_init__(self) -> None:
        if len(self.week) != len(WEEKDAYS) or not any(self.week):
            raise errors.Invalid.of("service_hours", "the service opens on no day of the week")

    @classmethod
    def parse(cls, text: str) -> ServiceHours:
        """Reads "08:00-20:00" (seven days) or "Mon-Thu 09:00-12:30,13:00-17:00; Fri 09:00-16:00".

        A service that opens on all seven days works on bank holidays as on any day; every other is closed on them.
        "; bank holidays 10:00-16:00" or "; bank holidays closed" says otherwise. Raises Invalid.
        """
        week: list[Windows] = [()] * len(WEEKDAYS)
        bank_holiday: str | None = None
        for part in (piece.strip() for piece in text.split(";")):
            if part.startswith("bank holidays "):
                bank_holiday = part.removeprefix("bank holidays ")
                continue
            days, windows = _part(part)
            for weekday in days:
                week[weekday] = windows
        return cls(tuple(week), _on_bank_holidays(week, bank_holiday))

    @classmethod
    def of_week(cls, hours: Mapping[int, str]) -> ServiceHours:
        """Reads hours kept by ISO weekday, 1 Monday to 7 Sunday: {1: "09:00-17:00"}; an absent day is closed.

        Bank holidays as in `parse`. Raises Invalid.
        """
        if unknown := sorted(set(hours) - set(range(1, 8))):
            raise errors.Invalid.of("service_hours", f"{unknown[0]} is not a weekday; 1 is Monday and 7 is Sunday")
        week = [_windows(hours[iso]) if hours.get(iso) else () for iso in range(1, 8)]
        return cls(tuple(week), _on_bank_holidays(week, None))


def _on_bank_holidays(week: list[Windows], said: str | None) -> Windows | None:
    if said is None:
        return None if all(week) else ()
    if said == "as usual":
        return None
    return () if said == "closed" else _windows(said)


def _part(text: str) -> tuple[range, Windows]:
    found = _PART.fullmatch(text)
    if not found:
        raise errors.Invalid.of("service_hours", f'"{text}" is not like "Mon-Fri 09:00-17:00"')
    first, last = found["first"], found["last"] or found["first"]
    if first is None:
        return range(len(WEEKDAYS)), _windows(found["times"])
    try:
        days = range(WEEKDAYS.index(first), WEEKDAYS.index(last) + 1)
    except ValueError:
        raise errors.Invalid.of("service_hours", f'"{text}" names a day other than {", ".join(WEEKDAYS)}') from None
    if not days:
        raise errors.Invalid.of("service_hours", f'"{text}" runs backwards; write the weekend as its own part')
    return days, _windows(found["times"])


def _windows(text: str) -> Windows:
    windows: list[Window] = []
    for piece in text.split(","):
        found = _TIMES.fullmatch(piece.strip())
        if not found:
            raise errors.Invalid.of("service_hours", f'"{piece.strip()}" is not like "09:00-17:00"')
        from_hour, from_minute, to_hour, to_minute = map(int, found.groups())
        if from_minute > 59 or to_minute > 59:
            raise errors.Invalid.of("service_hours", f'"{piece.strip()}" has more than 59 minutes')
        windows.append(Window(from_hour * 60 + from_minute, to_hour * 60 + to_minute))
    windows.sort()
    for earlier, later in itertools.pairwise(windows):
        if later.opens < earlier.closes:
            raise errors.Invalid.of("service_hours", f"{earlier} and {later} overlap")
    return tuple(windows)
