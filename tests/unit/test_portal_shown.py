"""Answers of services as parts of pages: nothing is lost, withheld is said once and never looks like empty."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from chassis.disclosure import labels, redaction
from chassis.disclosure.decision import Decision, Outcome, Released, Withheld
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, events_pb2, governance_pb2
from joinedup.identity.v1 import identity_pb2
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import referrals_pb2
from services.portal import forms
from services.portal.directory import Names
from services.portal.pages import parts
from services.portal.shown import actions, cases, disclosures, marks, people, plan_form, plans, referrals

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMES = Names({"kay": "Kay West"}, {"trust": directory_pb2.Organisation(id="trust", name="The Trust")})
EVERYTHING = frozenset(labels.PERSONAL_CLASSES)
MONEY, HEALTH = options_pb2.DATA_CLASS_FINANCE, options_pb2.DATA_CLASS_HEALTH


def redacted(message: object, released: frozenset[int] | set[int]) -> None:
    right = Released("a", 1, "r", "law")
    outcomes = {
        number: right if number in released else Withheld("no_agreement", f"No sharing agreement lets you see {number}")
        for number in labels.PERSONAL_CLASSES
    }
    redaction.redact(redaction.subjects(message), lambda _: Decision(outcomes, (), is_stranger=False))  # type: ignore[arg-type]


def maggie() -> identity_pb2.Person:
    known = identity_pb2.Demographics(
        nhs_number="9991116680",
        name=identity_pb2.Name(given=["Margaret", "Rose"], family="Wójcik-Pascoe"),
        birth_date="1973-03-09",
        gender="female",
        address=identity_pb2.Address(lines=["Flat 3", "Moorgate"], postcode="WH2 4QP"),
    )
    return identity_pb2.Person(person_id="p", demographics=known)


def test_somebody_as_far_as_the_reader_may_know() -> None:
    shown = people.person("p", maggie(), today=date(2026, 3, 8))
    assert (shown.name, shown.age, shown.gender) == ("Margaret Rose Wójcik-Pascoe", 52, "Female")
    assert shown.address == "Flat 3, Moorgate WH2 4QP"
    assert shown.telephone is None
    hidden = maggie()
    redacted(hidden, {options_pb2.DATA_CLASS_IDENTIFYING})
    police = people.person("p", hidden, today=date(2026, 3, 9))
    assert (police.name, police.age) == ("Margaret Rose Wójcik-Pascoe", 53)
    assert isinstance(police.address, parts.Withheld)
    assert police.address.because.startswith("no sharing agreement")


def test_a_name_that_is_on_its_way_says_so() -> None:
    pending = people.person("p", None, today=NOW.date())
    assert (pending.name, pending.pending) == ("Name on its way", True)


@pytest.mark.parametrize("text", ["wojcik", "PASCOE marg", "rose", "999 111", "6680", "Wójcik-Pascoe"])
def test_a_search_finds(text: str) -> None:
    assert people.matches(maggie(), text)


@pytest.mark.parametrize("text", ["jcik", "margaret smith", "998", "-", ""])
def test_a_search_does_not_find(text: str) -> None:
    assert not people.matches(maggie(), text)
    hidden = maggie()
    redacted(hidden, set())
    assert not people.matches(hidden, "margaret")
    assert not people.matches(hidden, "999")


def test_what_is_withheld_for_one_reason_is_told_once() -> None:
    action = caseworker_pb2.Action(person_id="p", what=common_pb2.Narrative(police="Mark the address", health="Drinks"))
    redacted(action, {options_pb2.DATA_CLASS_POLICE})
    told = people.narrative(action.what, "what", marks.Marks(action.withheld))
    assert [part.label for part in told] == [
        "Police",
        "In the person's words, health, social care, housing, safeguarding, money",
    ]
    assert isinstance(told[1].value, parts.Withheld)
    brief = people.narrative(action.what, "what", marks.Marks(action.withheld), brief=True)
    assert [part.value for part in brief] == ["Mark the address"]


def test_brief_never_makes_withheld_look_like_empty() -> None:
    action = caseworker_pb2.Action(person_id="p", what=common_pb2.Narrative(health="Drinks"))
    redacted(action, {options_pb2.DATA_CLASS_POLICE})
    told = people.narrative(action.what, "what", marks.Marks(action.withheld), brief=True)
    assert [type(part.value) for part in told] == [parts.Withheld]


def test_an_alert_is_not_said_to_withhold_what_no_alert_can_hold() -> None:
    entry = caseworker_pb2.ChronologyEntry(
        person_id="p", kind=caseworker_pb2.CHRONOLOGY_KIND_ALERT, title="Crisis alert", organisation_id="trust"
    )
    redacted(entry, EVERYTHING - {MONEY})
    (shown,) = cases.entries([entry], NAMES)
    assert (shown.narrative, shown.by, shown.alert) == ((), "The Trust", True)
    redacted(entry, EVERYTHING - {HEALTH})
    (shown,) = cases.entries([entry], NAMES)
    assert [part.label for part in shown.narrative] == ["Health"]


def protected(message: Message) -> None:
    """As the frame sends a message about a restricted person to somebody who is released all else."""
    right: dict[int, Outcome] = dict.fromkeys(labels.PERSONAL_CLASSES, Released("a", 1, "r", "law"))
    outcomes = {**right, options_pb2.DATA_CLASS_CONTACT: Withheld("restricted", "Their whereabouts are protected")}
    redaction.redact(
        redaction.subjects(message), lambda _: Decision(outcomes, (1,), is_stranger=False, restricted=True)
    )


def test_a_contact_names_the_service_unless_that_tells_where_somebody_is() -> None:
    entry = caseworker_pb2.ChronologyEntry(person_id="p", kind=caseworker_pb2.CHRONOLOGY_KIND_ENCOUNTER)
    entry.narrative.health, entry.contact_with.health = "Seen in general practice", "Fellgate Surgery"
    redacted(entry, EVERYTHING)
    (shown,) = cases.entries([entry], NAMES)
    assert shown.by == "Fellgate Surgery"
    protected(entry)
    (shown,) = cases.entries([entry], NAMES)
    assert [part.value for part in shown.narrative] == ["Seen in general practice"]
    assert isinstance(shown.by, parts.Withheld)
    assert shown.by.reason == "restricted"


def test_a_contact_that_is_withheld_as_a_whole_is_marked_once() -> None:
    entry = caseworker_pb2.ChronologyEntry(person_id="p", kind=caseworker_pb2.CHRONOLOGY_KIND_ENCOUNTER)
    entry.narrative.health, entry.contact_with.health = "Seen in general practice", "Fellgate Surgery"
    redacted(entry, EVERYTHING - {HEALTH})
    (shown,) = cases.entries([entry], NAMES)
    assert (shown.by, [part.label for part in shown.narrative]) == ("", ["Health"])


def test_whose_an_action_is_and_who_referred_are_said_to_be_withheld() -> None:
    action = caseworker_pb2.Action(person_id="p", status=caseworker_pb2.ACTION_STATUS_DONE)
    action.answered_at.GetCurrentTime()
    action.withheld.append(redaction.whereabouts_withheld("organisation_id"))
    (agency,) = actions.by_agency([action], NAMES, now=datetime.now(UTC))
    assert agency.organisation == agency.actions[0].answered_by == marks.UNSAID
    referral = referrals_pb2.Referral(person_id="p", decisions=[referrals_pb2.Decision()])
    referral.withheld.append(redaction.whereabouts_withheld("referrer_organisation_id"))
    told = referrals.facts(referral, NAMES, team="")[0]
    assert isinstance(told.value, parts.Withheld)
    assert referrals.history(referral, NAMES)[0].by == marks.UNSAID


def plan() -> plan_pb2.PlanContent:
    content = plan_pb2.PlanContent(
        about_me=plan_pb2.AboutMe(what_is_most_important_to_me="The dog\nand the flat"),
        strengths="Cooks",
        agreed_with_person=True,
        formulation="Loss",
        care_funding_source="Council",
    )
    need = content.needs.add()
    need.need.MergeFrom(common_pb2.Narrative(health="Panic", finance="Debt"))
    need.goals.add(goal="A quiet evening", importance=9, status="active", outcome="Three last week")
    content.contingency_plans.add(trigger_factors=["A letter", "No sleep"], coping_strategies="Radio")
    return content


def sent(groups: tuple[object, ...]) -> dict[str, str]:
    """What a browser sends of a form that nobody touched."""
    found: dict[str, str] = {}
    for group in groups:
        for each in group.inputs:  # type: ignore[attr-defined]
            if not isinstance(each.value, parts.Withheld):
                chosen = next((choice.value for choice in each.choices if choice.selected), "")
                found[each.name] = chosen if each.kind == "select" else each.value or ""
        found |= sent(group.groups)  # type: ignore[attr-defined]
    return found


@given(st.sets(st.sampled_from(sorted(EVERYTHING))))
def test_a_plan_that_is_opened_and_saved_says_what_was_shown(released: set[int]) -> None:
    found = plan_pb2.Plan(person_id="p")
    found.content.CopyFrom(plan())
    redacted(found, released)
    standing = plan_form.Standing(found.content, marks.Marks(found.withheld))
    form = forms.Form({**sent(plan_form.groups(found.content, standing, {})), "agreed_with_person": "yes"})
    content, wrong = plan_form.read(form, standing)
    assert wrong == []
    from services.caseworker import withheld

    assert withheld.without_empty(withheld.keep(plan(), content, released)) == plan()


def test_more_entries_and_wrong_numbers_of_a_plan() -> None:
    standing = plan_form.Standing(plan_pb2.PlanContent(), marks.Marks([]))
    form = forms.Form(
        {
            "needs.1.need.housing": "Arrears",
            "needs.1.goals.0.importance": "eleven",
            "needs.99999.need.health": "far",
            "needs.5000.need.health": "far",
            "contingency_plans.0.trigger_factors": " a letter \n\n no sleep",
        }
    )
    content, wrong = plan_form.read(form, standing)
    assert wrong == [("needs.1.goals.0.importance", "Importance is a number from 1 to 10")]
    assert len(content.needs) == 100
    assert list(content.contingency_plans[0].trigger_factors) == ["a letter", "no sleep"]
    added = plan_form.groups(content, standing, {}, add="goal.1")
    assert len(added[2].groups[1].groups) == 2
    assert plan_form.input_of("content.needs[0].goals[2].goal") == "needs.0.goals.2.goal"


def test_a_plan_as_readers_of_different_sectors_see_it() -> None:
    found = plan_pb2.Plan(person_id="p", version=3, updated_by="practitioner:kay")
    found.content.CopyFrom(plan())
    redacted(found, EVERYTHING - {MONEY})
    nhs = plans.plan(found, NAMES, now=NOW)
    assert (nhs.updated_by, nhs.strengths) == ("Kay West", "Cooks")
    assert [part.value for part in nhs.needs[0].need] == ["Panic"]
    assert isinstance(nhs.care_funding_source, parts.Withheld)
    redacted(found, {options_pb2.DATA_CLASS_POLICE})
    police = plans.plan(found, NAMES, now=NOW)
    assert [fact.label for fact in police.about_me] == ["All of it"]
    assert isinstance(police.contingencies[0].triggers, parts.Withheld)


def test_a_referral_in_a_line() -> None:
    one = referrals_pb2.Referral(
        referral_id="r", person_id="p", referrer_organisation_id="trust", status=referrals_pb2.STATUS_RECEIVED
    )
    one.received_at.FromDatetime(NOW - timedelta(minutes=5))
    one.narrative.health = "x" * 400 + "\nmore"
    row = referrals.row(one, people.person("p", None, today=NOW.date()), NAMES, now=NOW)
    assert (row.new, row.referrer, row.due) == (True, "The Trust", None)
    assert len(str(row.reason)) == 238
    one.narrative.health = ""
    one.reason_codes.append("http://snomed.info/sct|248062006|Self-injurious behaviour")
    assert referrals.row(one, row.person, NAMES, now=NOW).reason == "Self-injurious behaviour"
    redacted(one, {options_pb2.DATA_CLASS_IDENTIFYING})
    assert isinstance(referrals.row(one, row.person, NAMES, now=NOW).reason, parts.Withheld)


def entry(
    sequence: int, minutes: int, *classes: tuple[options_pb2.DataClass.ValueType, bool], who: str = "kay"
) -> governance_pb2.LedgerEntry:
    told = events_pb2.DisclosureRecorded(
        person_id="p", practitioner_id=who, organisation_id="trust", purpose="direct_care", actor=f"practitioner:{who}"
    )
    told.at.FromDatetime(NOW - timedelta(minutes=minutes))
    for number, released in classes:
        told.classes.add(
            data_class=number,
            released=released,
            agreement_id="a" if released else "",
            agreement_version=1 if released else 0,
            lawful_basis="UK GDPR 6(1)(e); consent" if released else "",
        )
    return governance_pb2.LedgerEntry(sequence=sequence, disclosure=told, hash=f"{sequence:064}")


def test_entries_of_one_visit_stand_together() -> None:
    shown = disclosures.entries(
        [
            entry(9, 0, (HEALTH, True), (MONEY, False)),
            entry(8, 1, (options_pb2.DATA_CLASS_IDENTIFYING, True)),
            entry(7, 2, (HEALTH, False)),
            entry(6, 3, (HEALTH, True), who="lee"),
            entry(5, 60, (HEALTH, True), who="lee"),
        ],
        NAMES,
        {"a": "The agreement"},
    )
    assert [(one.first, one.last) for one in shown] == [(8, 9), (7, 7), (6, 6), (5, 5)]
    assert shown[0].released == ("Health", "Identifying")
    assert (shown[0].withheld, shown[0].agreement) == (("Financial",), "The agreement, version 1")
    assert shown[0].lawful_basis == "UK GDPR 6(1)(e); consent"
    assert shown[1].lawful_basis == "Nothing was released"
    assert shown[2].who == "Somebody who is no longer listed"


def test_days_as_people_type_them() -> None:
    form = forms.Form({"due[day]": "4", "due[month]": "7", "due[year]": "2027"})
    assert form.day("due", time(17)) == datetime(2027, 7, 4, 16, tzinfo=UTC)
    assert forms.Form({}).day("due", time(17)) is None
    for wrong in ({"due[day]": "31", "due[month]": "2", "due[year]": "2027"}, {"due[day]": "4"}, {"due[day]": "x"}):
        assert forms.day_problem(forms.Form(wrong), "due", time(17)) == parts.Problem(
            "due", "Enter a real date, such as 4 12 2026"
        )
