"""The sums behind a due time: hours along a calendar's open stretches, days along its dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from chassis import errors
from chassis.clock import wording, zone
from chassis.clock.calendar import SATURDAY, Calendar
from chassis.clock.terms import Pause, Step, StepKind

Stretch = tuple[datetime, datetime]
# A day-counted clock that heeds no service hours runs out with the day, written as hospitals and courts write it.
_END_OF_DAY = time(23, 59)


@dataclass(slots=True)
class Tally:
    """What the count met on its way: the steps, and the weekend days told in one sentence."""

    steps: list[Step] = field(default_factory=list)
    weekend: list[date] = field(default_factory=list)

    def add(self, kind: StepKind, day: date, text: str) -> None:
        """Notes a step."""
        self.steps.append(Step(kind, day, text))

    def skip(self, day: date, calendar: Calendar) -> None:
        """Notes a day that does not count, and why."""
        why = calendar.closed_because(day)
        if day.weekday() >= SATURDAY and day not in calendar.closures:
            self.weekend.append(day)
        elif why:
            self.add(StepKind.SKIPPED, day, f"{wording.day(day)} is {why}: it does not count.")

    def told(self) -> list[Step]:
        """The steps, with the weekends in front."""
        if not self.weekend:
            return self.steps
        days = wording.count(len(self.weekend), "day")
        return [Step(StepKind.SKIPPED, self.weekend[0], f"Weekends do not count ({days})."), *self.steps]


def elapsed_hours(start: datetime, hours: int, pauses: Sequence[Pause]) -> datetime:
    """So many hours by the stopwatch, the pauses left out."""
    left, at = timedelta(hours=hours), start
    for pause in pauses:
        if pause.end <= at:
            continue
        if pause.start - at >= left:
            break
        left -= max(pause.start - at, timedelta())
        at = pause.end
    return at + left


def working_hours(
    start: datetime, hours: int, calendar: Calendar, pauses: Sequence[Pause]
) -> tuple[datetime, list[Step]]:
    """So many hours of the calendar's open time, the pauses left out, and the steps from the first open moment on."""
    left, tally = timedelta(hours=hours), Tally()
    counted: list[tuple[Stretch, timedelta]] = []
    for opens, closes in _unpaused(calendar.next_open(start), pauses):
        if not counted and not calendar.is_open(start):
            text = f"Outside service hours; counting begins on {wording.moment(opens)}."
            tally.add(StepKind.WAITED, zone.local(opens).date(), text)
        taken = min(left, closes - opens)
        counted.append(((opens, opens + taken), taken))
        left -= taken
        if not left:
            break
    at = counted[-1][0][1]
    day, last = zone.local(start).date(), zone.local(at).date()
    while day < last:
        if not calendar.windows(day):
            tally.skip(day, calendar)
        day += zone.DAY
    return at, tally.told() + _hours_counted(counted)


def _hours_counted(counted: list[tuple[Stretch, timedelta]]) -> list[Step]:
    """The first and the last stretch as they are, and what lies between them in one sentence."""
    shown = [counted[0], counted[-1]] if len(counted) > 1 else counted
    steps = [
        Step(
            StepKind.COUNTED,
            zone.local(opens).date(),
            f"{wording.day(zone.local(opens).date())}: {wording.length(taken)} counted, "
            f"{zone.local(opens):%H:%M} to {zone.local(closes):%H:%M}.",
        )
        for (opens, closes), taken in shown
    ]
    if between := counted[1:-1]:
        total = sum((taken for _, taken in between), timedelta())
        day = zone.local(between[0][0][0]).date()
        until = zone.local(between[-1][0][0]).date()
        span = wording.day(day) if day == until else f"{wording.day(day)} to {wording.day(until)}"
        steps.insert(1, Step(StepKind.COUNTED, day, f"{span}: {wording.length(total)} counted."))
    return steps


def _unpaused(stretches: Iterator[Stretch], pauses: Sequence[Pause]) -> Iterator[Stretch]:
    for opens, closes in stretches:
        at = opens
        for pause in pauses:
            if pause.end <= at or pause.start >= closes:
                continue
            if pause.start > at:
                yield at, pause.start
            at = max(at, pause.end)
        if at < closes:
            yield at, closes


def working_days(
    start: datetime, days: int, calendar: Calendar, pauses: Sequence[Pause]
) -> tuple[datetime, list[Step]]:
    """The close of the last of so many working days after the day of the start, and the steps."""
    if not any(calendar.hours.week[:SATURDAY]):
        raise errors.Invalid.of("service_hours", "the service opens at weekends only: it has no working days")
    tally, day, left = Tally(), zone.local(start).date(), days
    while left:
        day += zone.DAY
        if not calendar.is_working_day(day):
            tally.skip(day, calendar)
        elif not _paused(day, pauses):
            left -= 1
    *_, (_, at) = calendar.open_moments(day)
    text = f"Working day {days} is {wording.day(day)}, when the service closes at {zone.local(at):%H:%M}."
    return at, [*tally.told(), Step(StepKind.COUNTED, day, text)]


def calendar_days(start: datetime, days: int, pauses: Sequence[Pause]) -> tuple[datetime, list[Step]]:
    """The end of the last of so many days after the day of the start, and the step that names it."""
    day, left = zone.local(start).date(), days
    while left:
        day += zone.DAY
        left -= not _paused(day, pauses)
    text = f"Day {days} is {wording.day(day)}."
    return zone.moment(day, _END_OF_DAY), [Step(StepKind.COUNTED, day, text)]


def days_in_months(start: datetime, months: int) -> int:
    """Days from the day of the start to the same day of the month so many months on, or that month's last day."""
    first = zone.local(start).date()
    years, month = divmod(first.month - 1 + months, 12)
    after = date(first.year + years + month // 11, (month + 1) % 12 + 1, 1)
    last = after - zone.DAY
    return (last.replace(day=min(first.day, last.day)) - first).days


def _paused(day: date, pauses: Sequence[Pause]) -> bool:
    """Whether the clock stood still at any time of that day: such a day does not count."""
    return any(pause.start < zone.midnight(day + zone.DAY) and pause.end > zone.midnight(day) for pause in pauses)
