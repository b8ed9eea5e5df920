"""The support plan as a form, and a form as the support plan: input names are the paths of the proto's fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from joinedup.caseworker.v1 import plan_pb2
from joinedup.common.v1 import common_pb2
from services.portal.forms import Form
from services.portal.pages.parts import Choice, Input, Text
from services.portal.pages.plan import Group
from services.portal.pages.vocabulary import ABOUT_ME, CONTINGENCY, NARRATIVE_PARTS
from services.portal.shown.marks import Marks

GOAL = {"goal": "Goal or hope", "importance": "Importance, 1 to 10", "status": "Status", "outcome": "Outcome"}
TRIGGERS = "trigger_factors"
# Entries of one list in a form; more would be no plan.
_MOST = 100
_SHORT = frozenset({"importance", "status"})


@dataclass(frozen=True)
class Standing:
    """What the form changes: the plan as the reader was shown it, with the markers of what they were not."""

    content: plan_pb2.PlanContent
    marks: Marks


def read(form: Form, standing: Standing) -> tuple[plan_pb2.PlanContent, list[tuple[str, str]]]:
    """The content that was typed, and what cannot be read of it as (field, problem).

    An entry that was there stays in its place even when it was emptied: places tell entries apart.
    """
    wrong: list[tuple[str, str]] = []
    content = plan_pb2.PlanContent(
        about_me=plan_pb2.AboutMe(**{name: form.text(f"about_me.{name}") for name in ABOUT_ME}),
        strengths=form.text("strengths"),
        formulation=form.text("formulation"),
        care_funding_source=form.text("care_funding_source"),
        agreed_with_person=form.text("agreed_with_person") == "yes",
        responsible_for_review=form.text("responsible_for_review"),
    )
    for index in range(_count(form, "needs", len(standing.content.needs))):
        content.needs.append(_read_need(form, index, standing, wrong))
    for index in range(_count(form, "contingency_plans", len(standing.content.contingency_plans))):
        content.contingency_plans.append(_read_contingency(form, f"contingency_plans.{index}"))
    return content, wrong


def _read_need(form: Form, index: int, standing: Standing, wrong: list[tuple[str, str]]) -> plan_pb2.Need:
    path = f"needs.{index}"
    need = plan_pb2.Need(
        need=common_pb2.Narrative(**{name: form.text(f"{path}.need.{name}") for name in NARRATIVE_PARTS})
    )
    before = len(standing.content.needs[index].goals) if index < len(standing.content.needs) else 0
    for number in range(_count(form, f"{path}.goals", before)):
        place = f"{path}.goals.{number}"
        importance = form.text(f"{place}.importance")
        if importance and not (importance.isascii() and importance.isdigit() and 1 <= int(importance[:4]) <= 10):
            wrong.append((f"{place}.importance", "Importance is a number from 1 to 10"))
        texts = {name: form.text(f"{place}.{name}") for name in GOAL if name != "importance"}
        need.goals.append(plan_pb2.Goal(importance=form.number(f"{place}.importance") % 100, **texts))
    return need


def _read_contingency(form: Form, path: str) -> plan_pb2.ContingencyPlan:
    triggers = [line.strip() for line in form.text(f"{path}.{TRIGGERS}").splitlines() if line.strip()]
    texts = {name: form.text(f"{path}.{name}") for name in CONTINGENCY}
    return plan_pb2.ContingencyPlan(trigger_factors=triggers, **texts)


def _count(form: Iterable[str], path: str, before: int) -> int:
    """How many entries of a list a form holds, never fewer than there were."""
    pattern = re.compile(re.escape(path) + r"\.(\d{1,4})\.")
    numbers = [int(found[1]) for name in form if (found := pattern.match(name))]
    return max(before, min(_MOST, max(numbers, default=-1) + 1))


def groups(
    content: plan_pb2.PlanContent, standing: Standing, staff: Mapping[str, str], *, add: str = ""
) -> tuple[Group, ...]:
    """The form for a content; `add` brings one more blank entry: "need", "goal.<need>" or "contingency".

    `staff` may be responsible for the review, names by ids.
    """
    marks = standing.marks
    about = tuple(
        Input(f"about_me.{name}", label, _value(marks, f"about_me.{name}", getattr(content.about_me, name)))
        for name, label in ABOUT_ME.items()
    )
    return (
        Group("About me", about),
        Group("Strengths", (_top("strengths", "Strengths", content, marks),)),
        _needs(content, standing, add),
        _contingencies(content, standing, add),
        Group(
            "Formulation, funding and responsibility",
            (
                _top("formulation", "Formulation", content, marks),
                _top("care_funding_source", "Care funding source", content, marks),
                _responsible(content.responsible_for_review, staff),
            ),
        ),
    )


def _needs(content: plan_pb2.PlanContent, standing: Standing, add: str) -> Group:
    entries = list(content.needs) or [plan_pb2.Need()]
    if add == "need":
        entries.append(plan_pb2.Need())
    known = len(standing.content.needs)
    made = tuple(_need(one, index, standing.marks, add, new=index >= known) for index, one in enumerate(entries))
    intro = "Empty a need to remove it. Each part is shown only to those who may know it."
    return Group("Needs, concerns or problems", intro=intro, groups=made, add="need", add_text="Add a need")


def _need(one: plan_pb2.Need, index: int, marks: Marks, add: str, *, new: bool) -> Group:
    path = f"needs.{index}"
    inputs = tuple(
        Input(
            f"{path}.need.{name}",
            label,
            _value(None if new else marks, f"needs.need.{name}", getattr(one.need, name)),
            _unseen(marks, f"needs.need.{name}", new=new),
            rows=2,
        )
        for name, label in NARRATIVE_PARTS.items()
    )
    goals = list(one.goals)
    if add == f"goal.{index}" or not goals:
        goals.append(plan_pb2.Goal())
    shown = new or marks.of("content.needs.goals.goal") is None
    made = tuple(_goal(goal, f"{path}.goals.{number}", number) for number, goal in enumerate(goals)) if shown else ()
    return Group(
        f"Need {index + 1}",
        inputs,
        groups=made,
        add=f"goal.{index}" if shown else "",
        add_text=f"Add a goal to need {index + 1}",
    )


def _goal(one: plan_pb2.Goal, path: str, number: int) -> Group:
    values = {"goal": one.goal, "importance": str(one.importance or ""), "status": one.status, "outcome": one.outcome}
    inputs = tuple(
        Input(f"{path}.{name}", label, values[name], kind=_kind(name), rows=2) for name, label in GOAL.items()
    )
    return Group(f"Goal {number + 1}", inputs)


def _kind(name: str) -> Literal["textarea", "text", "number"]:
    return "number" if name == "importance" else "text" if name in _SHORT else "textarea"


def _contingencies(content: plan_pb2.PlanContent, standing: Standing, add: str) -> Group:
    entries = list(content.contingency_plans)
    if add == "contingency" or not entries:
        entries.append(plan_pb2.ContingencyPlan())
    known = len(standing.content.contingency_plans)
    made = tuple(_contingency(one, index, standing.marks, new=index >= known) for index, one in enumerate(entries))
    return Group("Contingency plans", groups=made, add="contingency", add_text="Add a contingency plan")


def _contingency(one: plan_pb2.ContingencyPlan, index: int, marks: Marks, *, new: bool) -> Group:
    path, held = f"contingency_plans.{index}", None if new else marks
    triggers = Input(
        f"{path}.{TRIGGERS}",
        "Trigger factors",
        _value(held, f"contingency_plans.{TRIGGERS}", "\n".join(one.trigger_factors)),
        "One on each line; at least one.",
    )
    rest = (
        Input(
            f"{path}.{name}",
            label,
            _value(held, f"contingency_plans.{name}", getattr(one, name)),
            _unseen(marks, f"contingency_plans.{name}", new=new),
            rows=2,
        )
        for name, label in CONTINGENCY.items()
    )
    return Group(f"Contingency plan {index + 1}", (triggers, *rest))


def _top(name: str, label: str, content: plan_pb2.PlanContent, marks: Marks) -> Input:
    return Input(name, label, _value(marks, name, getattr(content, name)))


def _responsible(chosen: str, staff: Mapping[str, str]) -> Input:
    choices = tuple(Choice(one, name, one == chosen) for one, name in staff.items())
    return Input("responsible_for_review", "Responsible for the review", kind="select", choices=choices)


def _unseen(marks: Marks, path: str, *, new: bool) -> str:
    """A word about what may be written, and is not shown again to whoever writes it."""
    return "You are not shown this again once it is saved." if new and marks.of(f"content.{path}") else ""


def _value(marks: Marks | None, path: str, value: str) -> Text:
    """A value, or that it is withheld; what is new (`marks` None) may be written, even if it is not shown again."""
    withheld = marks.of(f"content.{path}") if marks else None
    return withheld or value


def input_of(field: str) -> str:
    """The input that a service's name of a field means: `content.needs[0].need.health` is `needs.0.need.health`."""
    path = re.sub(r"\[(\d+)\]", r".\1", field.removeprefix("content."))
    return "review" if path == "planned_review_at" else path
