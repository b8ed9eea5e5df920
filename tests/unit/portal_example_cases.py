"""Invented but lifelike pages about cases: caseload, person, plan, actions and disclosures."""

from dataclasses import replace
from datetime import timedelta

from services.portal.pages import actions, caseload, closure, disclosures, parts, people, person, plan, vocabulary
from tests.unit.portal_example_people import (
    DARREN,
    HEALTH,
    HIDDEN,
    IRENA,
    LIVE,
    MAUREEN,
    MONEY,
    NOW,
    POLICE,
    SEARCH,
    TOBY,
    ago,
    due,
)

CASELOAD = caseload.CaseloadPage(
    whose="Your caseload",
    alerts=1,
    overdue=2,
    search=replace(
        SEARCH,
        action="/caseload",
        filter_name="whose",
        filters=(parts.Choice("mine", "Yours", selected=True), parts.Choice("team", "The whole team")),
    ),
    rows=(
        caseload.CaseRow("c1", MAUREEN, "Amara Okafor", ago(days=40), 4, 1, alert_at=ago(hours=14), review=due(days=9)),
        caseload.CaseRow("c2", TOBY, "Amara Okafor", ago(days=12), 2, 2, review=due(days=-3)),
        caseload.CaseRow("c3", DARREN, "Amara Okafor", ago(days=90), 1, 0, review=due(hours=20)),
        caseload.CaseRow("c4", IRENA, "Amara Okafor", ago(days=1), 0, 0),
    ),
    paging=parts.Paging(1, 4, 4),
    live=replace(LIVE, refresh="/caseload"),
)


def action(id: str, status: str, what: people.Narrative, deadline: parts.Due, **more: object) -> actions.Action:
    made = actions.Action(id, what, vocabulary.ACTION_STATUS[status], deadline, ago(days=9))
    return replace(made, **more)  # type: ignore[arg-type]


SAY = people.NarrativePart


def answered(deadline: timedelta, on_day: timedelta) -> parts.Due:
    return parts.Due.of(NOW + deadline, now=NOW, stopped_at=NOW + on_day)


ACTIONS = (
    action("a1", "assigned", (SAY("Housing", "Put the possession claim on hold while debt advice is running."),),
           due(days=-2), answer_href="/actions/a1"),
    action("a2", "accepted", (SAY("Housing", "Change the lock on the outer door."), SAY("Health", HEALTH)),
           due(days=4), answered_at=ago(days=7), answered_by="Liam Burrow, Northern Homes",
           note=(SAY("Housing", "Booked for Tuesday."),)),
    action("a3", "cannot", (SAY("Police", POLICE),), answered(timedelta(days=1), timedelta(days=-1)),
           answered_at=ago(days=1), answered_by="PC Bryn Hughes", note=(SAY("Police", POLICE),)),
    action("a4", "done", (SAY("Health", "Ring her every Monday and Thursday before noon."),),
           answered(timedelta(days=-1), timedelta(days=-3)),
           answered_at=ago(days=3), answered_by="Dr Priya Nair, Boutport Medical Centre"),
)  # fmt: skip

PLAN = plan.Plan(
    version=4,
    updated_at=ago(days=2),
    updated_by="Amara Okafor",
    agreed_with_person=True,
    review=due(days=9),
    responsible_for_review="Amara Okafor",
    about_me=tuple(
        parts.Fact(label, text)
        for label, text in zip(
            vocabulary.ABOUT_ME.values(),
            (
                "Staying in my flat. It is where I brought up the boys.",
                "My sister Jean. Kevin next door, who has a key.",
                "Ring, do not write. I cannot face brown envelopes.",
                None,
                "Please do tell me your name twice. Please don't come with a uniform if you can help it.",
                "Evenings are the worst, from about six.",
                HEALTH,
            ),
            strict=True,
        )
    ),
    strengths="Cooks for the whole landing. Never missed an appointment that somebody went to with her.",
    needs=(
        plan.Need(
            (SAY("Health", "Panic that feels like a heart attack, mostly alone and in the evening."),
             SAY("Police", POLICE)),
            (
                plan.Goal("An evening without ringing 999", 9, "In progress", "Three evenings last week"),
                plan.Goal("To know who to ring instead", 10),
            ),
        ),
        plan.Need((SAY("Housing", "Three months of arrears and a hearing on 4 December."), SAY("Money", MONEY))),
    ),
    contingencies=(
        plan.Contingency(
            ("Two nights without sleep", "A letter from the court"),
            (
                parts.Fact("What should happen", "Whoever is rung first rings the key worker before sending a car."),
                parts.Fact("Who should be contacted", "Amara Okafor by day; the crisis line 0800 555 0199 by night"),
                parts.Fact("Early warning signs", HEALTH),
                parts.Fact("Coping strategies", "Radio on, feet on the floor, count the tiles."),
                parts.Fact("Advance statement", None),
            ),
        ),
    ),
    formulation=HEALTH,
    care_funding_source=None,
)  # fmt: skip

CHRONOLOGY = (
    person.Entry("e1", ago(hours=14), vocabulary.CHRONOLOGY_KIND["alert"], "Attended A&E",
                 "North Devon District Hospital",
                 (SAY("Health", "Chest pain, discharged at 04:20. A court letter had come."),), alert=True),
    person.Entry("e2", ago(hours=30), vocabulary.CHRONOLOGY_KIND["action"], "Action answered: cannot",
                 "Devon and Cornwall Police, PC Bryn Hughes", (SAY("Police", POLICE),)),
    person.Entry("e3", ago(hours=32), vocabulary.CHRONOLOGY_KIND["plan"], "Plan changed", "Amara Okafor"),
    person.Entry("e4", ago(days=3), vocabulary.CHRONOLOGY_KIND["notification"],
                 "Message delivered to Northern Homes", "Joinedup"),
    person.Entry("e5", ago(days=40), vocabulary.CHRONOLOGY_KIND["referral"], "Referral accepted",
                 "Jo Trevithick, One Northern Devon"),
)  # fmt: skip
ABOUT = tuple(parts.Choice(value, text) for value, text in vocabulary.NARRATIVE_PARTS.items())
PERSON = person.PersonPage(
    person=MAUREEN,
    alert=CHRONOLOGY[0],
    waiting=1,
    overdue=1,
    cannot=1,
    unseen=(people.NarrativePart("Police, financial", POLICE), people.NarrativePart("Health", HEALTH)),
    agencies=(
        person.AgencyActions("Northern Homes", "Housing", ACTIONS[:2]),
        person.AgencyActions("Devon and Cornwall Police", "Police", ACTIONS[2:3]),
        person.AgencyActions("Boutport Medical Centre", "NHS", ACTIONS[3:]),
    ),
    plan=PLAN,
    chronology=CHRONOLOGY,
    chronology_paging=parts.Paging(1, 5, 23, next_href="/people/p1?page=2#chronology"),
    live=replace(LIVE, refresh="/people/p1"),
    edit_plan_href="/people/p1/plan",
    new_action_href="/people/p1/actions/new",
    closure_href="/people/p1/closure",
    disclosures_href="/people/p1/disclosures",
    note=person.NoteForm(parts.Form("/people/p1/notes", "k1"), ABOUT),
)
PERSON_NEW = replace(
    PERSON, person=IRENA, alert=None, waiting=0, overdue=0, cannot=0, unseen=(), agencies=(), plan=None,
    chronology=(), chronology_paging=parts.Paging(0, 0, 0),
)  # fmt: skip

PLAN_EDIT = plan.PlanEditPage(
    person=MAUREEN,
    form=parts.Form(
        "/people/p1/plan", "k2", version=4, problems=(parts.Problem("review", "The review must be after today"),)
    ),
    groups=(
        plan.Group(
            "About me",
            tuple(
                parts.Input(f"about_me.{name}", label, fact.value)
                for (name, label), fact in zip(vocabulary.ABOUT_ME.items(), PLAN.about_me, strict=True)
            ),
        ),
        plan.Group(
            "Needs, concerns or problems",
            groups=(
                plan.Group(
                    "Need 1",
                    (parts.Input("needs.0.need.health", "Health", "Panic that feels like a heart attack."),),
                    groups=(
                        plan.Group(
                            "Goal 1",
                            (
                                parts.Input("needs.0.goals.0.goal", "Goal or hope", "An evening without 999", rows=2),
                                parts.Input("needs.0.goals.0.importance", "Importance, 1 to 10", "9", kind="number"),
                            ),
                        ),
                    ),
                    add="goal.0",
                    add_text="Add a goal to need 1",
                ),
            ),
            add="need",
            add_text="Add a need",
        ),
    ),
    agreed_with_person=True,
    review=parts.DateInput("review", "Planned review", "1", "11", "2025", hint="For example, 4 12 2025"),
    cancel_href="/people/p1",
)
ACTION_NEW = actions.ActionNewPage(
    person=MAUREEN,
    form=parts.Form("/people/p1/actions", "k3", problems=(parts.Problem("organisation", "Choose who should do it"),)),
    organisations=(parts.Choice("o1", "Northern Homes (housing)"), parts.Choice("o2", "Devon and Cornwall Police")),
    inputs=tuple(
        parts.Input(f"what.{part}", label, hint="Read by health and council under DSA-12") for part, label in (
            ("housing", "Housing"), ("health", "Health"), ("social_care", "Social care"))
    ),
    due=parts.DateInput("due", "By when?", hint="For example, 4 12 2025"),
    cancel_href="/people/p1",
)  # fmt: skip
CLOSURE = closure.ClosurePage(
    person=MAUREEN,
    form=parts.Form(
        "/people/p1/closure", "k5", version=4, problems=(parts.Problem("reason", "Choose why it is closed"),)
    ),
    reasons=vocabulary.CLOSURE_REASONS,
    about=ABOUT,
    waiting=2,
    cancel_href="/people/p1",
)
ACTION_ANSWER = actions.ActionAnswerPage(
    person=MAUREEN,
    action=replace(ACTIONS[0], answer_href=""),
    asked_by="Amara Okafor, One Northern Devon",
    form=parts.Form("/actions/a1", "k4", version=1),
    about=ABOUT,
    back_href="/actions",
)
MY_ACTIONS = actions.MyActionsPage(
    organisation="Northern Homes",
    waiting=1,
    overdue=1,
    search=parts.Search("/actions", "", "", filters=(parts.Choice("", "Open", selected=True),)),
    rows=(
        actions.MyActionRow(ACTIONS[0], MAUREEN, "Amara Okafor, One Northern Devon", new=True),
        actions.MyActionRow(replace(ACTIONS[1], answer_href="/actions/a2"), HIDDEN, "Jo Trevithick"),
    ),
    paging=parts.Paging(1, 2, 2),
    live=replace(LIVE, refresh="/actions"),
)
DISCLOSURES = disclosures.DisclosuresPage(
    person=MAUREEN,
    search=parts.Search(
        "/people/p1/disclosures", "", "", filters=(parts.Choice("", "Everybody", selected=True),),
    ),
    rows=(
        disclosures.Disclosure(
            4179, 4182, ago(minutes=20), "Liam Burrow", "Northern Homes", "Direct care", "plan partner",
            ("Identifying", "Contact", "Housing"), ("Health", "Police"),
            "Northern Devon housing and health agreement, version 2", "UK GDPR 6(1)(e); Care Act 2014 s6",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ),
        disclosures.Disclosure(
            4177, 4177, ago(days=1), "Sam Pike", "Plough and Share CIC", "Direct care", "nobody we know of", (),
            ("Identifying",), "", "None: no relationship", "2c26b46b68ffc68ff99b453c1d304134",
        ),
    ),
    paging=parts.Paging(1, 2, 2),
    intact=True,
)  # fmt: skip
