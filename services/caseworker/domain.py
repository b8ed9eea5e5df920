"""The rules of casework: the life of an action, what makes a plan sound, and which contacts are a crisis."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

# Longest text of one heading, in characters.
LONGEST_TEXT = 20_000


class ActionStatus(enum.StrEnum):
    """PRSB "actions and activities": the status of one action."""

    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    DONE = "done"
    CANNOT = "cannot"
    CANCELLED = "cancelled"


# An answer that was given is not taken back: a new action says what is to be done instead.
TRANSITIONS: Mapping[ActionStatus, frozenset[ActionStatus]] = {
    ActionStatus.ASSIGNED: frozenset(
        {ActionStatus.ACCEPTED, ActionStatus.DONE, ActionStatus.CANNOT, ActionStatus.CANCELLED}
    ),
    ActionStatus.ACCEPTED: frozenset({ActionStatus.DONE, ActionStatus.CANNOT, ActionStatus.CANCELLED}),
    ActionStatus.DONE: frozenset(),
    ActionStatus.CANNOT: frozenset(),
    ActionStatus.CANCELLED: frozenset(),
}

# What an organisation may answer.
ANSWERS = frozenset({ActionStatus.ACCEPTED, ActionStatus.DONE, ActionStatus.CANNOT})
# What still waits for somebody.
OPEN = frozenset({ActionStatus.ASSIGNED, ActionStatus.ACCEPTED})


class CaseStatus(enum.StrEnum):
    """A case is open, or it was."""

    OPEN = "open"
    CLOSED = "closed"


# Who needs help again is referred again: that opens another case, and this one stays as it was closed.
CASE_TRANSITIONS: Mapping[CaseStatus, frozenset[CaseStatus]] = {
    CaseStatus.OPEN: frozenset({CaseStatus.CLOSED}),
    CaseStatus.CLOSED: frozenset(),
}


class ClosureReason(enum.StrEnum):
    """Why a case ends. A local list: no standard names one."""

    DONE = "done"
    DECLINED = "declined"
    MOVED_AWAY = "moved_away"
    DIED = "died"
    OTHER_CASE = "other_case"
    OTHER = "other"


CLOSURE_WORDS: Mapping[ClosureReason, str] = {
    ClosureReason.DONE: "What was planned is done",
    ClosureReason.DECLINED: "The person does not want support any more",
    ClosureReason.MOVED_AWAY: "The person has moved away",
    ClosureReason.DIED: "The person has died",
    ClosureReason.OTHER_CASE: "The person has another case, which goes on",
    ClosureReason.OTHER: "For another reason",
}


class EncounterClass(enum.StrEnum):
    """Kind of a contact with a service, named as on the wire."""

    EMERGENCY = "emergency"
    AMBULANCE = "ambulance"
    POLICE = "police"
    PRIMARY_CARE = "primary_care"
    HOUSING = "housing"
    INPATIENT = "inpatient"
    COMMUNITY = "community"


CRISES = frozenset({EncounterClass.EMERGENCY, EncounterClass.AMBULANCE, EncounterClass.POLICE})

# What a contact says about the person, and the class of data that this is: a police contact is police information, and
# may be withheld from a reader who is told of an attendance at A&E.
ENCOUNTER_WORDS: Mapping[EncounterClass, tuple[str, str]] = {
    EncounterClass.EMERGENCY: ("health", "Attended A&E"),
    EncounterClass.AMBULANCE: ("health", "Ambulance called"),
    EncounterClass.POLICE: ("police", "Contact with the police"),
    EncounterClass.PRIMARY_CARE: ("health", "Seen in general practice"),
    EncounterClass.HOUSING: ("housing", "Contact with the housing service"),
    EncounterClass.INPATIENT: ("health", "In hospital"),
    EncounterClass.COMMUNITY: ("social_care", "Seen by a community service"),
}

_WITH = ", "


def contact(encounter: EncounterClass, organisation: str) -> tuple[str, str]:
    """The class of data that a contact is, and what the chronology says of it; `organisation` may be empty."""
    data_class, words = ENCOUNTER_WORDS[encounter]
    return data_class, f"{words}{_WITH}{organisation}" if organisation else words


def contact_parts(told: str) -> tuple[str, str]:
    """What is told of a contact as its kind and with whom it was, which tells where somebody is."""
    words, _, organisation = told.partition(_WITH)
    return words, organisation


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: the path of the field, and what about it."""

    field: str
    text: str


class NotAllowed(Exception):
    """The present state does not allow this; the text says why."""


@dataclass(frozen=True)
class Action:
    """One action of a plan, as far as answering it goes."""

    status: ActionStatus
    version: int


@dataclass(frozen=True)
class Contingency:
    """PRSB "contingency plan", as far as its soundness goes."""

    trigger_factors: tuple[str, ...]
    says_something: bool = True  # an empty one is to go, and needs no trigger


@dataclass(frozen=True)
class Content:
    """A plan's content, as far as its soundness goes; texts by the path of their field."""

    texts: Mapping[str, str]
    importances: Mapping[str, int]
    contingencies: tuple[Contingency, ...]
    planned_review_at: datetime | None


def answer(action: Action, *, status: ActionStatus, note: Mapping[str, str]) -> Action:
    """The action after its organisation's answer.

    Raises NotAllowed when the state does not allow the answer, ValueError when a refusal gives no reason.
    """
    if status not in ANSWERS or status not in TRANSITIONS[action.status]:
        raise NotAllowed(f"an action that is {action.status} cannot become {status}")
    if status is ActionStatus.CANNOT and not any(text.strip() for text in note.values()):
        raise ValueError("say why it cannot be done, so that somebody else can be asked")
    return Action(status, action.version + 1)


def cancel(action: Action) -> Action:
    """The action, which nobody is asked for any more. Raises NotAllowed when it was answered for good."""
    if ActionStatus.CANCELLED not in TRANSITIONS[action.status]:
        raise NotAllowed(f"an action that is {action.status} cannot be cancelled")
    return Action(ActionStatus.CANCELLED, action.version + 1)


def closure_problems(reason: ClosureReason, note: Mapping[str, str]) -> Iterator[Problem]:
    """What keeps a case from being closed for this reason."""
    if reason is ClosureReason.OTHER and not any(text.strip() for text in note.values()):
        yield Problem("note", "must say what the other reason is")
    for name, text in note.items():
        if len(text) > LONGEST_TEXT:
            yield Problem(f"note.{name}", f"has {len(text)} characters; at most {LONGEST_TEXT} fit")


def closure_narrative(reason: ClosureReason, note: Mapping[str, str]) -> Mapping[str, str]:
    """Why a case was closed, by class of data: the reason is a matter of social care."""
    said = note.get("social_care", "")
    return {**note, "social_care": f"{CLOSURE_WORDS[reason]}. {said}".strip() if said else CLOSURE_WORDS[reason]}


def plan_problems(content: Content, *, now: datetime) -> Iterator[Problem]:
    """What keeps a plan's content from being kept (PRSB Personalised Care and Support Plan v2.0)."""
    for path, text in content.texts.items():
        if len(text) > LONGEST_TEXT:
            yield Problem(path, f"has {len(text)} characters; at most {LONGEST_TEXT} fit")
    for path, importance in content.importances.items():
        if not 0 <= importance <= 10:
            yield Problem(path, f"is {importance}; importance is 1 to 10, or 0 when nobody asked")
    for index, contingency in enumerate(content.contingencies):
        if contingency.says_something and not any(trigger.strip() for trigger in contingency.trigger_factors):
            yield Problem(
                f"content.contingency_plans[{index}].trigger_factors", "must name at least one trigger factor"
            )
    if content.planned_review_at is not None and content.planned_review_at > now + timedelta(days=3 * 366):
        yield Problem("content.planned_review_at", "lies more than three years ahead")


def action_problems(
    *, organisation_id: str, what: Mapping[str, str], due_at: datetime | None, now: datetime
) -> Iterator[Problem]:
    """What keeps an action from being assigned."""
    if not organisation_id:
        yield Problem("organisation_id", "must be given")
    if not any(text.strip() for text in what.values()):
        yield Problem("what", "must say what is to be done")
    for name, text in what.items():
        if len(text) > LONGEST_TEXT:
            yield Problem(f"what.{name}", f"has {len(text)} characters; at most {LONGEST_TEXT} fit")
    if due_at is not None and due_at <= now:
        yield Problem("due_at", "must lie ahead")


def is_crisis(encounter: EncounterClass, *, started_at: datetime, now: datetime, within: timedelta) -> bool:
    """Whether a contact is a crisis to alert the key worker to: of such a class, and recent.

    History that is loaded late is no news, and an alert about it at night would be false.
    """
    return encounter in CRISES and now - within <= started_at <= now + timedelta(minutes=10)
