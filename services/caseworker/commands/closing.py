"""Commands that end a case: with a reason, and with an end for all that hangs on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chassis import errors
from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from services.caseworker import chronicle, domain, events, moves, store, tables
from services.caseworker.commands import cases


@dataclass(frozen=True, slots=True)
class Closure:
    """Which case is closed, as it was seen, and why; whether what is still asked of agencies is no longer needed."""

    case_id: str
    version: int
    reason: domain.ClosureReason
    note: Mapping[str, str]
    cancels_actions: bool


async def close(work: Work, closure: Closure, *, partners_read_on: timedelta) -> tables.CaseRow:
    """Close a case: nobody is alerted by it any more, its plan stands as it is, a new referral opens another one.

    Agencies whose actions are cancelled are told. Partners of the plan can read on for a while, and then are partners
    no longer; whoever held the case answers for the record, and keeps sight of it. Raises errors.Invalid naming fields,
    errors.Conflict when it has changed, is closed, or agencies still have something to do, and what cases.held raises.
    """
    row = await cases.held(work, closure.case_id)
    if row.version != closure.version:
        raise errors.Conflict(f"the case has changed: its version is {row.version}, not {closure.version}")
    problems = domain.closure_problems(closure.reason, closure.note)
    if violations := [errors.Violation(problem.field, problem.text) for problem in problems]:
        raise errors.Invalid(*violations)
    waiting = await store.open_actions(work.session, closure.case_id)
    if waiting and not closure.cancels_actions:
        raise errors.Conflict(f"{len(waiting)} actions are not answered yet: wait for them, or cancel them")
    for action in waiting:
        await _cancel(work, action)
    await _end(work, row, closure)
    for organisation_id in await moves.partners(work.session, row.case_id):
        await work.unrelate(
            person_id=row.person_id,
            organisation_id=organisation_id,
            kind=common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER,
            source=f"case/{row.case_id}",
            at=work.now + partners_read_on,
        )
    return row


async def _end(work: Work, row: tables.CaseRow, closure: Closure) -> None:
    row.status, row.version = domain.CaseStatus.CLOSED, row.version + 1
    row.closed_at, row.closed_by, row.closure_reason = work.now, work.actor.subject, closure.reason
    work.session.add(row)
    joined = await store.joined_referrals(work.session, row.case_id)
    work.publish(
        events.case_closed(row, referral_ids=[row.referral_id, *joined]),
        person_id=row.person_id,
        aggregate=f"case/{row.case_id}",
        version=row.version,
    )
    # Why stands where a reader is shown no more than they may know: that somebody died or moved is no code of ours.
    work.audit("close case", subject=f"case/{row.case_id}")
    entry = chronicle.Entry(
        person_id=row.person_id,
        source=f"case/{row.case_id}/closed",
        at=work.now,
        kind=caseworker_pb2.CHRONOLOGY_KIND_CASE,
        title="Case closed",
        narrative=domain.closure_narrative(closure.reason, closure.note),
        organisation_id=row.organisation_id,
        practitioner_id=work.actor.practitioner_id,
    )
    await chronicle.add(work, entry)


async def _cancel(work: Work, action: tables.ActionRow) -> None:
    cancelled = domain.cancel(domain.Action(domain.ActionStatus(action.status), action.version))
    action.status, action.version = cancelled.status, cancelled.version
    work.session.add(action)
    event = events.action_cancelled(action, at=work.now)
    work.publish(event, person_id=action.person_id, aggregate=f"action/{action.action_id}", version=action.version)
    work.audit("cancel action", subject=f"action/{action.action_id}")
    entry = chronicle.Entry(
        person_id=action.person_id,
        source=f"action/{action.action_id}/{action.version}",
        at=work.now,
        kind=caseworker_pb2.CHRONOLOGY_KIND_ACTION,
        title="Action cancelled",
        narrative=action.what,
        organisation_id=action.organisation_id,
        practitioner_id=work.actor.practitioner_id,
    )
    await chronicle.add(work, entry)
