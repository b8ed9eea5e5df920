"""Cases and what happened around a person as pages show them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from joinedup.caseworker.v1 import caseworker_pb2
from services.portal.directory import Names
from services.portal.pages.caseload import CaseRow
from services.portal.pages.parts import Due, Tag, Text
from services.portal.pages.people import Person
from services.portal.pages.person import Entry
from services.portal.pages.vocabulary import CHRONOLOGY_KIND, NARRATIVE_PARTS
from services.portal.shown.marks import Marks
from services.portal.shown.people import narrative
from services.portal.shown.referrals import moment

_ALERT = caseworker_pb2.CHRONOLOGY_KIND_ALERT
# What entries of a kind can say about the person; the others tell of process only, so that nothing of them is withheld.
_PARTS: Mapping[int, Collection[str]] = {
    caseworker_pb2.CHRONOLOGY_KIND_ACTION: tuple(NARRATIVE_PARTS),
    caseworker_pb2.CHRONOLOGY_KIND_NOTE: tuple(NARRATIVE_PARTS),
    caseworker_pb2.CHRONOLOGY_KIND_ENCOUNTER: ("health", "social_care", "police", "housing"),
    caseworker_pb2.CHRONOLOGY_KIND_ALERT: ("health",),
}


def row(case: caseworker_pb2.Case, person: Person, names: Names, *, now: datetime, alerts_within: timedelta) -> CaseRow:
    """One case of a caseload."""
    return CaseRow(
        id=case.case_id,
        person=person,
        key_worker=names.practitioner(case.key_worker_id) or "not listed",
        opened_at=moment(case.opened_at),
        open_actions=case.open_actions,
        overdue_actions=case.overdue_actions,
        alert_at=alert_at(case, now=now, within=alerts_within),
        review=Due.of(moment(case.review_due_at), now=now) if case.HasField("review_due_at") else None,
    )


def alert_at(case: caseworker_pb2.Case, *, now: datetime, within: timedelta) -> datetime | None:
    """The latest alert, of a crisis or of news, as long as it stands on top of pages."""
    if not case.HasField("last_alert_at"):
        return None
    at = moment(case.last_alert_at)
    return at if now - at <= within else None


def entries(found: Iterable[caseworker_pb2.ChronologyEntry], names: Names) -> tuple[Entry, ...]:
    """A part of the chronology."""
    return tuple(_entry(one, names) for one in found)


def _entry(one: caseworker_pb2.ChronologyEntry, names: Names) -> Entry:
    name = caseworker_pb2.ChronologyKind.Name(one.kind).removeprefix("CHRONOLOGY_KIND_").lower()
    marks = Marks(one.withheld)
    return Entry(
        id=one.entry_id,
        at=moment(one.at),
        kind=CHRONOLOGY_KIND.get(name, Tag(name.capitalize())),
        title=one.title,
        by=_by(one, names, marks),
        narrative=narrative(one.narrative, "narrative", marks, brief=True, within=_PARTS.get(one.kind, ())),
        alert=one.kind == _ALERT,
    )


def _by(one: caseworker_pb2.ChronologyEntry, names: Names, marks: Marks) -> Text:
    """Who did it, or with whom a contact was; withheld where it would tell where a restricted person is."""
    if one.kind != caseworker_pb2.CHRONOLOGY_KIND_ENCOUNTER:
        return marks.of("organisation_id") or names.both(one.practitioner_id, one.organisation_id, otherwise="")
    told = next((name for _, name in one.contact_with.ListFields()), "")
    held = [marks.of(f"contact_with.{part}") for part in _PARTS[one.kind]]
    # A contact that is withheld as a whole is marked already; this mark is for one whose name alone tells too much.
    return told or next((mark for mark in held if mark and mark.reason == "restricted"), "")
