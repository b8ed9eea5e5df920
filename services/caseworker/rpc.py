"""The Caseworker service on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

import functools
from datetime import timedelta

from chassis.disclosure.answers import Answers
from chassis.rpc import server
from chassis.rpc.pipeline import RpcHandler
from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from services.caseworker import chronology, clients, events, narratives, queries, readings, tables
from services.caseworker.commands import cases, closing, plans


async def open_case(
    peers: clients.Peers, request: caseworker_pb2.OpenCaseRequest, work: Work
) -> caseworker_pb2.CaseResponse:
    """OpenCase."""
    row = await cases.open_for_referral(
        work, peers=peers, referral_id=request.referral_id, key_worker_id=request.key_worker_id
    )
    return caseworker_pb2.CaseResponse(case_id=row.case_id, version=row.version)


async def get_case(request: caseworker_pb2.GetCaseRequest, work: Work) -> caseworker_pb2.Case:
    """GetCase."""
    return await queries.get_case(work, request)


async def list_caseload(request: caseworker_pb2.ListCaseloadRequest, work: Work) -> caseworker_pb2.ListCaseloadResponse:
    """ListCaseload."""
    return await queries.list_caseload(work, request)


async def add_plan_partner(request: caseworker_pb2.AddPlanPartnerRequest, work: Work) -> caseworker_pb2.CaseResponse:
    """AddPlanPartner."""
    row = await cases.add_partner(work, case_id=request.case_id, organisation_id=request.organisation_id)
    return caseworker_pb2.CaseResponse(case_id=row.case_id, version=row.version)


async def close_case(
    partners_read_on: timedelta, request: caseworker_pb2.CloseCaseRequest, work: Work
) -> caseworker_pb2.CaseResponse:
    """CloseCase."""
    closure = closing.Closure(
        case_id=request.case_id,
        version=request.version,
        reason=readings.closure_reason(request.reason),
        note=narratives.texts(request.note),
        cancels_actions=request.cancel_open_actions,
    )
    row = await closing.close(work, closure, partners_read_on=partners_read_on)
    return caseworker_pb2.CaseResponse(case_id=row.case_id, version=row.version)


async def get_plan(request: caseworker_pb2.GetPlanRequest, work: Work) -> plan_pb2.Plan:
    """GetPlan."""
    return await queries.get_plan(work, request.case_id)


async def update_plan(
    answers: Answers, request: caseworker_pb2.UpdatePlanRequest, work: Work
) -> caseworker_pb2.UpdatePlanResponse:
    """UpdatePlan."""
    row = await plans.update(work, answers, case_id=request.case_id, version=request.version, content=request.content)
    return caseworker_pb2.UpdatePlanResponse(plan_id=row.plan_id, version=row.version)


async def assign_action(request: caseworker_pb2.AssignActionRequest, work: Work) -> caseworker_pb2.ActionResponse:
    """AssignAction."""
    return _action(await plans.assign(work, request))


async def answer_action(request: caseworker_pb2.AnswerActionRequest, work: Work) -> caseworker_pb2.ActionResponse:
    """AnswerAction."""
    return _action(await plans.answer(work, request))


def _action(row: tables.ActionRow) -> caseworker_pb2.ActionResponse:
    return caseworker_pb2.ActionResponse(
        action_id=row.action_id, version=row.version, status=events.action_status(row.status)
    )


async def get_action(request: caseworker_pb2.GetActionRequest, work: Work) -> caseworker_pb2.Action:
    """GetAction."""
    return await queries.get_action(work, request.action_id)


async def list_actions(request: caseworker_pb2.ListActionsRequest, work: Work) -> caseworker_pb2.ListActionsResponse:
    """ListActions."""
    return await queries.list_actions(work, request)


async def add_note(request: caseworker_pb2.AddNoteRequest, work: Work) -> caseworker_pb2.AddNoteResponse:
    """AddNote."""
    entry_id = await cases.add_note(work, case_id=request.case_id, note=narratives.texts(request.note))
    return caseworker_pb2.AddNoteResponse(entry_id=entry_id)


async def list_chronology(
    request: caseworker_pb2.ListChronologyRequest, work: Work
) -> caseworker_pb2.ListChronologyResponse:
    """ListChronology."""
    return await chronology.list_chronology(work, request)


def services(peers: clients.Peers, partners_read_on: timedelta = timedelta(0)) -> tuple[server.Service, ...]:
    """What caseworker serves, calling these peers; for so long partners read on when a case is closed."""
    handlers: dict[str, RpcHandler] = {
        "OpenCase": functools.partial(open_case, peers),
        "GetCase": get_case,
        "ListCaseload": list_caseload,
        "AddPlanPartner": add_plan_partner,
        "CloseCase": functools.partial(close_case, partners_read_on),
        "GetPlan": get_plan,
        # What it decides about is what the frame redacts by: the same rules, with agreements remembered in between.
        "UpdatePlan": functools.partial(update_plan, Answers()),
        "AssignAction": assign_action,
        "AnswerAction": answer_action,
        "GetAction": get_action,
        "ListActions": list_actions,
        "AddNote": add_note,
        "ListChronology": list_chronology,
    }
    return (server.Service(caseworker_pb2.DESCRIPTOR.services_by_name["Caseworker"], handlers),)
