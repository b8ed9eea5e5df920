"""The support plan as pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joinedup.caseworker.v1 import plan_pb2
from joinedup.common.v1 import common_pb2
from services.portal.directory import Names
from services.portal.pages import plan as pages
from services.portal.pages.parts import Due, Fact, Text, Withheld
from services.portal.pages.people import NarrativePart
from services.portal.pages.vocabulary import ABOUT_ME, CONTINGENCY, NARRATIVE_PARTS
from services.portal.shown.marks import Marks, gathered
from services.portal.shown.people import narrative
from services.portal.shown.referrals import moment

NEED = "content.needs.need"
GOALS = "content.needs.goals"
CONTINGENCIES = "content.contingency_plans"


def is_written(plan: plan_pb2.Plan) -> bool:
    """Whether anybody wrote in it: a case begins with an empty plan of version 1."""
    return plan.version > 1


def plan(found: plan_pb2.Plan, names: Names, *, now: datetime) -> pages.Plan:
    """A plan as the reader may see it."""
    content, marks = found.content, Marks(found.withheld)
    review = Due.of(moment(content.planned_review_at), now=now) if content.HasField("planned_review_at") else None
    return pages.Plan(
        version=found.version,
        updated_at=moment(found.updated_at) if found.HasField("updated_at") else None,
        updated_by=names.practitioner(found.updated_by) or "Joinedup",
        agreed_with_person=content.agreed_with_person,
        review=review,
        responsible_for_review=names.practitioner(content.responsible_for_review),
        about_me=_facts(content.about_me, "content.about_me", ABOUT_ME, marks),
        strengths=marks.text("content.strengths", content.strengths),
        needs=_needs(content, marks),
        contingencies=_contingencies(content, marks),
        formulation=marks.text("content.formulation", content.formulation),
        care_funding_source=marks.text("content.care_funding_source", content.care_funding_source),
    )


def _facts(message: Any, path: str, labels: Mapping[str, str], marks: Marks) -> tuple[Fact, ...]:
    values: list[tuple[str, Text]] = [
        (label, marks.text(f"{path}.{name}", getattr(message, name))) for name, label in labels.items()
    ]
    if all(isinstance(value, Withheld) for _, value in values):
        return (Fact("All of it", values[0][1]),)
    return tuple(gathered(values))


def _needs(content: plan_pb2.PlanContent, marks: Marks) -> tuple[pages.Need, ...]:
    shown = tuple(_need(one, marks) for one in content.needs)
    if not shown and all(marks.of(f"{NEED}.{name}") for name in NARRATIVE_PARTS):
        # Not even how many there are was released.
        return (pages.Need(narrative(common_pb2.Narrative(), NEED, marks)),)
    return shown


def _need(one: plan_pb2.Need, marks: Marks) -> pages.Need:
    said = narrative(one.need, NEED, marks, brief=True)
    withheld = marks.of(f"{GOALS}.goal")
    if withheld:
        return pages.Need((*said, NarrativePart("Goals and hopes", withheld)))
    goals = tuple(
        pages.Goal(goal.goal, goal.importance, goal.status or None, goal.outcome or None) for goal in one.goals
    )
    return pages.Need(said, goals)


def _contingencies(content: plan_pb2.PlanContent, marks: Marks) -> tuple[pages.Contingency, ...]:
    shown = tuple(_contingency(one, marks) for one in content.contingency_plans)
    withheld = [marks.of(f"{CONTINGENCIES}.{name}") for name in ("trigger_factors", *CONTINGENCY)]
    if not shown and withheld[0] and all(withheld):
        return (pages.Contingency(withheld[0], ()),)
    return shown


def _contingency(one: plan_pb2.ContingencyPlan, marks: Marks) -> pages.Contingency:
    return pages.Contingency(
        triggers=marks.of(f"{CONTINGENCIES}.trigger_factors") or tuple(one.trigger_factors),
        facts=_facts(one, CONTINGENCIES, CONTINGENCY, marks),
    )
