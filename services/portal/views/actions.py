"""Actions: /people/{person}/actions asks an agency, /actions is its own list, /actions/{action} answers one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import time

from starlette.responses import RedirectResponse, Response

from chassis import errors
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from services.portal import forms, visit
from services.portal.pages import actions as pages
from services.portal.pages import parts
from services.portal.pages.vocabulary import NARRATIVE_PARTS
from services.portal.shown import actions, people
from services.portal.views import lists, person
from services.portal.visit import Visit

# An action that is due on a day is due at the end of its working hours.
DUE_AT = time(17, 0)
STATUSES = {"": "Open", "ended": "Done, refused and cancelled", "all": "All"}
_ENDED = [number for number in actions.EVERY if number not in actions.OPEN]
_ASKED: dict[str, list[caseworker_pb2.ActionStatus.ValueType]] = {
    "": sorted(actions.OPEN),
    "ended": _ENDED,
    "all": actions.EVERY,
}
_ANSWERS = {
    "accepted": caseworker_pb2.ACTION_STATUS_ACCEPTED,
    "done": caseworker_pb2.ACTION_STATUS_DONE,
    "cannot": caseworker_pb2.ACTION_STATUS_CANNOT,
}
_HINTS = {
    "voice": "What the person says themselves.",
    "health": "Read by health and council staff with a part in the plan.",
    "social_care": "Read by health and council staff with a part in the plan.",
    "housing": "Read by housing, health and council staff with a part in the plan.",
    "police": "Read by the police and the team that holds the case.",
    "safeguarding": "Read by whoever has to keep the person safe.",
    "finance": "Read by the council only.",
}


@dataclass(frozen=True)
class Typed:
    """What was typed into a form, and what is wrong with it."""

    form: forms.Form = field(default_factory=lambda: forms.Form({}))
    problems: Sequence[parts.Problem] = ()
    status: int = 200


async def mine(visit: Visit) -> Response:
    """What waits for the reader's organisation."""
    status, filters = lists.chosen(STATUSES, visit.query("status"))
    place = lists.Place(visit)
    request = caseworker_pb2.ListActionsRequest(statuses=_ASKED[status], page=place.request())
    with visit.acting():
        answer = await visit.peers.caseworker.ListActions(request)
    page = pages.MyActionsPage(
        organisation=visit.organisation.name,
        waiting=answer.counts.waiting,
        overdue=answer.counts.overdue,
        search=parts.Search("/actions", "", "", filters=filters),
        rows=await _rows(visit, answer.actions),
        paging=place.paging(answer.page, len(answer.actions)),
        live=visit.live(f"organisation:{visit.organisation.id}"),
    )
    return visit.show(page, current="/actions")


async def _rows(visit: Visit, found: Sequence[caseworker_pb2.Action]) -> tuple[pages.MyActionRow, ...]:
    known, holders, names = await asyncio.gather(
        lists.named(visit, (one.person_id for one in found)),
        asyncio.gather(*(_asked_by(visit, one.case_id) for one in found)),
        visit.portal.directory.names(one.answered_by for one in found),
    )
    today, may_answer = visit.now.date(), visit.may("caseworker.answer")
    return tuple(
        pages.MyActionRow(
            action=actions.action(one, names, now=visit.now, may_answer=may_answer),
            person=people.person(one.person_id, known.get(one.person_id), today=today),
            asked_by=asked_by,
            new=one.status == caseworker_pb2.ACTION_STATUS_ASSIGNED,
        )
        for one, asked_by in zip(found, holders, strict=True)
    )


async def _asked_by(visit: Visit, case_id: str) -> str:
    """The key worker of the case, and their organisation."""
    try:
        with visit.acting():
            case = await visit.peers.caseworker.GetCase(caseworker_pb2.GetCaseRequest(case_id=case_id))
    except errors.NotFound:
        return ""
    names = await visit.portal.directory.names([case.key_worker_id])
    return names.both(case.key_worker_id, case.organisation_id)


async def new(visit: Visit) -> Response:
    """The form that asks an agency."""
    return await _new_page(visit, Typed())


async def ask(visit: Visit, form: forms.Form) -> Response:
    """Ask an agency for an action."""
    person_id = visit.path("person")
    what = {name: form.text(f"what.{name}") for name in NARRATIVE_PARTS if form.text(f"what.{name}")}
    problems = _new_problems(form, what)
    if problems:
        return await _new_page(visit, Typed(form, problems, 400))
    case = await person.case_of(visit, person_id)
    request = caseworker_pb2.AssignActionRequest(
        case_id=case.case_id, organisation_id=form.text("organisation"), what=common_pb2.Narrative(**what)
    )
    due = form.day("due", DUE_AT)
    if due is not None:
        request.due_at.FromDatetime(due)
    fields = {"organisation_id": "organisation", "due_at": "due", "what": f"what.{next(iter(what))}"}
    try:
        with visit.acting(key=form.text("key")):
            await visit.peers.caseworker.AssignAction(request)
    except errors.Invalid as refusal:
        return await _new_page(visit, Typed(form, forms.problems(refusal, fields, "organisation"), 400))
    return visit.go(f"{people.href(person_id)}#actions", "action")


def _new_problems(form: forms.Form, what: dict[str, str]) -> list[parts.Problem]:
    found = [] if form.text("organisation") else [parts.Problem("organisation", "Choose who should do it")]
    if not what:
        found.append(parts.Problem(f"what.{next(iter(NARRATIVE_PARTS))}", "Say what they should do"))
    wrong = forms.day_problem(form, "due", DUE_AT)
    return [*found, wrong] if wrong else found


async def _new_page(visit: Visit, typed: Typed) -> Response:
    person_id = visit.path("person")
    case = await person.case_of(visit, person_id)
    if not person.writes(visit, case):
        raise errors.Denied("only those who hold the case ask for actions")
    chosen = typed.form.text("organisation")
    choices = tuple(
        parts.Choice(
            one.id, f"{one.name} ({actions.sector(one)})" if actions.sector(one) else one.name, one.id == chosen
        )
        for one in await visit.portal.directory.organisations()
        if not one.level
    )
    inputs = tuple(
        parts.Input(f"what.{name}", label, typed.form.text(f"what.{name}"), _HINTS[name], rows=2)
        for name, label in NARRATIVE_PARTS.items()
    )
    hint = "For example, 4 12 2026. It is due at 5pm of that day."
    page = pages.ActionNewPage(
        person=await person.banner(visit, person_id),
        form=visit.form(f"{people.href(person_id)}/actions", problems=typed.problems),
        organisations=choices,
        inputs=inputs,
        due=typed.form.date_input("due", "By when?", hint),
        cancel_href=people.href(person_id),
    )
    return visit.show(page, current="/caseload", status=typed.status)


async def open_answer(visit: Visit) -> Response:
    """The form that answers an action; those who cannot answer it are led to the person's page."""
    return await _answer_page(visit, Typed())


async def answer(visit: Visit, form: forms.Form) -> Response:
    """Answer for the reader's organisation."""
    action_id, chosen = visit.path("action"), form.text("answer")
    problems = _answer_problems(form)
    if problems:
        return await _answer_page(visit, Typed(form, problems, 400))
    note = {form.text("about"): form.text("note")} if form.text("note") else {}
    request = caseworker_pb2.AnswerActionRequest(
        action_id=action_id, version=form.number("version"), status=_ANSWERS[chosen], note=common_pb2.Narrative(**note)
    )
    try:
        with visit.acting(key=form.text("key")):
            await visit.peers.caseworker.AnswerAction(request)
    except errors.Invalid as refusal:
        return await _answer_page(visit, Typed(form, forms.problems(refusal, {"note": "note"}, "answer"), 400))
    except errors.Conflict:
        told = "Somebody answered meanwhile. Look at it again before you answer."
        return await _answer_page(visit, Typed(form, (parts.Problem("answer", told),), 409))
    return visit.go("/actions", "answer")


def _answer_problems(form: forms.Form) -> list[parts.Problem]:
    found = [] if form.text("answer") in _ANSWERS else [parts.Problem("answer", "Choose an answer")]
    if form.text("answer") == "cannot" and not form.text("note"):
        found.append(parts.Problem("note", "Say why it cannot be done"))
    if form.text("note") and form.text("about") not in NARRATIVE_PARTS:
        found.append(parts.Problem("about", "Choose what the note is about"))
    return found


async def _answer_page(visit: Visit, typed: Typed) -> Response:
    action_id = visit.path("action")
    with visit.acting():
        found = await visit.peers.caseworker.GetAction(caseworker_pb2.GetActionRequest(action_id=action_id))
    may_answer = visit.may("caseworker.answer") and found.organisation_id == visit.organisation.id
    if not may_answer or found.status not in actions.OPEN:
        if typed.problems:
            raise errors.Conflict("the action was answered meanwhile")
        return _elsewhere(found)
    names = await visit.portal.directory.names([found.answered_by])
    form = typed.form
    page = pages.ActionAnswerPage(
        person=await person.banner(visit, found.person_id),
        action=actions.action(found, names, now=visit.now),
        asked_by=await _asked_by(visit, found.case_id),
        form=visit.form(f"/actions/{action_id}", version=found.version, problems=typed.problems),
        about=tuple(parts.Choice(one, text, one == form.text("about")) for one, text in NARRATIVE_PARTS.items()),
        back_href="/actions",
        answer=form.text("answer"),
        note=form.text("note"),
        may_accept=found.status == caseworker_pb2.ACTION_STATUS_ASSIGNED,
    )
    return visit.show(page, current="/actions", status=typed.status)


def _elsewhere(found: caseworker_pb2.Action) -> Response:
    return RedirectResponse(f"{people.href(found.person_id)}#action-{found.action_id}", visit.SEE_OTHER)
