"""Commands about cases: opening one, adding partners and notes, alerting the key worker."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chassis import errors
from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from joinedup.referrals.v1 import referrals_pb2
from services.caseworker import chronicle, clients, events, policy, reach, store, tables


@dataclass(frozen=True)
class Accepted:
    """A referral that a team took on, with the key worker it named."""

    referral_id: str
    person_id: str
    organisation_id: str
    team_id: str
    key_worker_id: str


async def open_for_referral(
    work: Work, *, peers: clients.Peers, referral_id: str, key_worker_id: str
) -> tables.CaseRow:
    """Open a case for a referral that the caller's team has accepted.

    Raises errors.NotFound when the referral is out of reach, errors.Conflict when it is not accepted or the
    person has an open case under another of their ids, errors.Invalid when nobody is named as key worker.
    """
    referral = await peers.referral(work, referral_id)
    if referral.status not in (referrals_pb2.STATUS_ACCEPTED, referrals_pb2.STATUS_IN_PROGRESS):
        raise errors.Conflict("the referral is not accepted: triage comes first")
    named = key_worker_id or referral.key_worker_id
    if not named:
        raise errors.Invalid.of("key_worker_id", "must be given: every case has one named key worker")
    accepted = Accepted(referral_id, referral.person_id, referral.organisation_id, referral.team_id, named)
    policy.require_holder(work.actor, policy.CaseHolders(accepted.organisation_id, accepted.team_id, named))
    if other := await store.open_under_other_id(work.session, accepted.person_id):
        raise errors.Conflict(f"the person is also known as {other.person_id}, and has the open case {other.case_id}")
    return await open_case(work, accepted)


async def open_case(work: Work, accepted: Accepted) -> tables.CaseRow:
    """Open a case with its empty plan; the one that is open for this person, by any id, is answered instead."""
    row = tables.CaseRow(
        case_id=str(uuid.uuid4()),
        version=1,
        status=store.OPEN_CASE,
        opened_at=work.now,
        **vars(accepted),
    )
    other = await store.open_under_other_id(work.session, row.person_id)
    if other is not None or await store.open_case(work.session, row) is None:
        return await _joined(work, accepted)
    await work.relate(
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        team_id=row.team_id,
        practitioner_id=row.key_worker_id,
        kind=common_pb2.RELATIONSHIP_KIND_KEY_WORKER,
        source=f"case/{row.case_id}",
    )
    work.session.add(_empty_plan(work, row))
    work.publish(events.case_opened(row), person_id=row.person_id, aggregate=f"case/{row.case_id}", version=1)
    work.audit("open case", subject=f"case/{row.case_id}", detail={"referral": accepted.referral_id})
    await chronicle.add(work, _opened(work, row))
    return row


async def _joined(work: Work, accepted: Accepted) -> tables.CaseRow:
    """The open case, which a further referral joins: one person, one case, one key worker."""
    row = await store.case_of_person(work.session, accepted.person_id)
    if row is None:
        raise errors.Conflict("the person has an open case that another team holds; ask its key worker to join")
    # Whoever accepted it may be another team: neither may believe that nobody, or the other, has taken it up.
    work.audit("join case", subject=f"case/{row.case_id}", detail={"referral": accepted.referral_id})
    await chronicle.add(work, _joins(row, accepted, work.now))
    return row


def _joins(row: tables.CaseRow, accepted: Accepted, at: datetime) -> chronicle.Entry:
    return chronicle.Entry(
        person_id=row.person_id,
        source=f"case/{row.case_id}/referral/{accepted.referral_id}",
        at=at,
        kind=caseworker_pb2.CHRONOLOGY_KIND_CASE,
        title="A further accepted referral joins this case",
        organisation_id=accepted.organisation_id,
        practitioner_id=accepted.key_worker_id,
    )


def _empty_plan(work: Work, row: tables.CaseRow) -> tables.PlanRow:
    return tables.PlanRow(
        plan_id=str(uuid.uuid4()),
        version=1,
        case_id=row.case_id,
        person_id=row.person_id,
        content=b"",
        updated_by=work.actor.subject,
        updated_at=work.now,
    )


def _opened(work: Work, row: tables.CaseRow) -> chronicle.Entry:
    return chronicle.Entry(
        person_id=row.person_id,
        source=f"case/{row.case_id}",
        at=work.now,
        kind=caseworker_pb2.CHRONOLOGY_KIND_CASE,
        title="Case opened with a key worker",
        organisation_id=row.organisation_id,
        practitioner_id=row.key_worker_id,
    )


async def held(work: Work, case_id: str) -> tables.CaseRow:
    """The case, locked, when the caller holds it. Raises errors.NotFound, errors.Denied, errors.Conflict."""
    row = await store.find_case(work.session, case_id, lock=True)
    if row is None:
        raise await reach.no_case(work, case_id)
    policy.require_holder(work.actor, policy.CaseHolders(row.organisation_id, row.team_id, row.key_worker_id))
    if row.status != store.OPEN_CASE:
        raise errors.Conflict("the case is closed")
    return row


async def add_partner(work: Work, *, case_id: str, organisation_id: str) -> tables.CaseRow:
    """Make an organisation a partner of the plan, so that agreements let it know its part.

    Raises errors.Invalid when the organisation is not in the directory, and what `held` raises.
    """
    row = await held(work, case_id)
    await ensure_partner(work, row, organisation_id)
    return row


async def ensure_partner(work: Work, row: tables.CaseRow, organisation_id: str) -> None:
    """The same for a case that is held already."""
    if await store.organisation(work.session, organisation_id) is None:
        raise errors.Invalid.of("organisation_id", "is not in the directory of organisations")
    partner = tables.PartnerRow(
        case_id=row.case_id, organisation_id=organisation_id, person_id=row.person_id, added_at=work.now
    )
    if not await store.add_partner(work.session, partner):
        return
    await work.relate(
        person_id=row.person_id,
        organisation_id=organisation_id,
        kind=common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER,
        source=f"case/{row.case_id}",
    )
    row.version += 1
    work.session.add(row)
    work.audit("add plan partner", subject=f"case/{row.case_id}", detail={"organisation": organisation_id})


async def add_note(work: Work, *, case_id: str, note: Mapping[str, str]) -> str:
    """Write a note into the chronology; its id. Raises errors.Invalid when it is empty, and what `held` raises."""
    if not note:
        raise errors.Invalid.of("note", "must say something")
    row = await held(work, case_id)
    note_id = str(uuid.uuid4())
    entry = chronicle.Entry(
        person_id=row.person_id,
        source=f"note/{note_id}",
        at=work.now,
        kind=caseworker_pb2.CHRONOLOGY_KIND_NOTE,
        title="Note",
        narrative=note,
        organisation_id=work.actor.organisation_id,
        practitioner_id=work.actor.practitioner_id,
    )
    await chronicle.add(work, entry)
    work.audit("add note", subject=f"case/{row.case_id}")
    return note_id


async def news(work: Work, row: tables.CaseRow, *, source: str, at: datetime) -> None:
    """Have a case's key worker look at who the person is; the same source does it once.

    What the news is, the owner of the data tells to whoever may know: here it is not kept.
    """
    if not await _alerted(work, row, "News of who the person is: look at their details", source=source, at=at):
        return
    news_id = str(uuid.uuid4())
    work.publish(
        events.person_news_raised(row, news_id=news_id, source=source, at=at),
        person_id=row.person_id,
        aggregate=f"news/{news_id}",
        version=1,
    )
    work.audit("raise person news", subject=f"case/{row.case_id}", detail={"source": source})


async def _alerted(work: Work, row: tables.CaseRow, title: str, *, source: str, at: datetime) -> bool:
    """Put an alert where the key worker sees it first; False when it was there already."""
    entry = chronicle.Entry(
        person_id=row.person_id,
        source=f"alert/{source}",
        at=at,
        kind=caseworker_pb2.CHRONOLOGY_KIND_ALERT,
        title=title,
        organisation_id=row.organisation_id,
        practitioner_id=row.key_worker_id,
    )
    if not await chronicle.add(work, entry):
        return False
    # Read anew under a lock: a command may have changed the case since, and its version counts every change.
    await work.session.refresh(row, with_for_update=True)
    await store.raise_alert(work.session, row, at)
    return True


async def alert(work: Work, row: tables.CaseRow, *, source: str, at: datetime) -> None:
    """Raise a crisis alert to a case's key worker; the same source raises one."""
    if not await _alerted(work, row, "Crisis alert to the key worker", source=source, at=at):
        return
    alert_id = str(uuid.uuid4())
    work.publish(
        events.crisis_alert_raised(row, alert_id=alert_id, source=source, at=at),
        person_id=row.person_id,
        aggregate=f"alert/{alert_id}",
        version=1,
    )
    work.audit("raise crisis alert", subject=f"case/{row.case_id}", detail={"source": source})
