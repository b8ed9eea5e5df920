"""When a trace is asked again after a failure, and when a human has to look; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.identity.store.traces import Claim, State

# After the first, second and third fault of the question itself; after the fourth it is parked.
_AFTER_FAULT = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6))
_MOMENT = timedelta(seconds=2)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Next:
    """What follows a failure: the state, when it is due again, and how many faults it has had by now."""

    state: State
    at: datetime
    faults: int


def at_once(claim: Claim, *, now: datetime) -> Next:
    """The record changed while it was asked about: again, by what is known now."""
    return Next(State.WAITING, now + _MOMENT, claim.faults)


def while_away(claim: Claim, *, after_seconds: float, now: datetime) -> Next:
    """The PDS is away, or does not admit us: nothing about the person is at fault, and nobody is parked for it."""
    pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(claim.attempts - 1, 10))
    return Next(State.WAITING, now + max(pause, timedelta(seconds=after_seconds)), claim.faults)


def after_fault(claim: Claim, *, now: datetime) -> Next:
    """The question was refused, or its answer could not be read."""
    if claim.faults >= len(_AFTER_FAULT):
        return Next(State.PARKED, now, claim.faults + 1)
    return Next(State.WAITING, now + _AFTER_FAULT[claim.faults], claim.faults + 1)
