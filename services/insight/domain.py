"""Counting contacts in crisis in a sliding window, and when the count is a signal; what comes twice counts once."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Rule:
    """How many contacts in crisis within how many days are a signal. Configuration, not a clinical norm."""

    threshold: int
    window_days: int


@dataclass(frozen=True)
class Crossing:
    """The count reached the threshold: by which contact, and at how many."""

    encounter: str
    contacts: int
    at: int


@dataclass(frozen=True)
class Counted:
    """What is remembered of one person: contacts by key with their time (seconds since 1970), and whether armed.

    The count is disarmed when it reaches the threshold and armed again when it falls below, so that a person in need
    raises one signal for each rise, not one for each contact.
    """

    contacts: Mapping[str, int] = field(default_factory=dict)
    armed: bool = True
    referrals: frozenset[str] = frozenset()

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> Counted:
        """What was stored of a person, or nothing yet."""
        if not stored:
            return cls()
        return cls(dict(stored["contacts"]), bool(stored["armed"]), frozenset(stored["referrals"]))

    def stored(self) -> dict[str, Any]:
        """The same as plain values that a table can keep."""
        return {"contacts": dict(self.contacts), "armed": self.armed, "referrals": sorted(self.referrals)}


def contact(counted: Counted, *, encounter: str, at: int, rule: Rule) -> tuple[Counted, Crossing | None]:
    """Count one contact in crisis at `at` (seconds since 1970).

    The window ends at the latest contact known, so that contacts told late or twice lead to the same count. Answers
    what is to be remembered, and the crossing if this contact made one.
    """
    known = encounter in counted.contacts
    latest = max([at, *counted.contacts.values()])
    begins = latest - rule.window_days * DAY_SECONDS
    before = {key: moment for key, moment in counted.contacts.items() if moment > begins}
    armed = counted.armed or len(before) < rule.threshold
    contacts = {**before, encounter: at} if at > begins else before
    crossed = armed and not known and len(contacts) >= rule.threshold
    crossing = Crossing(encounter, len(contacts), at) if crossed else None
    return Counted(contacts, armed and not crossed, counted.referrals), crossing


@dataclass(frozen=True)
class Rise:
    """The count has reached the threshold and has not fallen below since: by which contact, and all that belong to it.

    A contact belongs to one rise: those in the window when the threshold was crossed, and all that came then.
    """

    crossing: Crossing
    encounters: frozenset[str]


def rise(contacts: Mapping[str, int], rule: Rule) -> Rise | None:
    """The rise in which somebody stands at the latest of all their contacts; None where the count is below.

    It follows from the contacts alone, in whichever order and under whichever ids they were told: counted one by one as
    they came they lead to the same.
    """
    window: deque[tuple[str, int]] = deque()
    found: Rise | None = None
    earlier: set[str] = set()
    for encounter, at in sorted(contacts.items(), key=lambda one: (one[1], one[0])):
        while window and window[0][1] <= at - rule.window_days * DAY_SECONDS:
            window.popleft()
        if found is not None and len(window) < rule.threshold:
            earlier |= found.encounters
            found = None
        window.append((encounter, at))
        if found is not None:
            found = Rise(found.crossing, found.encounters | {encounter})
        elif len(window) >= rule.threshold:
            own = frozenset(key for key, _ in window) - earlier
            found = Rise(Crossing(encounter, len(window), at), own)
    return found


def referral(counted: Counted, *, referral_id: str, is_open: bool) -> Counted:
    """Remember that a referral is open for the person, or no longer is."""
    change = {referral_id}
    referrals = counted.referrals | change if is_open else counted.referrals - change
    return Counted(counted.contacts, counted.armed, referrals)
