"""One version of a response-time rule: what it covers, how much time it allows, how that is counted, who says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from chassis import clock as working_time

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=80)]
Sentence = Annotated[str, Field(min_length=3, max_length=400)]


class Priority(StrEnum):
    """FHIR R4 request-priority."""

    ROUTINE = "routine"
    URGENT = "urgent"
    ASAP = "asap"
    STAT = "stat"


class Purpose(StrEnum):
    """What the clock measures; a referral that comes in starts the FIRST_RESPONSE clock of its team."""

    FIRST_RESPONSE = "first_response"
    ASSESSMENT = "assessment"
    DIAGNOSIS = "diagnosis"
    TREATMENT = "treatment"
    PREVENTION_DUTY = "prevention_duty"
    RELIEF_DUTY = "relief_duty"
    REVIEW = "review"
    ONBOARDING = "onboarding"


class Clock(StrEnum):
    """Whose time counts: the team's service hours, office days as statute counts them, or the plain calendar."""

    TEAM = "team"
    OFFICE = "office"
    CALENDAR = "calendar"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scope(_Data):
    """What a rule covers; no team kinds or no priorities means any."""

    purpose: Purpose
    team_kinds: tuple[Slug, ...] = ()
    priorities: tuple[Priority, ...] = ()

    def covers(self, *, purpose: str, team_kind: str, priority: str) -> bool:
        """Whether a referral of that priority to a team of that kind falls under the rule."""
        return (
            self.purpose == purpose
            and (not self.team_kinds or team_kind in self.team_kinds)
            and (not self.priorities or priority in self.priorities)
        )

    @property
    def precision(self) -> int:
        """Among rules that cover a referral the most precise holds: the team's kind weighs more than the priority."""
        return 2 * bool(self.team_kinds) + bool(self.priorities)

    def collides(self, other: Scope) -> bool:
        """Whether one referral could fall under both with neither more precise."""
        return (
            self.purpose == other.purpose
            and self.precision == other.precision
            and (not self.team_kinds or bool(set(self.team_kinds) & set(other.team_kinds)))
            and (not self.priorities or bool(set(self.priorities) & set(other.priorities)))
        )


class ResponseRule(_Data):
    """A version of a rule, in force from `valid_from` until its next version or `valid_until`, London dates.

    `threshold_percent` is the share that has to be on time where the standard names one. `unconfirmed` lists the fields
    whose value no published source confirms: a place checks them and, where they differ, adds its own version.
    """

    id: Slug
    title: Sentence
    version: int = Field(ge=1)
    valid_from: date
    valid_until: date | None = None
    applies_to: Scope
    target: int = Field(ge=1, le=2000)
    unit: working_time.Unit
    clock: Clock
    starts_at: Sentence
    pauses_allowed: bool
    threshold_percent: int | None = Field(default=None, ge=1, le=100)
    source: Sentence
    unconfirmed: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.unit.working == (self.clock is Clock.CALENDAR):
            raise ValueError(f"unit {self.unit} does not go with clock {self.clock}")
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValueError("valid_until is not after valid_from")
        if unknown := sorted(set(self.unconfirmed) - set(type(self).model_fields)):
            raise ValueError(f"unconfirmed names {unknown[0]}, which is no field of a rule")
        return self

    def due(
        self, start: datetime, team: working_time.Calendar, pauses: Sequence[working_time.Pause] = ()
    ) -> working_time.Due:
        """When a clock started at `start` runs out for a team with that calendar. Raises as `chassis.clock.due`."""
        calendar = working_time.Calendar.office() if self.clock is Clock.OFFICE else team
        named = f"{self.title} (rule {self.id}, version {self.version})"
        allowed = working_time.Rule(self.target, self.unit, named, pausable=self.pauses_allowed)
        return working_time.due(start, allowed, calendar, pauses)
