"""What notify does when others tell something: who must know is the table at the end."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from chassis.consumer import Handler
from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.caseworker.v1 import events_pb2 as case_events
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.notify import commands, store
from services.notify.domain import Template

# What a referrer always learns; "in progress" is the team's own business.
DECIDED = frozenset(
    {
        referrals_pb2.STATUS_ACCEPTED,
        referrals_pb2.STATUS_REJECTED,
        referrals_pb2.STATUS_ON_HOLD,
        referrals_pb2.STATUS_COMPLETED,
    }
)


async def on_action_assigned(work: Work, event: case_events.ActionAssigned) -> None:
    """The organisation learns what it has to do."""
    notice = commands.Notice(
        Template.ACTION_ASSIGNED, event.person_id, event.organisation_id, f"action/{event.action_id}"
    )
    await commands.create(work, notice)


async def on_action_answered(work: Work, event: case_events.ActionAnswered) -> None:
    """The key worker learns what an organisation answered."""
    if not event.key_worker_id:
        return
    notice = commands.Notice(
        Template.ACTION_ANSWERED,
        event.person_id,
        event.key_worker_organisation_id,
        f"action/{event.action_id}",
        practitioner_id=event.key_worker_id,
        code=caseworker_pb2.ActionStatus.Name(event.status).removeprefix("ACTION_STATUS_").lower(),
    )
    await commands.create(work, notice)


async def on_action_cancelled(work: Work, event: case_events.ActionCancelled) -> None:
    """The organisation learns that nobody waits for it any more."""
    notice = commands.Notice(
        Template.ACTION_CANCELLED, event.person_id, event.organisation_id, f"action/{event.action_id}"
    )
    await commands.create(work, notice)


async def on_crisis_alert(work: Work, event: case_events.CrisisAlertRaised) -> None:
    """The key worker learns of a contact in crisis."""
    notice = commands.Notice(
        Template.CRISIS_ALERT,
        event.person_id,
        event.organisation_id,
        f"alert/{event.alert_id}",
        practitioner_id=event.key_worker_id,
    )
    await commands.create(work, notice)


async def on_person_news(work: Work, event: case_events.PersonNewsRaised) -> None:
    """The key worker is to look at who the person is."""
    notice = commands.Notice(
        Template.PERSON_NEWS,
        event.person_id,
        event.organisation_id,
        f"news/{event.news_id}",
        practitioner_id=event.key_worker_id,
    )
    await commands.create(work, notice)


async def on_referral_status_changed(work: Work, event: referral_events.ReferralStatusChanged) -> None:
    """The referrer learns what became of the referral."""
    if event.status not in DECIDED:
        return
    notice = commands.Notice(
        Template.REFERRAL_DECIDED,
        event.person_id,
        event.referrer_organisation_id,
        f"referral/{event.referral_id}",
        code=str(event.version),
    )
    await commands.create(work, notice)


async def on_organisation_registered(work: Work, event: governance_events.OrganisationRegistered) -> None:
    """Where an organisation's messages go."""
    row = store.OrganisationRow(
        id=event.organisation.id,
        name=event.organisation.name,
        sector=event.organisation.sector,
        secure_email=event.organisation.secure_email,
        version=work.cause.version if work.cause else 1,
    )
    await store.keep_organisation(work.session, row)


HANDLERS: Mapping[type[Message], Handler] = {
    case_events.ActionAssigned: on_action_assigned,
    case_events.ActionAnswered: on_action_answered,
    case_events.ActionCancelled: on_action_cancelled,
    case_events.CrisisAlertRaised: on_crisis_alert,
    case_events.PersonNewsRaised: on_person_news,
    referral_events.ReferralStatusChanged: on_referral_status_changed,
    governance_events.OrganisationRegistered: on_organisation_registered,
}
