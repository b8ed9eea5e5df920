"""What can be wrong with a referral as it is asked for, and the clock that a good one starts."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis import errors
from services.referrals import clocks, domain, routing, rulebook, submission

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOOD = submission.Submission(
    person_id=str(uuid.uuid4()),
    ask=routing.Ask(team_kind="complex_needs", outward_postcode="EX31"),
    priority=domain.Priority.URGENT,
    narrative=domain.Narrative(health="four attendances in a month"),
    reason_codes=("http://snomed.info/sct|160734000|Lives in hostel", "http://snomed.info/sct|1|"),
    message_id="bars/1",
    authored_at=NOW + timedelta(minutes=4),
)
RULES = rulebook.load()


def fields(bad: submission.Submission) -> set[str]:
    with pytest.raises(errors.Invalid) as refused:
        submission.check(bad, now=NOW)
    return {violation.field for violation in refused.value.violations}


def test_a_good_one_passes() -> None:
    submission.check(GOOD, now=NOW)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"person_id": ""}, "person_id"),
        ({"person_id": str(uuid.uuid4()).upper()}, "person_id"),
        ({"ask": routing.Ask()}, "team_id"),
        ({"ask": routing.Ask(outward_postcode="EX31")}, "team_id"),
        ({"ask": routing.Ask(team_id="t", outward_postcode="EX31 1AA")}, "outward_postcode"),
        ({"ask": routing.Ask(service_id="x" * 201)}, "service_id"),
        ({"narrative": domain.Narrative(), "reason_codes": ()}, "narrative"),
        ({"narrative": domain.Narrative(police="x" * 20_001)}, "narrative.police"),
        ({"reason_codes": ("a|b|c", "no bars at all")}, "reason_codes[1]"),
        ({"reason_codes": ("a|b|c",) * 21}, "reason_codes"),
        ({"message_id": "two\nlines"}, "message_id"),
        ({"authored_at": NOW + timedelta(hours=1)}, "authored_at"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(change: dict[str, object], field: str) -> None:
    assert fields(replace(GOOD, **change)) == {field}  # type: ignore[arg-type]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    bad = replace(GOOD, person_id="", ask=routing.Ask(), narrative=domain.Narrative(), reason_codes=("x",))
    assert fields(bad) == {"person_id", "team_id", "reason_codes[0]"}


def team(kind: str, hours: dict[int, str]) -> routing.Team:
    return routing.Team("t", "o", "Team", kind, (), 10, hours, ())


def test_the_clock_of_a_team_counts_its_hours_and_explains_itself() -> None:
    hours = {day: "09:00-17:00" for day in range(1, 6)}
    clock = clocks.begin(
        RULES, team=team("complex_needs", hours), team_kind="", priority=domain.Priority.ROUTINE, at=NOW
    )
    assert (clock.rule_id, clock.rule_version) == ("multidisciplinary-triage", 1)
    assert clock.due_at == datetime(2026, 3, 9, 17, tzinfo=UTC)
    assert clock.explanation[-1].startswith("Due on")


@pytest.mark.parametrize("hours", [{}, {6: "10:00-14:00"}, {1: "nine to five"}, {9: "09:00-17:00"}])
def test_a_team_whose_hours_cannot_be_counted_with_turns_no_referral_away(hours: dict[int, str]) -> None:
    clock = clocks.begin(
        RULES, team=team("complex_needs", hours), team_kind="", priority=domain.Priority.ROUTINE, at=NOW
    )
    assert clock.explanation[0] == "Office hours are counted, as the team's own are not known."
    assert clock.due_at == datetime(2026, 3, 9, 17, tzinfo=UTC)


def test_before_a_team_is_found_the_kind_that_was_asked_for_chooses_the_rule() -> None:
    clock = clocks.begin(RULES, team=None, team_kind="complex_needs", priority=domain.Priority.STAT, at=NOW)
    assert clock.rule_id == "multidisciplinary-triage"
    assert clock.started_at == NOW
