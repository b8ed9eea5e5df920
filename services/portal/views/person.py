"""GET /people/{person}: plan, actions by agency, chronology and alerts of somebody; POST /people/{person}/notes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

from starlette.responses import Response

from chassis import errors
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from services.portal import forms
from services.portal.pages import parts
from services.portal.pages import person as pages
from services.portal.pages.people import Narrative, NarrativePart, Person
from services.portal.pages.vocabulary import NARRATIVE_PARTS
from services.portal.shown import actions, cases, marks, people, plans, referrals
from services.portal.views import lists
from services.portal.visit import Visit

_CHRONOLOGY = 20


@dataclass(frozen=True)
class Typed:
    """A note as it was typed, and what is wrong with it."""

    form: forms.Form = field(default_factory=lambda: forms.Form({}))
    problems: tuple[parts.Problem, ...] = ()


@dataclass(frozen=True)
class Known:
    """What the services answered about somebody. Without a case there is neither plan nor action."""

    person: identity_pb2.Person | None
    case: caseworker_pb2.Case | None
    plan: plan_pb2.Plan | None
    actions: tuple[caseworker_pb2.Action, ...]
    chronology: caseworker_pb2.ListChronologyResponse


async def show(visit: Visit) -> Response:
    """The person's page."""
    return await _page(visit, Typed())


async def note(visit: Visit, form: forms.Form) -> Response:
    """Write a note into the chronology."""
    person_id = visit.path("person")
    visit = replace(visit, page=people.href(person_id))
    about, text = form.text("about"), form.text("text")
    wrong = [parts.Problem("about", "Choose what it is about")] if about not in NARRATIVE_PARTS else []
    wrong += [] if text else [parts.Problem("text", "Write a note")]
    if wrong:
        return await _page(visit, Typed(form, tuple(wrong)))
    case = await case_of(visit, person_id)
    request = caseworker_pb2.AddNoteRequest(case_id=case.case_id, note=common_pb2.Narrative(**{about: text}))
    try:
        with visit.acting(key=form.text("key")):
            await visit.peers.caseworker.AddNote(request)
    except errors.Invalid as refusal:
        return await _page(visit, Typed(form, forms.problems(refusal, {}, "text")))
    return visit.go(f"{people.href(person_id)}#chronology", "note")


async def case_of(visit: Visit, person_id: str) -> caseworker_pb2.Case:
    """The person's case. Raises errors.NotFound."""
    with visit.acting():
        return await visit.peers.caseworker.GetCase(caseworker_pb2.GetCaseRequest(person_id=person_id))


async def banner(visit: Visit, person_id: str, key_worker: str = "") -> Person:
    """The person on top of a page about their case, whose name may still be on its way."""
    found = (await lists.named(visit, [person_id])).get(person_id)
    return people.person(person_id, found, today=visit.now.date(), key_worker=key_worker)


def writes(visit: Visit, case: caseworker_pb2.Case) -> bool:
    """Whether the reader holds the case: its key worker, or in the team that does."""
    of_team = case.organisation_id == visit.organisation.id and case.team_id == visit.post.team_id
    return visit.may("caseworker.write") and (case.key_worker_id == visit.staff.id or (of_team and bool(case.team_id)))


async def _page(visit: Visit, typed: Typed) -> Response:
    person_id = visit.path("person")
    place = lists.Place(visit, name="before", size=_CHRONOLOGY, fragment="#chronology")
    known = await _known(visit, person_id, place)
    page = await _shown(visit, person_id, known, place, typed)
    current = "/caseload" if visit.may("caseworker.write") else "/actions"
    return visit.show(page, current=current, status=400 if typed.problems else 200)


async def _known(visit: Visit, person_id: str, place: lists.Place) -> Known:
    """Ask everybody at once. Raises errors.NotFound when neither identity nor caseworker know of the reader's part."""
    person, case, chronology = await asyncio.gather(
        _person(visit, person_id), _case(visit, person_id), _chronology(visit, person_id, place)
    )
    if case is None:
        if person is None:
            raise errors.NotFound("there is no such person")
        return Known(person, None, None, (), chronology)
    plan, found = await asyncio.gather(_plan(visit, case.case_id), _actions(visit, case.case_id))
    return Known(person, case, plan, found, chronology)


async def _person(visit: Visit, person_id: str) -> identity_pb2.Person | None:
    """The person; a stranger's attempt is entered in the ledger by identity."""
    try:
        with visit.acting():
            return await visit.peers.identity.GetPerson(identity_pb2.GetPersonRequest(person_id=person_id))
    except errors.NotFound:
        return None


async def _case(visit: Visit, person_id: str) -> caseworker_pb2.Case | None:
    try:
        return await case_of(visit, person_id)
    except errors.NotFound:
        return None


async def _plan(visit: Visit, case_id: str) -> plan_pb2.Plan | None:
    with visit.acting():
        found = await visit.peers.caseworker.GetPlan(plan_request(case_id))
    return found


def plan_request(case_id: str) -> caseworker_pb2.GetPlanRequest:
    """Asks for the plan of a case."""
    return caseworker_pb2.GetPlanRequest(case_id=case_id)


async def _actions(visit: Visit, case_id: str) -> tuple[caseworker_pb2.Action, ...]:
    request = caseworker_pb2.ListActionsRequest(case_id=case_id, statuses=actions.EVERY)
    request.page.size = lists.MOST_PEOPLE
    with visit.acting():
        return tuple((await visit.peers.caseworker.ListActions(request)).actions)


async def _chronology(visit: Visit, person_id: str, place: lists.Place) -> caseworker_pb2.ListChronologyResponse:
    request = caseworker_pb2.ListChronologyRequest(person_id=person_id, page=place.request())
    try:
        with visit.acting():
            return await visit.peers.caseworker.ListChronology(request)
    except errors.NotFound:
        return caseworker_pb2.ListChronologyResponse()


async def _shown(visit: Visit, person_id: str, known: Known, place: lists.Place, typed: Typed) -> pages.PersonPage:
    case, now = known.case, visit.now
    staff = [one.practitioner_id for one in known.chronology.entries] + [one.answered_by for one in known.actions]
    staff += [case.key_worker_id] if case else []
    staff += [known.plan.updated_by, known.plan.content.responsible_for_review] if known.plan else []
    names = await visit.portal.directory.names(staff)
    key_worker = names.practitioner(case.key_worker_id) if case else ""
    answering = visit.organisation.id if visit.may("caseworker.answer") else ""
    agencies = actions.by_agency(known.actions, names, now=now, answering=answering)
    waiting = [action.due for agency in agencies for action in agency.actions if action.answered_at is None]
    due = [action.due for agency in agencies for action in agency.actions if action.due]
    may_write = case is not None and writes(visit, case) and case.status == caseworker_pb2.CASE_STATUS_OPEN
    entries = cases.entries(known.chronology.entries, names)
    return pages.PersonPage(
        person=people.person(person_id, known.person, today=now.date(), key_worker=key_worker),
        alert=_alert(visit, entries) if not place.tokens else None,
        waiting=len(waiting),
        overdue=sum(one.state == "overdue" for one in due),
        cannot=sum(one.status == caseworker_pb2.ACTION_STATUS_CANNOT for one in known.actions),
        unseen=_unseen(known),
        agencies=agencies,
        plan=plans.plan(known.plan, names, now=now) if known.plan and plans.is_written(known.plan) else None,
        chronology=entries,
        chronology_paging=place.paging(known.chronology.page, len(entries)),
        live=visit.live(f"person:{person_id}"),
        edit_plan_href=f"{people.href(person_id)}/plan" if may_write else "",
        new_action_href=f"{people.href(person_id)}/actions" if may_write else "",
        closure_href=f"{people.href(person_id)}/closure" if may_write else "",
        closed_at=referrals.moment(case.closed_at) if case and case.HasField("closed_at") else None,
        disclosures_href=f"{people.href(person_id)}/disclosures" if visit.may("governance.disclosures.read") else "",
        note=_note(visit, person_id, typed) if may_write else None,
    )


def _alert(visit: Visit, entries: tuple[pages.Entry, ...]) -> pages.Entry | None:
    """The latest alert, while it is fresh."""
    standing = timedelta(hours=visit.portal.config.alert_hours)
    return next((one for one in entries if one.alert and visit.now - one.at <= standing), None)


def _unseen(known: Known) -> Narrative:
    """What is withheld all over the page; the banner says so for itself."""
    found = [one.withheld for one in known.actions] + [one.withheld for one in known.chronology.entries]
    found += [known.plan.withheld] if known.plan else []
    return tuple(NarrativePart(fact.label, fact.value) for fact in marks.unseen(map(marks.Marks, found)))


def _note(visit: Visit, person_id: str, typed: Typed) -> pages.NoteForm:
    about = tuple(
        parts.Choice(value, text, value == typed.form.text("about")) for value, text in NARRATIVE_PARTS.items()
    )
    form = visit.form(f"{people.href(person_id)}/notes", problems=typed.problems)
    return pages.NoteForm(form, about, typed.form.text("text"))
