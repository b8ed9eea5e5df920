"""Actions as pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2
from services.portal.directory import Names
from services.portal.pages.actions import Action
from services.portal.pages.parts import Due, Tag
from services.portal.pages.people import Narrative
from services.portal.pages.person import AgencyActions
from services.portal.pages.vocabulary import ACTION_STATUS, SECTOR
from services.portal.shown.marks import UNSAID, Marks
from services.portal.shown.people import narrative
from services.portal.shown.referrals import moment

OPEN = frozenset({caseworker_pb2.ACTION_STATUS_ASSIGNED, caseworker_pb2.ACTION_STATUS_ACCEPTED})
EVERY = [number for number in caseworker_pb2.ActionStatus.values() if number]


def action(
    one: caseworker_pb2.Action, names: Names, *, now: datetime, may_answer: bool = False, brief: bool = False
) -> Action:
    """One action, with the way to answer it for those who may."""
    marks = Marks(one.withheld)
    answered = moment(one.answered_at) if one.HasField("answered_at") else None
    return Action(
        id=one.action_id,
        what=narrative(one.what, "what", marks, brief=brief),
        status=status(one.status),
        due=due(one, now=now),
        assigned_at=moment(one.assigned_at),
        answered_at=answered,
        answered_by=_answered_by(one, names, marks) if answered else "",
        note=_note(one, marks, brief=brief) if answered else (),
        answer_href=f"/actions/{one.action_id}" if may_answer and one.status in OPEN else "",
    )


def _answered_by(one: caseworker_pb2.Action, names: Names, marks: Marks) -> str:
    return UNSAID if marks.of("organisation_id") else names.both(one.answered_by, one.organisation_id)


def _note(one: caseworker_pb2.Action, marks: Marks, *, brief: bool) -> Narrative:
    """The answer's note; an answer without any says nothing, and the page says elsewhere what is withheld."""
    said = narrative(one.note, "note", marks, brief=brief)
    return said if not brief or one.note.ListFields() else ()


def status(value: caseworker_pb2.ActionStatus.ValueType) -> Tag:
    """The tag of a state."""
    name = caseworker_pb2.ActionStatus.Name(value).removeprefix("ACTION_STATUS_").lower()
    return ACTION_STATUS.get(name, Tag(name.capitalize()))


def due(one: caseworker_pb2.Action, *, now: datetime) -> Due | None:
    """When it is due, stopped by the answer that ended it."""
    if not one.HasField("due_at"):
        return None
    ended = moment(one.answered_at) if one.status not in OPEN and one.HasField("answered_at") else None
    return Due.of(moment(one.due_at), now=now, stopped_at=ended)


def by_agency(
    found: Iterable[caseworker_pb2.Action], names: Names, *, now: datetime, answering: str = ""
) -> tuple[AgencyActions, ...]:
    """The actions of each organisation, by its name; `answering` is the organisation that the reader answers for."""
    groups: dict[str, list[caseworker_pb2.Action]] = {}
    for one in found:
        groups.setdefault(one.organisation_id, []).append(one)
    made = [
        AgencyActions(
            (names.organisation(organisation_id) or "An organisation that is not listed")
            if organisation_id
            else UNSAID,
            sector(names.organisations.get(organisation_id)),
            tuple(action(one, names, now=now, may_answer=organisation_id == answering, brief=True) for one in group),
        )
        for organisation_id, group in groups.items()
    ]
    return tuple(sorted(made, key=lambda agency: agency.organisation.casefold()))


def sector(organisation: directory_pb2.Organisation | None) -> str:
    """The sector of an organisation in words."""
    if organisation is None:
        return ""
    name = common_pb2.Sector.Name(organisation.sector).removeprefix("SECTOR_").lower()
    return SECTOR.get(name, "")
