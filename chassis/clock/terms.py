"""The words of a clock: what is allowed, what may stop it, when it is due, and each step of how that came out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from chassis import errors
from chassis.clock import zone

# No published response time comes near it; a rule that does is a slip of the pen.
_MOST = 2_000


class Unit(StrEnum):
    """How time is counted. Working units heed the calendar; the others run through nights, weekends and holidays."""

    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"

    @property
    def working(self) -> bool:
        """Whether only working time counts."""
        return self in {Unit.WORKING_HOURS, Unit.WORKING_DAYS}


@dataclass(frozen=True, slots=True)
class Rule:
    """So much time is allowed. `pausable` only where the rule itself says that the clock may stand still."""

    amount: int
    unit: Unit
    name: str = ""
    pausable: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.amount <= _MOST:
            raise errors.Invalid.of("amount", f"{self.amount} is not between 1 and {_MOST}")

    def __str__(self) -> str:
        unit = self.unit.value.replace("_", " ").removesuffix("" if self.amount > 1 else "s")
        return f"{self.amount} {unit}"


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which the clock stood still, and why. One that still lasts ends, for the sum, at the present."""

    start: datetime
    end: datetime
    reason: str

    def __post_init__(self) -> None:
        if zone.aware_utc(self.start) > zone.aware_utc(self.end):
            raise errors.Invalid.of("pause", "it ends before it starts")


class StepKind(StrEnum):
    """What a step of the derivation does."""

    STARTED = "started"
    ALLOWED = "allowed"
    WAITED = "waited"
    SKIPPED = "skipped"
    PAUSED = "paused"
    CLOCKS_CHANGED = "clocks_changed"
    COUNTED = "counted"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the derivation: `day` is the local day that it is about, `text` a sentence for a person."""

    kind: StepKind
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Due:
    """When it is due, in UTC, and the steps that lead there."""

    at: datetime
    steps: tuple[Step, ...]

    def explain(self) -> list[str]:
        """The derivation in plain words, a sentence a line, in the order in which it was worked out."""
        return [step.text for step in self.steps]
