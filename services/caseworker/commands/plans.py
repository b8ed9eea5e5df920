"""Commands about the support plan: its content, and the actions that agencies are given."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from chassis import errors
from chassis.disclosure.answers import Answers
from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from services.caseworker import chronicle, domain, events, narratives, policy, reach, readings, store, tables, withheld
from services.caseworker.commands import cases


async def update(
    work: Work, answers: Answers, *, case_id: str, version: int, content: plan_pb2.PlanContent
) -> tables.PlanRow:
    """Keep a new version of the plan; what `answers` would withhold from the writer stays as it stands.

    Raises errors.Invalid naming fields, errors.Conflict when somebody saved meanwhile, and what cases.held raises.
    """
    row = await cases.held(work, case_id)
    standing = await store.latest_plan(work.session, case_id)
    if standing is None:
        raise errors.NotFound("the case has no plan")
    if standing.version != version:
        raise errors.Conflict(f"the plan was changed meanwhile: it is at version {standing.version}, not {version}")
    content = await _kept(work, answers, standing, content)
    plan = tables.PlanRow(
        plan_id=standing.plan_id,
        version=version + 1,
        case_id=case_id,
        person_id=row.person_id,
        content=content.SerializeToString(deterministic=True),
        updated_by=work.actor.subject,
        updated_at=work.now,
    )
    work.session.add(plan)
    row.review_due_at = (
        content.planned_review_at.ToDatetime(tzinfo=UTC) if content.HasField("planned_review_at") else None
    )
    work.session.add(row)
    work.publish(
        events.plan_updated(plan), person_id=row.person_id, aggregate=f"plan/{plan.plan_id}", version=plan.version
    )
    work.audit("update plan", subject=f"plan/{plan.plan_id}", detail={"version": str(plan.version)})
    agreed = " and agreed with the person" if content.agreed_with_person else ""
    await chronicle.add(work, _entry(work, row, f"plan/{plan.plan_id}/{plan.version}", f"Support plan updated{agreed}"))
    return plan


async def _kept(
    work: Work, answers: Answers, standing: tables.PlanRow, content: plan_pb2.PlanContent
) -> plan_pb2.PlanContent:
    """The content to keep, sound and with what the writer may not see."""
    considered = await answers.consider(work, [standing.person_id])
    decided = considered.decide(standing.person_id)
    before = plan_pb2.PlanContent.FromString(standing.content)
    merged = withheld.keep(before, content, decided.released, "content.", restricted=decided.restricted)
    _refuse(domain.plan_problems(readings.content(merged), now=work.now))
    return withheld.without_empty(merged)


def _entry(work: Work, row: tables.CaseRow, source: str, title: str) -> chronicle.Entry:
    return chronicle.Entry(
        person_id=row.person_id,
        source=source,
        at=work.now,
        kind=caseworker_pb2.CHRONOLOGY_KIND_PLAN,
        title=title,
        organisation_id=work.actor.organisation_id,
        practitioner_id=work.actor.practitioner_id,
    )


async def assign(work: Work, request: caseworker_pb2.AssignActionRequest) -> tables.ActionRow:
    """Give an organisation something to do; it becomes a partner of the plan if it is none.

    Raises errors.Invalid naming fields, and what cases.held raises.
    """
    row = await cases.held(work, request.case_id)
    what = narratives.texts(request.what)
    due_at = request.due_at.ToDatetime(tzinfo=UTC) if request.HasField("due_at") else None
    _refuse(domain.action_problems(organisation_id=request.organisation_id, what=what, due_at=due_at, now=work.now))
    await cases.ensure_partner(work, row, request.organisation_id)
    action = tables.ActionRow(
        action_id=str(uuid.uuid4()),
        version=1,
        case_id=row.case_id,
        person_id=row.person_id,
        organisation_id=request.organisation_id,
        status=domain.ActionStatus.ASSIGNED,
        what=what,
        due_at=due_at,
        assigned_at=work.now,
    )
    work.session.add(action)
    work.publish(
        events.action_assigned(action),
        person_id=row.person_id,
        aggregate=f"action/{action.action_id}",
        version=action.version,
    )
    work.audit("assign action", subject=f"action/{action.action_id}", detail={"organisation": action.organisation_id})
    await chronicle.add(work, _told(work, action, "Action assigned", at=work.now))
    return action


async def answer(work: Work, request: caseworker_pb2.AnswerActionRequest) -> tables.ActionRow:
    """Take an organisation's answer to its action.

    Raises errors.NotFound, errors.Denied for another organisation, errors.Conflict for a state or version that does not
    allow it, errors.Invalid when a refusal gives no reason.
    """
    action = await store.find_action(work.session, request.action_id, lock=True)
    if action is None:
        raise await reach.no_action(work, request.action_id)
    policy.require_assignee(work.actor, action.organisation_id)
    if action.version != request.version:
        raise errors.Conflict(f"the action was changed meanwhile: it is at version {action.version}")
    note = narratives.texts(request.note)
    answered = _answered(action, readings.answer_status(request.status), note)
    action.status, action.version = answered.status, answered.version
    action.note, action.answered_at, action.answered_by = note, work.now, work.actor.subject
    work.session.add(action)
    await _tell_answer(work, action)
    return action


def _answered(action: tables.ActionRow, status: domain.ActionStatus, note: dict[str, str]) -> domain.Action:
    try:
        return domain.answer(
            domain.Action(domain.ActionStatus(action.status), action.version), status=status, note=note
        )
    except domain.NotAllowed as refusal:
        raise errors.Conflict(str(refusal)) from refusal
    except ValueError as refusal:
        raise errors.Invalid.of("note", str(refusal)) from refusal


async def _tell_answer(work: Work, action: tables.ActionRow) -> None:
    case = await store.find_case(work.session, action.case_id)
    event = events.action_answered(action, case=case, at=work.now)
    work.publish(event, person_id=action.person_id, aggregate=f"action/{action.action_id}", version=action.version)
    work.audit("answer action", subject=f"action/{action.action_id}", detail={"status": action.status})
    await chronicle.add(work, _told(work, action, f"Action answered: {action.status}", at=work.now))


def _told(work: Work, action: tables.ActionRow, title: str, *, at: datetime) -> chronicle.Entry:
    return chronicle.Entry(
        person_id=action.person_id,
        source=f"action/{action.action_id}/{action.version}",
        at=at,
        kind=caseworker_pb2.CHRONOLOGY_KIND_ACTION,
        title=title,
        narrative=action.note or action.what,
        organisation_id=action.organisation_id,
        practitioner_id=work.actor.practitioner_id,
    )


def _refuse(problems: Iterable[domain.Problem]) -> None:
    violations = [errors.Violation(problem.field, problem.text) for problem in problems]
    if violations:
        raise errors.Invalid(*violations)
