"""The support plan under the PRSB headings, to read and to write."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.portal.pages.parts import DateInput, Due, Fact, Form, Input, Text, Withheld
from services.portal.pages.people import Narrative, Person


@dataclass(frozen=True)
class Goal:
    """A goal or hope; importance is 1 to 10, 0 where it was not asked."""

    goal: Text
    importance: int = 0
    status: Text = None
    outcome: Text = None


@dataclass(frozen=True)
class Need:
    """A need, concern or problem and the goals that answer it."""

    need: Narrative
    goals: tuple[Goal, ...] = ()


@dataclass(frozen=True)
class Contingency:
    """What to do when things go wrong."""

    triggers: tuple[str, ...] | Withheld
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Plan:
    """A plan as the reader may see it."""

    version: int
    updated_at: datetime | None
    updated_by: str
    agreed_with_person: bool
    review: Due | None
    responsible_for_review: str
    about_me: tuple[Fact, ...]
    strengths: Text
    needs: tuple[Need, ...]
    contingencies: tuple[Contingency, ...]
    formulation: Text
    care_funding_source: Text


@dataclass(frozen=True)
class Group:
    """Inputs under one heading of the form; `groups` nest once, for goals below needs."""

    heading: str
    inputs: tuple[Input, ...] = ()
    intro: str = ""
    groups: tuple["Group", ...] = ()
    add: str = ""  # value of the button `add` that brings one more blank group, e.g. "need" or "goal.0"
    add_text: str = ""


@dataclass(frozen=True)
class PlanEditPage:
    """The plan as a form. The buttons are named `save` and `add`; a press of `add` brings the form back one longer.

    Input names are the proto's paths: `about_me.my_wellness`, `needs.0.need.health`, `needs.0.goals.1.importance`,
    `contingency_plans.0.trigger_factors` (one a line), `agreed_with_person` (checkbox, "yes"), `review[day]` and so on.
    """

    template: ClassVar[str] = "plan_edit.html"
    person: Person
    form: Form
    groups: tuple[Group, ...]
    agreed_with_person: bool
    review: DateInput
    cancel_href: str
