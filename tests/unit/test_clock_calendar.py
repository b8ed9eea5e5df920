"""Service hours as people write them, bank holidays, and what importing the clock costs."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time

import pytest

from chassis import errors
from chassis.clock import LONDON, Calendar, ServiceHours, Window, bank_holidays, zone

NINE_TO_FIVE = (Window(9 * 60, 17 * 60),)
CHRISTMAS, BOXING_DAY_MOVED, ORDINARY = date(2024, 12, 25), date(2020, 12, 28), date(2024, 12, 23)


def test_hours_by_weekday_are_read_as_the_directory_keeps_them() -> None:
    hours = ServiceHours.of_week({1: "09:00-17:00", 3: "09:00-17:00", 4: ""})
    assert hours == ServiceHours((NINE_TO_FIVE, (), NINE_TO_FIVE, (), (), (), ()), ())


def test_a_seven_day_service_works_on_bank_holidays_and_others_do_not() -> None:
    assert Calendar.of("08:00-20:00").windows(CHRISTMAS)
    assert Calendar.of(dict.fromkeys(range(1, 8), "08:00-20:00")).windows(CHRISTMAS)
    assert not Calendar.of("Mon-Fri 09:00-17:00").windows(CHRISTMAS)
    assert not Calendar.of("08:00-20:00; bank holidays closed").windows(CHRISTMAS)
    assert Calendar.of("Mon-Fri 09:00-17:00; bank holidays as usual").windows(CHRISTMAS)
    assert Calendar.of("Mon-Fri 09:00-17:00; bank holidays 10:00-12:00").windows(CHRISTMAS) == (Window(600, 720),)


def test_why_a_day_is_closed() -> None:
    calendar = Calendar.of("Mon-Thu 09:00-17:00", {ORDINARY: "moving house"})
    assert calendar.closed_because(CHRISTMAS) == "a bank holiday (Christmas Day)"
    assert calendar.closed_because(BOXING_DAY_MOVED) == "a bank holiday (Boxing Day (observed))"
    assert calendar.closed_because(date(2024, 12, 21)) == "the weekend"
    assert calendar.closed_because(date(2024, 12, 20)) == "a day without service hours"
    assert calendar.closed_because(ORDINARY) == "moving house"
    assert calendar.closed_because(date(2024, 12, 24)) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not like"),
        ("whenever", "is not like"),
        ("Mon-Fri 9-5", "is not like"),
        ("Mon-Fri 09:00-08:00", "within one day"),
        ("Mon-Fri 09:00-25:00", "within one day"),
        ("Mon-Fri 09:60-12:00", "more than 59 minutes"),
        ("Fri-Mon 09:00-17:00", "runs backwards"),
        ("Mxx 09:00-17:00", "names a day other than"),
        ("Mon 09:00-12:00,11:00-13:00", "overlap"),
        ("bank holidays closed", "opens on no day"),
    ],
)
def test_hours_that_cannot_be_read_are_invalid(text: str, problem: str) -> None:
    with pytest.raises(errors.Invalid, match=problem) as caught:
        Calendar.of(text)
    assert caught.value.violations[0].field == "service_hours"


def test_weekday_numbers_outside_the_week_and_empty_weeks_are_invalid() -> None:
    with pytest.raises(errors.Invalid, match="8 is not a weekday"):
        Calendar.of({8: "09:00-17:00"})
    with pytest.raises(errors.Invalid, match="opens on no day"):
        Calendar.of({})


def test_open_up_to_the_closing_moment() -> None:
    calendar = Calendar.of("Mon-Fri 09:00-17:00")
    assert calendar.is_open(datetime(2024, 9, 2, 9, tzinfo=LONDON))
    assert not calendar.is_open(datetime(2024, 9, 2, 17, tzinfo=LONDON))
    assert not calendar.is_open(datetime(2024, 9, 1, 12, tzinfo=LONDON))


def test_skipped_and_repeated_wall_times() -> None:
    change = datetime(2024, 3, 31, 1, tzinfo=UTC)
    assert zone.moment(date(2024, 3, 31), time(1, 30)) == change
    assert list(Calendar.of("Sun 01:15-01:45").open_moments(date(2024, 3, 31))) == []
    assert list(Calendar.of("Sun 00:30-01:30").open_moments(date(2024, 3, 31))) == [
        (datetime(2024, 3, 31, 0, 30, tzinfo=UTC), change)
    ]
    assert list(Calendar.of("Sun 01:15-01:45").open_moments(date(2024, 10, 27))) == [
        (datetime(2024, 10, 27, 0, 15, tzinfo=UTC), datetime(2024, 10, 27, 1, 45, tzinfo=UTC))
    ]


def test_a_year_without_known_holidays_is_an_error_not_an_ordinary_year() -> None:
    assert len(bank_holidays.of_year(2022)) == 12
    with pytest.raises(ValueError, match="2150"):
        bank_holidays.of_year(2150)


def test_importing_the_clock_does_not_import_the_holidays() -> None:
    code = "import chassis.clock, sys; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
