"""A plan that is saved by somebody who was shown only a part of it keeps the other part."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import errors
from chassis.disclosure import labels, redaction
from chassis.disclosure.decision import Decision, Released, Withheld
from joinedup.caseworker.v1 import plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2
from services.caseworker import withheld

EVERYTHING = frozenset(labels.PERSONAL_CLASSES)
NOT_MONEY = EVERYTHING - {options_pb2.DATA_CLASS_FINANCE}
NOT_VOICE = EVERYTHING - {options_pb2.DATA_CLASS_VOICE}


def plan() -> plan_pb2.PlanContent:
    return plan_pb2.PlanContent(
        about_me=plan_pb2.AboutMe(what_is_most_important_to_me="The dog"),
        strengths="Cooks",
        needs=[
            plan_pb2.Need(
                need=common_pb2.Narrative(health="Panic", finance="Owes two thousand"),
                goals=[plan_pb2.Goal(goal="A quiet evening", importance=9)],
            ),
            plan_pb2.Need(need=common_pb2.Narrative(finance="No income")),
        ],
        contingency_plans=[plan_pb2.ContingencyPlan(trigger_factors=["A letter"], coping_strategies="Radio")],
        care_funding_source="Council",
        agreed_with_person=True,
    )


def shown(content: plan_pb2.PlanContent, released: Collection[int]) -> plan_pb2.PlanContent:
    """The content as the frame sends it to a reader who is released these classes."""
    right, no_right = Released("a", 1, "r", "law"), Withheld("no_agreement", "No sharing agreement")
    outcomes = {number: right if number in released else no_right for number in labels.PERSONAL_CLASSES}
    message = plan_pb2.Plan(person_id="p")
    message.content.CopyFrom(content)
    redaction.redact(redaction.subjects(message), lambda _: Decision(outcomes, (), is_stranger=False))
    return message.content


def saved(
    standing: plan_pb2.PlanContent, sent: plan_pb2.PlanContent, released: Collection[int]
) -> plan_pb2.PlanContent:
    return withheld.without_empty(withheld.keep(standing, sent, released))


def everything_in(content: plan_pb2.PlanContent, classes: Collection[int]) -> str:
    """What a content holds of these classes, entries of lists in their order, as text."""
    redacted = withheld.without_empty(shown(content, classes))
    redacted.agreed_with_person = False
    return str(redacted)


@given(st.sets(st.sampled_from(sorted(EVERYTHING))))
def test_saving_what_was_shown_changes_nothing(released: set[int]) -> None:
    assert saved(plan(), shown(plan(), released), released) == plan()


@given(st.sets(st.sampled_from(sorted(EVERYTHING))))
def test_whatever_is_emptied_what_was_withheld_stays(released: set[int]) -> None:
    emptied = shown(plan(), released)
    needs = [plan_pb2.Need() for _ in emptied.needs]
    emptied.CopyFrom(plan_pb2.PlanContent(needs=needs, agreed_with_person=True))
    emptied.contingency_plans.extend(plan_pb2.ContingencyPlan() for _ in shown(plan(), released).contingency_plans)
    kept = saved(plan(), emptied, released)
    unseen = EVERYTHING - released
    assert everything_in(kept, unseen) == everything_in(plan(), unseen)
    assert not everything_in(kept, released)


def test_what_is_shown_can_be_changed_and_removed() -> None:
    sent = shown(plan(), NOT_MONEY)
    sent.needs[0].need.health = "Panic, mostly in the evening"
    sent.needs[0].goals.pop()
    sent.needs.add().need.housing = "Arrears"
    kept = saved(plan(), sent, NOT_MONEY)
    assert kept.needs[0].need.health == "Panic, mostly in the evening"
    assert kept.needs[0].need.finance == "Owes two thousand"
    assert not kept.needs[0].goals
    assert kept.needs[1].need.finance == "No income"
    assert kept.needs[2].need.housing == "Arrears"
    assert kept.care_funding_source == "Council"


def test_an_entry_that_is_emptied_goes_unless_something_in_it_is_withheld() -> None:
    standing = plan()
    standing.needs.add().need.health = "Sleeps badly"
    sent = shown(standing, NOT_MONEY)
    for need in sent.needs:
        need.Clear()
    kept = saved(standing, sent, NOT_MONEY)
    assert [need.need.finance for need in kept.needs] == ["Owes two thousand", "No income"]
    assert not kept.needs[0].need.health


def test_entries_cannot_be_left_out_when_they_may_hold_what_is_withheld() -> None:
    sent = shown(plan(), NOT_MONEY)
    del sent.needs[1]
    with pytest.raises(errors.Invalid) as refusal:
        withheld.keep(plan(), sent, NOT_MONEY, "content.")
    assert [violation.field for violation in refusal.value.violations] == ["content.needs"]
    assert saved(plan(), sent, EVERYTHING).needs == sent.needs


def test_a_withheld_field_cannot_be_overwritten() -> None:
    sent = shown(plan(), NOT_MONEY)
    sent.needs[1].need.finance = "Rich"
    sent.care_funding_source = "Self"
    with pytest.raises(errors.Invalid) as refusal:
        withheld.keep(plan(), sent, NOT_MONEY, "content.")
    assert {violation.field for violation in refusal.value.violations} == {
        "content.needs[1].need.finance",
        "content.care_funding_source",
    }


def test_something_new_may_say_what_its_writer_will_not_be_shown_again() -> None:
    sent = shown(plan(), NOT_VOICE)
    assert not sent.needs[0].goals
    sent.needs.add().need.voice = "She wants to be near her sister"
    sent.needs[0].goals.add().goal = "To be near her sister"
    kept = saved(plan(), sent, NOT_VOICE)
    assert kept.needs[2].need.voice == "She wants to be near her sister"
    assert [goal.goal for goal in kept.needs[0].goals] == ["A quiet evening", "To be near her sister"]
    assert kept.strengths == "Cooks"
