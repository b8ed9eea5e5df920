"""GET and POST /people/{person}/closure: closing somebody's case, by those who hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from chassis import errors
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from services.portal import forms
from services.portal.pages import closure as pages
from services.portal.pages import parts
from services.portal.pages.vocabulary import CLOSURE_REASONS, NARRATIVE_PARTS
from services.portal.shown import people
from services.portal.views import person
from services.portal.visit import Visit

_REASONS: Mapping[str, caseworker_pb2.ClosureReason.ValueType] = {
    one.value: caseworker_pb2.ClosureReason.Value(f"CLOSURE_REASON_{one.value.upper()}") for one in CLOSURE_REASONS
}


@dataclass(frozen=True)
class Typed:
    """The form as it was filled in, what is wrong with it, and the status that says so."""

    form: forms.Form = field(default_factory=lambda: forms.Form({}))
    problems: Sequence[parts.Problem] = ()
    status: int = 200


async def show(visit: Visit) -> Response:
    """The form that closes the case."""
    return await _page(visit, Typed())


async def close(visit: Visit, form: forms.Form) -> Response:
    """Close it; what cannot be done comes back with the form as it was filled in."""
    person_id = visit.path("person")
    if problems := _problems(form):
        return await _page(visit, Typed(form, problems, 400))
    case = await person.case_of(visit, person_id)
    note = {form.text("about"): form.text("note")} if form.text("note") else {}
    request = caseworker_pb2.CloseCaseRequest(
        case_id=case.case_id,
        version=form.number("version"),
        reason=_REASONS[form.text("reason")],
        note=common_pb2.Narrative(**note),
        cancel_open_actions=form.text("cancel") == "yes",
    )
    try:
        with visit.acting(key=form.text("key")):
            await visit.peers.caseworker.CloseCase(request)
    except errors.Invalid as refusal:
        return await _page(visit, Typed(form, forms.problems(refusal, {"note": "note"}, "reason"), 400))
    except errors.Conflict:
        return await _page(visit, Typed(form, (_meanwhile(case, form),), 409))
    return visit.go(people.href(person_id), "closed")


def _problems(form: forms.Form) -> list[parts.Problem]:
    reason = form.text("reason")
    found = [] if reason in _REASONS else [parts.Problem("reason", "Choose why it is closed")]
    if reason == "other" and not form.text("note"):
        found.append(parts.Problem("note", "Say what the other reason is"))
    if form.text("note") and form.text("about") not in NARRATIVE_PARTS:
        found.append(parts.Problem("about", "Choose what it is about"))
    return found


def _meanwhile(case: caseworker_pb2.Case, form: forms.Form) -> parts.Problem:
    if case.open_actions and form.text("cancel") != "yes":
        return parts.Problem("cancel", "Wait for the agencies, or say that it is not needed any more")
    return parts.Problem(
        "reason", "Something happened in this case since you opened it. Look again before you close it."
    )


async def _page(visit: Visit, typed: Typed) -> Response:
    person_id = visit.path("person")
    case = await person.case_of(visit, person_id)
    if not person.writes(visit, case):
        raise errors.Denied("only those who hold the case close it")
    if case.status != caseworker_pb2.CASE_STATUS_OPEN:
        raise errors.Conflict("the case is closed")
    address = people.href(person_id)
    page = pages.ClosurePage(
        person=await person.banner(visit, person_id),
        form=visit.form(f"{address}/closure", version=case.version, problems=typed.problems),
        reasons=tuple(
            parts.Choice(one.value, one.text, one.value == typed.form.text("reason")) for one in CLOSURE_REASONS
        ),
        about=tuple(parts.Choice(one, text, one == typed.form.text("about")) for one, text in NARRATIVE_PARTS.items()),
        waiting=case.open_actions,
        cancel_href=address,
        note=typed.form.text("note"),
        cancel=typed.form.text("cancel") == "yes",
    )
    return visit.show(page, current="/caseload", status=typed.status)
