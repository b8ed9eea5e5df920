"""A team's calendar: its service hours, the bank holidays it keeps and the days on which it is closed besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType

from chassis.clock import bank_holidays, zone
from chassis.clock.service_hours import ServiceHours, Window

SATURDAY = 5
# A calendar that stays closed for longer than this is a mistake in its closures, not a due time.
_SEARCH_DAYS = 800


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a service works. `closures` are other dates on which it does not (say a training day) and why."""

    hours: ServiceHours
    closures: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    @classmethod
    def of(cls, hours: str | Mapping[int, str], closures: Mapping[date, str] | None = None) -> Calendar:
        """From what `ServiceHours.parse` (text) or `ServiceHours.of_week` (by weekday) reads. Raises Invalid."""
        read = ServiceHours.parse(hours) if isinstance(hours, str) else ServiceHours.of_week(hours)
        return cls(read, MappingProxyType(dict(closures or {})))

    @classmethod
    def office(cls) -> Calendar:
        """Monday to Friday 09:00-17:00 except bank holidays: for duties set by statute, whatever hours a team keeps."""
        return cls.of("Mon-Fri 09:00-17:00")

    def windows(self, day: date) -> tuple[Window, ...]:
        """The stretches of wall-clock time in which the service works on that day."""
        if day in self.closures:
            return ()
        if self.hours.bank_holiday is not None and bank_holidays.name_of(day):
            return self.hours.bank_holiday
        return self.hours.week[day.weekday()]

    def open_moments(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The same stretches as moments in UTC, in order, without those that a clock change swallows."""
        for window in self.windows(day):
            opens, closes = window.moments(day)
            if opens < closes:
                yield opens, closes

    def closed_because(self, day: date) -> str:
        """Why the service does not work on that day, for a person to read; empty when it does."""
        if day in self.closures:
            return self.closures[day]
        if self.windows(day):
            return ""
        if name := bank_holidays.name_of(day):
            return f"a bank holiday ({name})"
        return "the weekend" if day.weekday() >= SATURDAY else "a day without service hours"

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday, not a bank holiday, and the service opens: a Saturday service adds no working days.

        Source: Bills of Exchange Act 1882 s92 and Banking and Financial Dealings Act 1971, as statutory clocks count.
        """
        return day.weekday() < SATURDAY and not bank_holidays.name_of(day) and bool(self.windows(day))

    def is_open(self, moment: datetime) -> bool:
        """Whether the service works at that moment; the closing moment itself is outside."""
        at = zone.aware_utc(moment)
        return any(opens <= at < closes for opens, closes in self.open_moments(zone.local(at).date()))

    def next_open(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Every stretch of working time from `start` on, in UTC, the first one cut to begin no earlier than `start`.

        Raises ValueError once more than two years pass without one.
        """
        at = zone.aware_utc(start)
        day = zone.local(at).date()
        closed = 0
        while closed < _SEARCH_DAYS:
            found = [(max(opens, at), closes) for opens, closes in self.open_moments(day) if closes > at]
            yield from found
            closed = 0 if found else closed + 1
            day += timedelta(days=1)
        raise ValueError(f"the service is never open in the {_SEARCH_DAYS} days after {start.isoformat()}")
