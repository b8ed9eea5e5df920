"""Days, moments and lengths of time as people read them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chassis.clock import zone

_NAMES = {timedelta(): "GMT", timedelta(hours=1): "British Summer Time"}


def day(value: date) -> str:
    """ "Mon 26 Aug 2024"."""
    return f"{value:%a} {value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """ "Mon 26 Aug 2024 at 09:00", London time."""
    at = zone.local(value)
    return f"{day(at.date())} at {at:%H:%M}"


def zone_name(value: datetime) -> str:
    """Which of London's two times holds at that moment: "GMT" or "British Summer Time"."""
    offset = zone.local(value).utcoffset()
    return _NAMES.get(offset or timedelta(), zone.local(value).tzname() or "")


def length(value: timedelta) -> str:
    """ "1 h 30 min", to the minute; "less than a minute" for what is shorter."""
    minutes = int(value.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    said = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest)
    return " ".join(said) or "less than a minute"


def count(number: int, noun: str) -> str:
    """ "1 day", "2 days"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
