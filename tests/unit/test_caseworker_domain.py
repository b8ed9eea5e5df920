"""The life of an action, the soundness of a plan, and which contacts are a crisis."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.caseworker import domain
from services.caseworker.domain import ActionStatus, EncounterClass

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
THREE_DAYS = timedelta(hours=72)


def test_every_status_has_its_transitions() -> None:
    assert set(domain.TRANSITIONS) == set(ActionStatus)
    closed = {status for status, targets in domain.TRANSITIONS.items() if not targets}
    assert closed.isdisjoint(domain.OPEN)
    assert closed | domain.OPEN == set(ActionStatus)


def test_a_case_is_closed_once_for_a_reason_that_has_words() -> None:
    assert set(domain.CASE_TRANSITIONS) == set(domain.CaseStatus)
    assert not domain.CASE_TRANSITIONS[domain.CaseStatus.CLOSED]
    assert set(domain.CLOSURE_WORDS) == set(domain.ClosureReason)


@pytest.mark.parametrize("reason", domain.ClosureReason)
def test_another_reason_is_said_and_what_is_said_keeps_its_class(reason: domain.ClosureReason) -> None:
    wrong = [one.field for one in domain.closure_problems(reason, {"health": "  "})]
    assert wrong == (["note"] if reason is domain.ClosureReason.OTHER else [])
    words = domain.CLOSURE_WORDS[reason]
    said = {"housing": "A flat in Barnstaple"}
    assert domain.closure_narrative(reason, said) == {**said, "social_care": words}
    assert domain.closure_narrative(reason, {"social_care": "So she said"})["social_care"] == f"{words}. So she said"


@pytest.mark.parametrize("status", ActionStatus)
def test_what_is_open_can_be_cancelled(status: ActionStatus) -> None:
    if status in domain.OPEN:
        assert domain.cancel(domain.Action(status, 3)) == domain.Action(ActionStatus.CANCELLED, 4)
    else:
        with pytest.raises(domain.NotAllowed):
            domain.cancel(domain.Action(status, 3))


@given(st.sampled_from(sorted(ActionStatus)), st.sampled_from(sorted(ActionStatus)))
def test_an_answer_follows_the_table_or_is_refused(current: ActionStatus, to: ActionStatus) -> None:
    action = domain.Action(current, version=3)
    note = {"housing": "No vacancy this month"}
    if to in domain.ANSWERS and to in domain.TRANSITIONS[current]:
        assert domain.answer(action, status=to, note=note) == domain.Action(to, version=4)
    else:
        with pytest.raises(domain.NotAllowed):
            domain.answer(action, status=to, note=note)


def test_cannot_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="say why"):
        domain.answer(domain.Action(ActionStatus.ASSIGNED, 1), status=ActionStatus.CANNOT, note={"housing": "  "})


def plan(**changes: object) -> domain.Content:
    sound: dict[str, object] = {
        "texts": {"content.strengths": "Walks the dog"},
        "importances": {"content.needs[0].goals[0].importance": 8},
        "contingencies": (domain.Contingency(("Rent arrears letter",)),),
        "planned_review_at": NOW + timedelta(days=90),
    }
    return domain.Content(**{**sound, **changes})  # type: ignore[arg-type]


def test_a_sound_plan_has_no_problem() -> None:
    assert list(domain.plan_problems(plan(), now=NOW)) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"texts": {"content.strengths": "x" * 20_001}}, "content.strengths"),
        ({"importances": {"content.needs[0].goals[0].importance": 11}}, "content.needs[0].goals[0].importance"),
        ({"contingencies": (domain.Contingency((" ",)),)}, "content.contingency_plans[0].trigger_factors"),
        ({"planned_review_at": NOW + timedelta(days=5000)}, "content.planned_review_at"),
    ],
)
def test_an_unsound_plan_is_refused_by_field(changes: dict[str, object], field: str) -> None:
    assert [problem.field for problem in domain.plan_problems(plan(**changes), now=NOW)] == [field]


@pytest.mark.parametrize(
    ("organisation", "what", "due_at", "fields"),
    [
        ("", {}, None, ["organisation_id", "what"]),
        ("o", {"police": "Call weekly"}, NOW, ["due_at"]),
        ("o", {"police": "x" * 20_001}, None, ["what.police"]),
        ("o", {"police": "Call weekly"}, NOW + timedelta(hours=1), []),
    ],
)
def test_an_action_says_whom_what_and_when(
    organisation: str, what: dict[str, str], due_at: datetime | None, fields: list[str]
) -> None:
    problems = domain.action_problems(organisation_id=organisation, what=what, due_at=due_at, now=NOW)
    assert [problem.field for problem in problems] == fields


@given(st.sampled_from(sorted(EncounterClass)), st.timedeltas(timedelta(days=-400), timedelta(days=2)))
def test_only_recent_contacts_of_such_a_class_are_a_crisis(encounter: EncounterClass, ago: timedelta) -> None:
    crisis = domain.is_crisis(encounter, started_at=NOW + ago, now=NOW, within=THREE_DAYS)
    assert crisis == (encounter in domain.CRISES and -THREE_DAYS <= ago <= timedelta(minutes=10))


def test_every_class_of_contact_has_words_under_a_data_class() -> None:
    assert set(domain.ENCOUNTER_WORDS) == set(EncounterClass)
    assert {data_class for data_class, _ in domain.ENCOUNTER_WORDS.values()} <= {
        "health",
        "police",
        "housing",
        "social_care",
    }
