"""The delivered rulebook holds what the published rules say; a wrong file is refused with the place of every fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis import errors
from chassis.clock import LONDON, Calendar
from services.referrals import rulebook
from services.referrals.rulebook import Clock, Purpose, Run

NOW = datetime(2024, 8, 22, 15, 30, tzinfo=LONDON)
OFFICE = Calendar.office()
BOOK = rulebook.load()

MDT_V2 = """
- id: multidisciplinary-triage
  title: Triage of a complex-needs referral by the integrated team
  version: 2
  valid_from: 2024-09-01
  applies_to: {purpose: first_response, team_kinds: [complex_needs]}
  target: 3
  unit: working_days
  clock: team
  starts_at: Receipt of the referral
  pauses_allowed: true
  source: Decision of the place board
"""


def local(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "local.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("team_kind", "purpose", "allowed", "unit"),
    [
        ("urgent_community_response", Purpose.FIRST_RESPONSE, 2, "working_hours"),
        ("complex_needs", Purpose.FIRST_RESPONSE, 5, "working_days"),
        ("neighbourhood_policing", Purpose.FIRST_RESPONSE, 5, "working_days"),
        ("childrens_social_care", Purpose.FIRST_RESPONSE, 1, "working_days"),
        ("childrens_social_care", Purpose.ASSESSMENT, 45, "working_days"),
        ("consultant_led", Purpose.TREATMENT, 18, "weeks"),
        ("cancer_diagnosis", Purpose.DIAGNOSIS, 28, "days"),
        ("housing_options", Purpose.PREVENTION_DUTY, 56, "days"),
        ("housing_options", Purpose.RELIEF_DUTY, 56, "days"),
        ("learning_disability", Purpose.REVIEW, 4, "weeks"),
        ("learning_disability_children", Purpose.REVIEW, 2, "weeks"),
        ("care_home", Purpose.ONBOARDING, 6, "months"),
    ],
)
def test_the_published_response_times(team_kind: str, purpose: Purpose, allowed: int, unit: str) -> None:
    rule = BOOK.in_force(team_kind=team_kind, priority="routine", purpose=purpose, at=NOW)
    assert rule is not None
    assert (rule.target, rule.unit) == (allowed, unit)
    assert not rule.pauses_allowed


def test_what_the_rules_mark_as_unconfirmed_is_marked_in_the_data() -> None:
    unconfirmed = {rule.id for rule in BOOK.all() if "target" in rule.unconfirmed}
    assert unconfirmed == {"multidisciplinary-triage", "first-response", "cetr-after-admission-child"}


def test_the_two_week_wait_ended() -> None:
    last_day = datetime(2023, 9, 30, 23, 59, tzinfo=LONDON)
    before = BOOK.in_force(team_kind="cancer_diagnosis", priority="urgent", at=last_day)
    after = BOOK.in_force(team_kind="cancer_diagnosis", priority="urgent", at=last_day + timedelta(minutes=1))
    assert before is not None
    assert before.id == "cancer-first-seen"
    assert after is not None
    assert after.id == "first-response"


def test_nothing_covers_an_unknown_purpose_or_a_time_before_the_first_version() -> None:
    assert BOOK.in_force(team_kind="care_home", priority="routine", purpose="hospital_discharge", at=NOW) is None
    long_ago = datetime(2010, 1, 1, tzinfo=UTC)
    assert BOOK.in_force(team_kind="housing_options", priority="routine", purpose="relief_duty", at=long_ago) is None
    with pytest.raises(ValueError, match="no time zone"):
        BOOK.in_force(team_kind="care_home", priority="routine", at=datetime(2024, 1, 1))  # noqa: DTZ001


def test_a_statutory_clock_counts_office_days_whatever_hours_the_team_keeps() -> None:
    rule = BOOK.version("childrens-social-care-decision", 1)
    assert rule.clock is Clock.OFFICE
    two_days_a_week = Calendar.of("Mon-Tue 10:00-12:00")
    due = rule.due(datetime(2024, 9, 3, 11, tzinfo=LONDON), two_days_a_week)
    assert due.at == datetime(2024, 9, 4, 17, tzinfo=LONDON)


def test_the_derivation_names_the_rule_and_its_version() -> None:
    told = BOOK.version("multidisciplinary-triage", 1).due(NOW, OFFICE).explain()
    assert "rule multidisciplinary-triage, version 1" in told[1]
    assert "Mon 26 Aug 2024 is a bank holiday (Late Summer Bank Holiday): it does not count." in told


def test_a_place_adds_a_later_version_and_the_start_decides_which_holds(tmp_path: Path) -> None:
    book = rulebook.load([local(tmp_path, MDT_V2)])
    before = book.in_force(team_kind="complex_needs", priority="urgent", at=datetime(2024, 8, 31, 12, tzinfo=LONDON))
    after = book.in_force(team_kind="complex_needs", priority="urgent", at=datetime(2024, 8, 31, 23, 30, tzinfo=UTC))
    assert before is not None
    assert before.version == 1
    assert after is not None
    assert after.version == 2  # half past midnight on 1 September in London
    assert [rule.version for rule in book.history("multidisciplinary-triage")] == [1, 2]


def test_the_more_precise_rule_holds(tmp_path: Path) -> None:
    urgent = MDT_V2.replace("id: multidisciplinary-triage", "id: urgent-triage").replace("version: 2", "version: 1")
    urgent = urgent.replace("2024-09-01", "2024-01-01").replace(
        "[complex_needs]}", "[complex_needs], priorities: [stat]}"
    )
    book = rulebook.load([local(tmp_path, urgent)])
    chosen = {
        priority: book.in_force(team_kind="complex_needs", priority=priority, at=NOW)
        for priority in ("stat", "routine")
    }
    assert {priority: rule and rule.id for priority, rule in chosen.items()} == {
        "stat": "urgent-triage",
        "routine": "multidisciplinary-triage",
    }


def test_replay_tells_what_another_version_would_have_said(tmp_path: Path) -> None:
    book = rulebook.load([local(tmp_path, MDT_V2)])
    first, second = book.history("multidisciplinary-triage")
    recorded = first.due(NOW, OFFICE).at
    decided_late = Run("referral-1", NOW, recorded, datetime(2024, 8, 30, 12, tzinfo=LONDON), OFFICE)
    still_open = Run("referral-2", NOW, recorded, None, OFFICE)
    now = datetime(2024, 8, 29, 12, tzinfo=LONDON)
    one, two = rulebook.replay([decided_late, still_open], under=second, now=now)
    assert one.due.at == datetime(2024, 8, 28, 17, tzinfo=LONDON)
    assert one.moved == timedelta(days=-2)
    assert (one.met_before, one.met_after) == (True, False)
    assert (two.met_before, two.met_after) == (None, False)
    same = rulebook.replay([decided_late], under=first, now=now)[0]
    assert same.moved == timedelta(0)


@pytest.mark.parametrize(
    ("change", "to", "field", "problem"),
    [
        ("target: 3", "target: 0", "local.yaml.multidisciplinary-triage.target", "greater than or equal to 1"),
        ("target: 3", "target: three", "local.yaml.multidisciplinary-triage.target", "valid integer"),
        ("unit: working_days", "unit: fortnights", "local.yaml.multidisciplinary-triage.unit", "working_hours"),
        ("unit: working_days", "unit: days", "local.yaml.multidisciplinary-triage", "does not go with clock team"),
        ("  source: Decision of the place board\n", "", "local.yaml.multidisciplinary-triage.source", "required"),
        (
            "  clock: team\n",
            "  clock: team\n  colour: red\n",
            "local.yaml.multidisciplinary-triage.colour",
            "not permitted",
        ),
        ("version: 2", "version: 3", "multidisciplinary-triage.version", "[1, 3]"),
        ("2024-09-01", "1999-09-01", "multidisciplinary-triage.valid_from", "not in force later"),
        (
            "pauses_allowed: true",
            "pauses_allowed: true\n  unconfirmed: [hue]",
            "local.yaml.multidisciplinary-triage",
            "hue",
        ),
        ("2024-09-01", "2024-09-01\n  valid_until: 2024-01-01", "local.yaml.multidisciplinary-triage", "not after"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(tmp_path: Path, change: str, to: str, field: str, problem: str) -> None:
    assert change in MDT_V2
    with pytest.raises(errors.Invalid) as caught:
        rulebook.load([local(tmp_path, MDT_V2.replace(change, to))])
    assert [(v.field, problem in v.problem) for v in caught.value.violations] == [(field, True)]


def test_two_rules_for_the_same_referrals_are_refused(tmp_path: Path) -> None:
    rival = MDT_V2.replace("id: multidisciplinary-triage", "id: rival").replace("version: 2", "version: 1")
    with pytest.raises(errors.Invalid, match="claim the same referrals"):
        rulebook.load([local(tmp_path, rival)])


@pytest.mark.parametrize("text", ["just words", "- 1\n- 2", "{", "- [", "!!python/object:os.system {}", "\x00"])
def test_a_file_that_is_no_rulebook_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(errors.Invalid, match=r"local\.yaml"):
        rulebook.load([local(tmp_path, text)])


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Invalid, match=r"absent\.yaml: cannot be read"):
        rulebook.load([tmp_path / "absent.yaml"])
    with pytest.raises(errors.NotFound):
        BOOK.version("no-such-rule", 1)
    with pytest.raises(errors.NotFound):
        BOOK.history("no-such-rule")
