"""When is it due, and why: the one question the clock answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis import errors
from chassis.clock import counting, wording, zone
from chassis.clock.calendar import Calendar
from chassis.clock.terms import Due, Pause, Rule, Step, StepKind, Unit

_DAYS_IN = {Unit.DAYS: 1, Unit.WEEKS: 7}
_BY_THE_HOUR = {Unit.HOURS, Unit.WORKING_HOURS}


def due(start: datetime, rule: Rule, calendar: Calendar, pauses: Sequence[Pause] = ()) -> Due:
    """When something that started at `start` is due under that rule in that calendar.

    Working hours run while the service is open. Days of either kind leave out the day of the start and run out with
    their last day: working days when the service closes on it, calendar days, weeks and months at 23:59. A later start
    is never due earlier. Time inside a pause, and for days every day that one touches, does not count.

    Raises ValueError for a start without a time zone or a year whose bank holidays are unknown, Conflict for a pause of
    a clock whose rule knows none, and Invalid for working days of a service that opens at weekends only.
    """
    begins = zone.aware_utc(start)
    stops = _merged(pauses, rule)
    ends, counted = _count(begins, rule, calendar, stops)
    before = (*_opening(begins, rule), *_stood_still(stops, ends), *_changes(begins, ends))
    return Due(ends, (*before, *counted, _last(ends)))


def _merged(pauses: Sequence[Pause], rule: Rule) -> list[Pause]:
    """The pauses in UTC and in order; overlapping ones stay two reasons, and their common time stands still once."""
    if pauses and not rule.pausable:
        raise errors.Conflict(f"the rule does not let this clock be paused ({rule.name or rule})")
    in_utc = [Pause(zone.aware_utc(pause.start), zone.aware_utc(pause.end), pause.reason) for pause in pauses]
    return sorted(in_utc, key=lambda pause: (pause.start, pause.end))


def _count(start: datetime, rule: Rule, calendar: Calendar, pauses: Sequence[Pause]) -> tuple[datetime, list[Step]]:
    if rule.unit is Unit.WORKING_HOURS:
        return counting.working_hours(start, rule.amount, calendar, pauses)
    if rule.unit is Unit.WORKING_DAYS:
        return counting.working_days(start, rule.amount, calendar, pauses)
    if rule.unit is Unit.HOURS:
        return counting.elapsed_hours(start, rule.amount, pauses), []
    if rule.unit is Unit.MONTHS:
        return counting.calendar_days(start, counting.days_in_months(start, rule.amount), pauses)
    return counting.calendar_days(start, rule.amount * _DAYS_IN[rule.unit], pauses)


def _opening(start: datetime, rule: Rule) -> list[Step]:
    day = zone.local(start).date()
    named = f", {rule.name}" if rule.name else ""
    steps = [
        Step(StepKind.STARTED, day, f"Started on {wording.moment(start)} ({wording.zone_name(start)})."),
        Step(StepKind.ALLOWED, day, f"Allowed: {rule}{named}."),
    ]
    if rule.unit not in _BY_THE_HOUR:
        steps.append(Step(StepKind.SKIPPED, day, "The day on which it started does not count."))
    return steps


def _stood_still(pauses: Sequence[Pause], ends: datetime) -> list[Step]:
    return [
        Step(
            StepKind.PAUSED,
            zone.local(pause.start).date(),
            f"The clock stood still from {wording.moment(pause.start)} to {wording.moment(pause.end)}: {pause.reason}.",
        )
        for pause in pauses
        if pause.start < ends
    ]


def _changes(start: datetime, ends: datetime) -> list[Step]:
    steps = []
    for change in zone.clock_changes(zone.local(start).date(), zone.local(ends).date()):
        turn, hours = ("forward at 01:00", 23) if change.forward else ("back at 02:00", 25)
        text = f"On {wording.day(change.day)} the clocks go {turn}: that day has {hours} hours."
        steps.append(Step(StepKind.CLOCKS_CHANGED, change.day, text))
    return steps


def _last(ends: datetime) -> Step:
    return Step(StepKind.DUE, zone.local(ends).date(), f"Due on {wording.moment(ends)} ({wording.zone_name(ends)}).")
