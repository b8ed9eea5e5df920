"""Due times worked out by hand: holidays, clock changes, starts outside service hours and the ends of years."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from chassis import errors
from chassis.clock import LONDON, Calendar, Pause, Rule, StepKind, Unit, due

OFFICE = Calendar.office()
URGENT_RESPONSE = Calendar.of("08:00-20:00")
ALWAYS = Calendar.of("00:00-24:00")


def london(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("start", "rule", "calendar", "expected"),
    [
        # The August bank holiday and a weekend stand between.
        (london(2024, 8, 22, 15, 30), Rule(5, Unit.WORKING_DAYS), OFFICE, london(2024, 8, 30, 17)),
        # The day of receipt does not count, however early or late, and whether or not it is a working day.
        (london(2024, 8, 28, 0, 1), Rule(1, Unit.WORKING_DAYS), OFFICE, london(2024, 8, 29, 17)),
        (london(2024, 8, 28, 23, 59), Rule(1, Unit.WORKING_DAYS), OFFICE, london(2024, 8, 29, 17)),
        (london(2024, 8, 24, 12), Rule(1, Unit.WORKING_DAYS), OFFICE, london(2024, 8, 27, 17)),
        # Christmas on a Saturday is kept on Monday 27, Boxing Day on Tuesday 28, then New Year on Monday 3.
        (london(2021, 12, 24, 10), Rule(1, Unit.WORKING_DAYS), OFFICE, london(2021, 12, 29, 17)),
        (london(2021, 12, 31, 10), Rule(1, Unit.WORKING_DAYS), OFFICE, london(2022, 1, 4, 17)),
        # A day proclaimed at short notice: the funeral of Queen Elizabeth II.
        (london(2022, 9, 16, 10), Rule(1, Unit.WORKING_DAYS), OFFICE, london(2022, 9, 20, 17)),
        # Urgent community response: two hours of service time on seven days, holidays too.
        (london(2024, 12, 25, 19, 30), Rule(2, Unit.WORKING_HOURS), URGENT_RESPONSE, london(2024, 12, 26, 9, 30)),
        (london(2024, 8, 24, 21, 30), Rule(2, Unit.WORKING_HOURS), URGENT_RESPONSE, london(2024, 8, 25, 10)),
        (london(2024, 8, 24, 18), Rule(2, Unit.WORKING_HOURS), URGENT_RESPONSE, london(2024, 8, 24, 20)),
        (london(2024, 8, 24, 20), Rule(2, Unit.WORKING_HOURS), URGENT_RESPONSE, london(2024, 8, 25, 10)),
        # The spring change takes an hour of the wall clock away, the autumn change gives one.
        (london(2024, 3, 30, 23, 30), Rule(4, Unit.WORKING_HOURS), ALWAYS, london(2024, 3, 31, 4, 30)),
        (london(2024, 10, 26, 23, 30), Rule(4, Unit.HOURS), ALWAYS, london(2024, 10, 27, 2, 30)),
        # Days, weeks and months run out at the end of a day by the wall clock, whatever the clocks did.
        (london(2024, 3, 4, 9), Rule(28, Unit.DAYS), OFFICE, london(2024, 4, 1, 23, 59)),
        (london(2024, 12, 24, 10), Rule(18, Unit.WEEKS), OFFICE, london(2025, 4, 29, 23, 59)),
        (london(2024, 8, 31, 10), Rule(6, Unit.MONTHS), OFFICE, london(2025, 2, 28, 23, 59)),
        (london(2023, 8, 31, 10), Rule(6, Unit.MONTHS), OFFICE, london(2024, 2, 29, 23, 59)),
        (london(2024, 6, 15), Rule(18, Unit.MONTHS), OFFICE, london(2025, 12, 15, 23, 59)),
        (london(2024, 12, 1), Rule(12, Unit.MONTHS), OFFICE, london(2025, 12, 1, 23, 59)),
        # Half past midnight in British Summer Time is the day before in UTC.
        (datetime(2024, 7, 1, 23, 30, tzinfo=UTC), Rule(1, Unit.DAYS), OFFICE, london(2024, 7, 3, 23, 59)),
    ],
)
def test_due_as_worked_out_by_hand(start: datetime, rule: Rule, calendar: Calendar, expected: datetime) -> None:
    result = due(start, rule, calendar)
    assert result.at == expected
    assert result.at.tzinfo is UTC


def test_the_derivation_names_the_holiday_and_reads_as_sentences() -> None:
    told = due(london(2024, 8, 22, 15, 30), Rule(5, Unit.WORKING_DAYS, "MDT triage"), OFFICE).explain()
    assert told == [
        "Started on Thu 22 Aug 2024 at 15:30 (British Summer Time).",
        "Allowed: 5 working days, MDT triage.",
        "The day on which it started does not count.",
        "Weekends do not count (2 days).",
        "Mon 26 Aug 2024 is a bank holiday (Late Summer Bank Holiday): it does not count.",
        "Working day 5 is Fri 30 Aug 2024, when the service closes at 17:00.",
        "Due on Fri 30 Aug 2024 at 17:00 (British Summer Time).",
    ]


def test_the_derivation_tells_of_clock_changes_and_of_waiting() -> None:
    told = due(london(2024, 3, 30, 23), Rule(10, Unit.WORKING_HOURS), URGENT_RESPONSE).explain()
    assert "Outside service hours; counting begins on Sun 31 Mar 2024 at 08:00." in told
    assert "On Sun 31 Mar 2024 the clocks go forward at 01:00: that day has 23 hours." in told
    autumn = due(london(2024, 10, 26, 12), Rule(24, Unit.HOURS), ALWAYS).explain()
    assert "On Sun 27 Oct 2024 the clocks go back at 02:00: that day has 25 hours." in autumn
    assert autumn[-1] == "Due on Sun 27 Oct 2024 at 11:00 (GMT)."


def test_many_days_of_counted_hours_are_told_in_one_line() -> None:
    told = due(london(2024, 8, 23, 16, 30), Rule(20, Unit.WORKING_HOURS), OFFICE).explain()
    assert told[-4:] == [
        "Fri 23 Aug 2024: 30 min counted, 16:30 to 17:00.",
        "Tue 27 Aug 2024 to Wed 28 Aug 2024: 16 h counted.",
        "Thu 29 Aug 2024: 3 h 30 min counted, 09:00 to 12:30.",
        "Due on Thu 29 Aug 2024 at 12:30 (British Summer Time).",
    ]


def test_a_team_closure_does_not_count_and_is_named() -> None:
    calendar = Calendar.of("Mon-Fri 09:00-17:00", {date(2024, 9, 3): "a training day of the team"})
    result = due(london(2024, 9, 2, 12), Rule(1, Unit.WORKING_DAYS), calendar)
    assert result.at == london(2024, 9, 4, 17)
    assert "Tue 3 Sep 2024 is a training day of the team: it does not count." in result.explain()


@pytest.mark.parametrize(
    ("unit", "amount", "expected"),
    [
        (Unit.WORKING_HOURS, 8, london(2024, 9, 4, 15)),
        (Unit.WORKING_DAYS, 2, london(2024, 9, 6, 17)),
        (Unit.HOURS, 8, london(2024, 9, 4, 7)),
        (Unit.DAYS, 2, london(2024, 9, 6, 23, 59)),
    ],
)
def test_a_pause_stops_the_clock_where_the_rule_allows_it(unit: Unit, amount: int, expected: datetime) -> None:
    # Monday 13:00; the clock stands still from Monday 15:00 to Wednesday 01:00 and, overlapping, for Tuesday.
    pauses = [
        Pause(london(2024, 9, 2, 15), london(2024, 9, 4, 1), "waiting for the referrer"),
        Pause(london(2024, 9, 3), london(2024, 9, 3, 12), "waiting for the person"),
    ]
    result = due(london(2024, 9, 2, 13), Rule(amount, unit, pausable=True), OFFICE, pauses)
    assert result.at == expected
    paused = [step.text for step in result.steps if step.kind is StepKind.PAUSED]
    assert paused[0] == (
        "The clock stood still from Mon 2 Sep 2024 at 15:00 to Wed 4 Sep 2024 at 01:00: waiting for the referrer."
    )


def test_a_pause_that_the_rule_does_not_know_is_a_conflict() -> None:
    pause = Pause(london(2024, 9, 2, 15), london(2024, 9, 4, 1), "the person asked")
    with pytest.raises(errors.Conflict, match="RTT"):
        due(london(2024, 9, 2), Rule(18, Unit.WEEKS, "RTT"), OFFICE, [pause])


def test_what_cannot_be_answered_is_refused_rather_than_guessed() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        due(datetime(2024, 9, 2), Rule(1, Unit.DAYS), OFFICE)  # noqa: DTZ001
    with pytest.raises(ValueError, match="bank holidays of 2101 are not known"):
        due(london(2100, 12, 31), Rule(3, Unit.WORKING_DAYS), OFFICE)
    with pytest.raises(errors.Invalid, match="weekends only"):
        due(london(2024, 9, 2), Rule(3, Unit.WORKING_DAYS), Calendar.of("Sat-Sun 09:00-17:00"))
    with pytest.raises(errors.Invalid, match="between 1 and"):
        Rule(0, Unit.DAYS)
    with pytest.raises(errors.Invalid, match="ends before it starts"):
        Pause(london(2024, 9, 2), london(2024, 9, 1), "backwards")


def test_a_service_closed_for_years_is_an_error_and_not_a_hang() -> None:
    closures = {date.fromordinal(ordinal): "closed" for ordinal in range(date(2024, 1, 1).toordinal(), 740_000)}
    with pytest.raises(ValueError, match="never open"):
        due(london(2024, 1, 1), Rule(1, Unit.WORKING_HOURS), Calendar.of("09:00-17:00", closures))
