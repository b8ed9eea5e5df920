"""What caseworker can be asked: cases, plans, actions; the chronology is told in chronology.py."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from chassis import errors, paging
from chassis.disclosure import circles, redaction
from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from services.caseworker import caseloads, domain, events, narratives, reach, store, tables


async def get_case(work: Work, request: caseworker_pb2.GetCaseRequest) -> caseworker_pb2.Case:
    """A case by its id, or a person's. Raises errors.NotFound, errors.Invalid when neither is named."""
    if bool(request.case_id) == bool(request.person_id):
        raise errors.Invalid.of("case_id", "give either case_id or person_id")
    if request.case_id:
        row = await store.find_case(work.session, request.case_id)
    else:
        row = await store.case_of_person(work.session, request.person_id)
    if row is None:
        raise await reach.no_case(work, request.case_id)
    message = (await _cases(work, [row]))[0]
    circle = await reach.circle(work, row.person_id)
    told = [one for one in message.partner_organisation_ids if circle.tells(one)]
    if len(told) < len(message.partner_organisation_ids):
        message.partner_organisation_ids[:] = told
        message.withheld.append(redaction.whereabouts_withheld("partner_organisation_ids"))
    return message


async def list_caseload(work: Work, request: caseworker_pb2.ListCaseloadRequest) -> caseworker_pb2.ListCaseloadResponse:
    """The cases that a key worker or a team holds."""
    own = work.actor.practitioner_id if not request.team_id else ""
    wanted = caseloads.Wanted(
        organisation_id=work.actor.organisation_id,
        key_worker_id=request.key_worker_id or own,
        team_id=request.team_id,
        statuses=tuple(_case_status_name(status) for status in request.statuses) or (store.OPEN_CASE,),
        person_ids=tuple(request.person_ids),
        order=caseworker_pb2.CaseloadOrder.Name(request.order).removeprefix("CASELOAD_ORDER_").lower(),
    )
    offset = paging.start(request.page)
    rows, total = await caseloads.page(
        work.session, wanted, now=work.now, offset=offset, limit=paging.size(request.page)
    )
    return caseworker_pb2.ListCaseloadResponse(
        cases=await _cases(work, rows), page=paging.answer(offset=offset, shown=len(rows), total=total)
    )


def _case_status_name(status: caseworker_pb2.CaseStatus.ValueType) -> str:
    return caseworker_pb2.CaseStatus.Name(status).removeprefix("CASE_STATUS_").lower()


async def _cases(work: Work, rows: Sequence[tables.CaseRow]) -> list[caseworker_pb2.Case]:
    ids = [row.case_id for row in rows]
    partners = await store.partners(work.session, ids)
    counts = await store.action_counts(work.session, ids, work.now)
    return [_case(row, partners[row.case_id], counts.get(row.case_id, (0, 0))) for row in rows]


def _case(row: tables.CaseRow, partners: Sequence[str], counts: tuple[int, int]) -> caseworker_pb2.Case:
    message = caseworker_pb2.Case(
        case_id=row.case_id,
        version=row.version,
        person_id=row.person_id,
        referral_id=row.referral_id,
        organisation_id=row.organisation_id,
        team_id=row.team_id,
        key_worker_id=row.key_worker_id,
        status=caseworker_pb2.CaseStatus.Value(f"CASE_STATUS_{row.status.upper()}"),
        partner_organisation_ids=partners,
        open_actions=counts[0],
        overdue_actions=counts[1],
    )
    message.opened_at.FromDatetime(row.opened_at)
    if row.last_alert_at is not None:
        message.last_alert_at.FromDatetime(row.last_alert_at)
    if row.review_due_at is not None:
        message.review_due_at.FromDatetime(row.review_due_at)
    if row.closed_at is not None:
        message.closed_at.FromDatetime(row.closed_at)
    return message


async def get_plan(work: Work, case_id: str) -> plan_pb2.Plan:
    """The plan of a case, as it stands. Raises errors.NotFound."""
    row = await store.latest_plan(work.session, case_id)
    if row is None:
        raise await reach.no_case(work, case_id)
    plan = plan_pb2.Plan(
        plan_id=row.plan_id,
        version=row.version,
        case_id=row.case_id,
        person_id=row.person_id,
        content=plan_pb2.PlanContent.FromString(row.content),
        updated_by=row.updated_by,
    )
    plan.updated_at.FromDatetime(row.updated_at)
    return plan


async def get_action(work: Work, action_id: str) -> caseworker_pb2.Action:
    """One action. Raises errors.NotFound."""
    row = await store.find_action(work.session, action_id)
    if row is None:
        raise await reach.no_action(work, action_id)
    return (await _actions(work, [row]))[0]


async def list_actions(work: Work, request: caseworker_pb2.ListActionsRequest) -> caseworker_pb2.ListActionsResponse:
    """The actions of a case, or everything that waits for the caller's organisation."""
    names = [caseworker_pb2.ActionStatus.Name(status) for status in request.statuses]
    offset = paging.start(request.page)
    rows, total = await store.actions(
        work.session,
        case_id=request.case_id,
        organisation_id=work.actor.organisation_id,
        statuses=[name.removeprefix("ACTION_STATUS_").lower() for name in names] or list(domain.OPEN),
        offset=offset,
        limit=paging.size(request.page),
    )
    return caseworker_pb2.ListActionsResponse(
        actions=await _actions(work, rows),
        page=paging.answer(offset=offset, shown=len(rows), total=total),
        counts=await _counts(work, request.case_id),
    )


async def _counts(work: Work, case_id: str) -> caseworker_pb2.ActionCounts:
    waiting, overdue = await store.waiting_and_overdue(
        work.session, case_id=case_id, organisation_id=work.actor.organisation_id, now=work.now
    )
    return caseworker_pb2.ActionCounts(waiting=waiting, overdue=overdue)


async def _actions(work: Work, rows: Sequence[tables.ActionRow]) -> list[caseworker_pb2.Action]:
    """Actions without what the caller is not told of those who have others' to do."""
    others = {row.person_id for row in rows if row.organisation_id != work.actor.organisation_id}
    known = {person_id: await reach.circle(work, person_id) for person_id in others}
    messages = [_action(row) for row in rows]
    for message in messages:
        known.get(message.person_id, circles.Circle()).close(message, "organisation_id", "answered_by")
    return messages


def _action(row: tables.ActionRow) -> caseworker_pb2.Action:
    message = caseworker_pb2.Action(
        action_id=row.action_id,
        version=row.version,
        case_id=row.case_id,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        status=events.action_status(row.status),
        what=narratives.message(row.what),
        note=narratives.message(row.note),
        answered_by=row.answered_by,
    )
    message.assigned_at.FromDatetime(row.assigned_at)
    for name in ("due_at", "answered_at"):
        moment = getattr(row, name)
        if moment is not None:
            field: Timestamp = getattr(message, name)
            field.FromDatetime(moment)
    return message
