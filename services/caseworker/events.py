"""What caseworker tells the others, from its own records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from joinedup.caseworker.v1 import caseworker_pb2, events_pb2
from services.caseworker.tables import ActionRow, CaseRow, ChronologyRow, PlanRow


def action_status(status: str) -> caseworker_pb2.ActionStatus.ValueType:
    """An action's status as it is on the wire."""
    return caseworker_pb2.ActionStatus.Value(f"ACTION_STATUS_{status.upper()}")


def case_opened(row: CaseRow) -> events_pb2.CaseOpened:
    """A case was opened."""
    event = events_pb2.CaseOpened(
        case_id=row.case_id,
        version=row.version,
        person_id=row.person_id,
        referral_id=row.referral_id,
        organisation_id=row.organisation_id,
        team_id=row.team_id,
        key_worker_id=row.key_worker_id,
    )
    event.opened_at.FromDatetime(row.opened_at)
    return event


def case_closed(row: CaseRow, *, referral_ids: Sequence[str]) -> events_pb2.CaseClosed:
    """A case is over, and with it what these referrals asked for; why is told to whoever may know."""
    event = events_pb2.CaseClosed(
        case_id=row.case_id,
        version=row.version,
        person_id=row.person_id,
        referral_ids=referral_ids,
        organisation_id=row.organisation_id,
        team_id=row.team_id,
        key_worker_id=row.key_worker_id,
    )
    if row.closed_at is not None:
        event.closed_at.FromDatetime(row.closed_at)
    return event


def plan_updated(row: PlanRow) -> events_pb2.PlanUpdated:
    """A plan has a new version."""
    event = events_pb2.PlanUpdated(
        plan_id=row.plan_id, version=row.version, case_id=row.case_id, person_id=row.person_id
    )
    event.updated_at.FromDatetime(row.updated_at)
    return event


def action_assigned(row: ActionRow) -> events_pb2.ActionAssigned:
    """An organisation has something to do."""
    event = events_pb2.ActionAssigned(
        action_id=row.action_id,
        version=row.version,
        case_id=row.case_id,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
    )
    event.assigned_at.FromDatetime(row.assigned_at)
    if row.due_at is not None:
        event.due_at.FromDatetime(row.due_at)
    return event


def action_cancelled(row: ActionRow, *, at: datetime) -> events_pb2.ActionCancelled:
    """An organisation has one thing less to do."""
    event = events_pb2.ActionCancelled(
        action_id=row.action_id,
        version=row.version,
        case_id=row.case_id,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
    )
    event.cancelled_at.FromDatetime(at)
    return event


def action_answered(row: ActionRow, *, case: CaseRow | None, at: datetime) -> events_pb2.ActionAnswered:
    """An organisation answered."""
    event = events_pb2.ActionAnswered(
        action_id=row.action_id,
        version=row.version,
        case_id=row.case_id,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        status=action_status(row.status),
        key_worker_id=case.key_worker_id if case else "",
        key_worker_organisation_id=case.organisation_id if case else "",
    )
    event.answered_at.FromDatetime(at)
    return event


def crisis_alert_raised(row: CaseRow, *, alert_id: str, source: str, at: datetime) -> events_pb2.CrisisAlertRaised:
    """The key worker is to know."""
    event = events_pb2.CrisisAlertRaised(
        alert_id=alert_id,
        version=1,
        case_id=row.case_id,
        person_id=row.person_id,
        key_worker_id=row.key_worker_id,
        organisation_id=row.organisation_id,
        source=source,
    )
    event.raised_at.FromDatetime(at)
    return event


def person_news_raised(row: CaseRow, *, news_id: str, source: str, at: datetime) -> events_pb2.PersonNewsRaised:
    """A key worker is to look at somebody's details."""
    event = events_pb2.PersonNewsRaised(
        news_id=news_id,
        version=1,
        case_id=row.case_id,
        person_id=row.person_id,
        key_worker_id=row.key_worker_id,
        organisation_id=row.organisation_id,
        source=source,
    )
    event.raised_at.FromDatetime(at)
    return event


def case_assigned(row: CaseRow, *, former_person_id: str, merge_id: str, at: datetime) -> events_pb2.CaseAssigned:
    """A case is about another person than it was opened for."""
    event = events_pb2.CaseAssigned(
        case_id=row.case_id,
        version=row.version,
        person_id=row.person_id,
        former_person_id=former_person_id,
        merge_id=merge_id,
    )
    event.assigned_at.FromDatetime(at)
    return event


def entry_assigned(
    row: ChronologyRow, *, former_person_id: str, merge_id: str, at: datetime
) -> events_pb2.ChronologyEntryAssigned:
    """An entry is about another person than it was written under."""
    event = events_pb2.ChronologyEntryAssigned(
        entry_id=row.entry_id,
        version=row.version,
        person_id=row.person_id,
        former_person_id=former_person_id,
        merge_id=merge_id,
        source=row.source,
    )
    event.assigned_at.FromDatetime(at)
    return event


def chronology_entry_added(row: ChronologyRow) -> events_pb2.ChronologyEntryAdded:
    """Pages that show this person's chronology are to refresh."""
    event = events_pb2.ChronologyEntryAdded(
        entry_id=row.entry_id,
        version=1,
        person_id=row.person_id,
        kind=cast("caseworker_pb2.ChronologyKind.ValueType", row.kind),
    )
    event.at.FromDatetime(row.at)
    return event
