"""What would another version of a rule have said? Recomputes due times over clocks that already ran."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis import clock
from services.referrals.rulebook.rule import ResponseRule


@dataclass(frozen=True, slots=True)
class Run:
    """A clock as it ran: `reference` is the caller's own id for it; `stopped_at` None while it still runs."""

    reference: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    calendar: clock.Calendar
    pauses: tuple[clock.Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same clock under the other version. `met` is None where the clock had neither stopped nor run out."""

    reference: str
    due: clock.Due
    moved: timedelta
    met_before: bool | None
    met_after: bool | None


def replay(runs: Iterable[Run], *, under: ResponseRule, now: datetime) -> list[Replayed]:
    """Each run with its due time under that version, whatever version was in force when it started.

    Pauses are kept where that version allows pauses and dropped where it does not.
    """
    replayed = []
    for run in runs:
        due = under.due(run.started_at, run.calendar, run.pauses if under.pauses_allowed else ())
        replayed.append(
            Replayed(
                reference=run.reference,
                due=due,
                moved=due.at - run.due_at,
                met_before=_met(run.stopped_at, run.due_at, now),
                met_after=_met(run.stopped_at, due.at, now),
            )
        )
    return replayed


def _met(stopped_at: datetime | None, due_at: datetime, now: datetime) -> bool | None:
    if stopped_at is not None:
        return stopped_at <= due_at
    return None if now <= due_at else False
