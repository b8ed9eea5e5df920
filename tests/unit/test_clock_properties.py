"""What holds for every due time: later starts are not due earlier, working clocks end in working time, steps agree."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import LONDON, Calendar, Due, Rule, StepKind, Unit, due

STARTS = st.datetimes(datetime(2015, 1, 1), datetime(2045, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CALENDARS = st.sampled_from(
    [
        Calendar.office(),
        Calendar.of("08:00-20:00"),
        Calendar.of("00:00-24:00"),
        Calendar.of("Mon-Thu 08:30-12:00,13:00-17:00; Fri 08:30-16:00; Sat 09:00-12:00"),
        Calendar.of("Tue 10:00-14:00; Sun 00:30-01:30"),
        Calendar.of("Mon-Sun 01:15-01:45"),
        Calendar.of("Mon-Fri 09:00-17:00; bank holidays 10:00-12:00"),
    ]
)
AMOUNTS = st.integers(1, 60)
UNITS = st.sampled_from(list(Unit))


def last_working_moment(result: Due, calendar: Calendar) -> bool:
    return calendar.is_open(result.at - timedelta(microseconds=1))


@given(STARTS, STARTS, AMOUNTS, UNITS, CALENDARS)
def test_a_later_start_is_never_due_earlier(
    one: datetime, other: datetime, amount: int, unit: Unit, calendar: Calendar
) -> None:
    earlier, later = sorted((one, other))
    rule = Rule(amount, unit)
    assert due(earlier, rule, calendar).at <= due(later, rule, calendar).at


@given(STARTS, st.timedeltas(timedelta(), timedelta(days=3)), AMOUNTS, UNITS, CALENDARS)
def test_so_it_is_for_starts_close_together(
    start: datetime, gap: timedelta, amount: int, unit: Unit, calendar: Calendar
) -> None:
    rule = Rule(amount, unit)
    assert due(start, rule, calendar).at <= due(start + gap, rule, calendar).at


@given(STARTS, AMOUNTS, UNITS, CALENDARS)
def test_more_time_allowed_is_due_later(start: datetime, amount: int, unit: Unit, calendar: Calendar) -> None:
    shorter, longer = (due(start, Rule(allowed, unit), calendar).at for allowed in (amount, amount + 1))
    assert start < shorter < longer


@given(STARTS, AMOUNTS, st.sampled_from([unit for unit in Unit if unit.working]), CALENDARS)
def test_a_working_clock_ends_in_working_time(start: datetime, amount: int, unit: Unit, calendar: Calendar) -> None:
    assert last_working_moment(due(start, Rule(amount, unit), calendar), calendar)


@given(STARTS, AMOUNTS, CALENDARS)
def test_working_hours_add_up_to_what_is_allowed(start: datetime, amount: int, calendar: Calendar) -> None:
    result = due(start, Rule(amount, Unit.WORKING_HOURS), calendar)
    total = timedelta()
    for opens, closes in calendar.next_open(start):
        if opens >= result.at:
            break
        total += min(closes, result.at) - opens
    assert total == timedelta(hours=amount)


@given(STARTS, AMOUNTS, UNITS, CALENDARS)
def test_the_derivation_agrees_with_the_result(start: datetime, amount: int, unit: Unit, calendar: Calendar) -> None:
    result = due(start, Rule(amount, unit), calendar)
    local = result.at.astimezone(LONDON)
    assert result.steps[0].kind is StepKind.STARTED
    assert result.steps[0].day == start.astimezone(LONDON).date()
    assert result.steps[-1].kind is StepKind.DUE
    assert result.steps[-1].day == local.date()
    assert f"{local.day} {local:%b %Y} at {local:%H:%M}" in result.explain()[-1]
    for step in result.steps[1:-1]:
        assert result.steps[0].day <= step.day <= local.date()
    if unit is Unit.WORKING_DAYS:
        skipped = {step.day for step in result.steps if step.kind is StepKind.SKIPPED}
        assert local.date() not in skipped
    assert all(re.fullmatch(r"[A-Z].*\.", sentence) for sentence in result.explain())


@given(STARTS, st.integers(1, 400))
def test_elapsed_hours_heed_no_clock_change(start: datetime, amount: int) -> None:
    assert due(start, Rule(amount, Unit.HOURS), Calendar.office()).at - start == timedelta(hours=amount)
