"""GET and POST /people/{person}/plan: the support plan as a form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from starlette.responses import Response

from chassis import errors
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from services.portal import forms
from services.portal.pages import parts, plan
from services.portal.shown import people, plan_form
from services.portal.shown.marks import Marks
from services.portal.shown.referrals import moment
from services.portal.views import person
from services.portal.visit import Visit

_REVIEW_AT = time(12, 0)
_FIRST = "about_me.what_is_most_important_to_me"


@dataclass(frozen=True)
class Loaded:
    """The plan that is edited, and the case that it belongs to."""

    case: caseworker_pb2.Case
    plan: plan_pb2.Plan
    standing: plan_form.Standing


@dataclass(frozen=True)
class Filled:
    """A form as it is to be shown: its content and date, which version it is of, what is wrong, what it gets more."""

    content: plan_pb2.PlanContent
    review: parts.DateInput
    version: int
    problems: Sequence[parts.Problem] = ()
    status: int = 200
    add: str = ""


async def show(visit: Visit) -> Response:
    """The plan as it stands, to be changed."""
    loaded = await _load(visit)
    content = loaded.plan.content
    review = _date(forms.Form({}))
    if content.HasField("planned_review_at"):
        day = moment(content.planned_review_at).astimezone(forms.LONDON)
        typed = {"review[day]": str(day.day), "review[month]": str(day.month), "review[year]": str(day.year)}
        review = _date(forms.Form(typed))
    return await _page(visit, loaded, Filled(content, review, loaded.plan.version))


async def save(visit: Visit, form: forms.Form) -> Response:
    """Save the plan, or bring the form back one entry longer; nothing that was typed is ever lost."""
    loaded = await _load(visit)
    content, wrong = plan_form.read(form, loaded.standing)
    problems = [parts.Problem(field, text) for field, text in wrong]
    invalid_day = forms.day_problem(form, "review", _REVIEW_AT)
    filled = Filled(content, _date(form), form.number("version"))
    if "add" in form:
        return await _page(visit, loaded, Filled(content, filled.review, filled.version, add=form.text("add")))
    if invalid_day:
        problems.append(invalid_day)
    if problems:
        return await _page(visit, loaded, Filled(content, filled.review, filled.version, problems, 400))
    review_at = form.day("review", _REVIEW_AT)
    if review_at is not None:
        content.planned_review_at.FromDatetime(review_at)
    return await _send(visit, form, loaded, filled)


async def _send(visit: Visit, form: forms.Form, loaded: Loaded, filled: Filled) -> Response:
    request = caseworker_pb2.UpdatePlanRequest(
        case_id=loaded.case.case_id, version=filled.version, content=filled.content
    )
    try:
        with visit.acting(key=form.text("key")):
            await visit.peers.caseworker.UpdatePlan(request)
    except errors.Invalid as refusal:
        fields = {one.field: plan_form.input_of(one.field) for one in refusal.violations}
        problems = forms.problems(refusal, fields, _FIRST)
        return await _page(visit, loaded, Filled(filled.content, filled.review, filled.version, problems, 400))
    except errors.Conflict:
        # The version stays the one that was edited: saving over somebody's change blindly is not offered.
        told = (
            "Somebody saved the plan after you opened it, so that yours is not saved. Your text is below: open the "
            "plan in another window, and put in what is still missing."
        )
        problem = parts.Problem(_FIRST, told)
        return await _page(visit, loaded, Filled(filled.content, filled.review, filled.version, (problem,), 409))
    return visit.go(f"{people.href(visit.path('person'))}#plan", "plan")


async def _load(visit: Visit) -> Loaded:
    case = await person.case_of(visit, visit.path("person"))
    if not person.writes(visit, case):
        raise errors.Denied("only those who hold the case change the plan")
    with visit.acting():
        found = await visit.peers.caseworker.GetPlan(person.plan_request(case.case_id))
    return Loaded(case, found, plan_form.Standing(found.content, Marks(found.withheld)))


def _date(form: forms.Form) -> parts.DateInput:
    return form.date_input("review", "Planned review", "For example, 4 12 2026")


async def _page(visit: Visit, loaded: Loaded, filled: Filled) -> Response:
    person_id = visit.path("person")
    members = await visit.portal.directory.members(loaded.case.team_id)
    staff = {one.id: one.name for one in sorted(members, key=lambda one: one.name.casefold())}
    responsible = filled.content.responsible_for_review
    if responsible and responsible not in staff:
        # Whoever has left the team stays responsible until somebody else is.
        staff[responsible] = (await visit.portal.directory.names([responsible])).practitioner(
            responsible
        ) or responsible
    page = plan.PlanEditPage(
        person=await person.banner(visit, person_id),
        form=visit.form(f"{people.href(person_id)}/plan", version=filled.version, problems=filled.problems),
        groups=plan_form.groups(filled.content, loaded.standing, staff, add=filled.add),
        agreed_with_person=filled.content.agreed_with_person,
        review=filled.review,
        cancel_href=people.href(person_id),
    )
    return visit.show(page, current="/caseload", status=filled.status)
