"""What caseworker does when others tell something: the map of its reactions is the table at the end."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, timedelta

from google.protobuf.message import Message

from chassis.consumer import Handler
from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.identity.v1 import events_pb2 as identity_events
from joinedup.insight.v1 import events_pb2 as insight_events
from joinedup.notify.v1 import events_pb2 as notify_events
from joinedup.notify.v1 import notify_pb2
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.caseworker import chronicle, domain, readings, store
from services.caseworker.commands import assignments, cases

STATUS_TITLES: Mapping[int, str] = {
    referrals_pb2.STATUS_RECEIVED: "Referral sent in again with more information",
    referrals_pb2.STATUS_ACCEPTED: "Referral accepted",
    referrals_pb2.STATUS_REJECTED: "Referral refused",
    referrals_pb2.STATUS_ON_HOLD: "Referral returned to the referrer with advice",
    referrals_pb2.STATUS_CANCELLED: "Referral revoked by the referrer",
    referrals_pb2.STATUS_ENTERED_IN_ERROR: "Referral was entered in error",
    referrals_pb2.STATUS_COMPLETED: "Referral completed",
}


async def on_referral_submitted(work: Work, event: referral_events.ReferralSubmitted) -> None:
    """A referral came in."""
    entry = chronicle.Entry(
        person_id=event.person_id,
        source=f"referral/{event.referral_id}/{event.version}",
        at=event.submitted_at.ToDatetime(tzinfo=UTC),
        kind=caseworker_pb2.CHRONOLOGY_KIND_REFERRAL,
        title="Referral received",
        organisation_id=event.referrer_organisation_id,
    )
    await chronicle.add(work, entry)


async def on_referral_status_changed(work: Work, event: referral_events.ReferralStatusChanged) -> None:
    """Triage decided, or the referrer did; an accepted referral with a key worker opens the case by itself."""
    title = STATUS_TITLES.get(event.status)
    if title is None:
        return
    entry = chronicle.Entry(
        person_id=event.person_id,
        source=f"referral/{event.referral_id}/{event.version}",
        at=event.changed_at.ToDatetime(tzinfo=UTC),
        kind=caseworker_pb2.CHRONOLOGY_KIND_REFERRAL,
        title=title,
        organisation_id=event.organisation_id,
    )
    await chronicle.add(work, entry)
    if event.status == referrals_pb2.STATUS_ACCEPTED and event.key_worker_id:
        accepted = cases.Accepted(
            event.referral_id, event.person_id, event.organisation_id, event.team_id, event.key_worker_id
        )
        await cases.open_case(work, accepted)


async def on_referral_assigned(work: Work, event: referral_events.ReferralAssigned) -> None:
    """After an unmerge a referral is about the other of the two; a case that it opened is assigned by itself."""
    await assignments.follow_referral(
        work,
        referral_id=event.referral_id,
        former_person_id=event.former_person_id,
        person_id=event.person_id,
    )


async def on_encounter_recorded(alert_within: timedelta, work: Work, event: gateway_events.EncounterRecorded) -> None:
    """A service had contact with the person; in a crisis the key worker is to know now."""
    encounter = readings.encounter_class(event.encounter_class)
    started_at = event.started_at.ToDatetime(tzinfo=UTC)
    open_cases = await store.open_cases(work.session, event.person_id)
    source = f"encounter/{event.organisation_id}/{event.encounter_id}"
    organisation = await store.organisation(work.session, event.organisation_id)
    data_class, told = domain.contact(encounter, organisation.name if organisation else "")
    entry = chronicle.Entry(
        person_id=event.person_id,
        source=source,
        at=started_at,
        kind=caseworker_pb2.CHRONOLOGY_KIND_ENCOUNTER,
        title="Contact with a service",
        # Who had the contact tells what kind it was, the police's as the hospital's: it is said under the same class.
        narrative={data_class: told},
    )
    # Nobody looks at a person without a case, and half a year of history need not be told entry by entry.
    added = await chronicle.add(work, entry, tell=bool(open_cases))
    crisis = domain.is_crisis(encounter, started_at=started_at, now=work.now, within=alert_within)
    if added and crisis:
        # Somebody who was merged while they had two cases has two key workers, and both are to know.
        for case in open_cases:
            await cases.alert(work, case, source=source, at=work.now)


async def on_rising_need(work: Work, event: insight_events.RisingNeedDetected) -> None:
    """Contacts in crisis reached the threshold."""
    entry = chronicle.Entry(
        person_id=event.person_id,
        source=f"signal/{event.signal_id}",
        at=event.detected_at.ToDatetime(tzinfo=UTC),
        kind=caseworker_pb2.CHRONOLOGY_KIND_ALERT,
        title="Signal of rising need",
        narrative={"health": f"{event.contacts} contacts in crisis within {event.window_days} days"},
    )
    await chronicle.add(work, entry)


async def on_vital_status(work: Work, event: identity_events.VitalStatusChanged) -> None:
    """Whether the person has died is recorded otherwise: whoever holds a case of theirs is to know before they call."""
    for case in await store.open_cases(work.session, event.person_id):
        await cases.news(work, case, source=f"vital/{event.person_id}/{event.version}", at=work.now)


async def on_message_status(work: Work, event: notify_events.MessageStatusChanged) -> None:
    """A message about this person left, or could not be delivered."""
    titles = {
        notify_pb2.DELIVERY_STATUS_SENT: "Told by secure message",
        notify_pb2.DELIVERY_STATUS_PERMANENT_FAILURE: "A secure message could not be delivered",
        notify_pb2.DELIVERY_STATUS_TECHNICAL_FAILURE: "A secure message could not be delivered",
    }
    title = titles.get(event.status)
    if title is None or not event.person_id:
        return
    entry = chronicle.Entry(
        person_id=event.person_id,
        source=f"message/{event.message_id}/{event.version}",
        at=event.changed_at.ToDatetime(tzinfo=UTC),
        kind=caseworker_pb2.CHRONOLOGY_KIND_NOTIFICATION,
        title=title,
        organisation_id=event.organisation_id,
        practitioner_id=event.practitioner_id,
    )
    await chronicle.add(work, entry)


async def on_organisation_registered(work: Work, event: governance_events.OrganisationRegistered) -> None:
    """The directory has a new or changed organisation, which actions may be assigned to."""
    version = work.cause.version if work.cause else 1
    await store.keep_organisation(
        work.session, organisation_id=event.organisation.id, name=event.organisation.name, version=version
    )


def handlers(alert_within: timedelta) -> Mapping[type[Message], Handler]:
    """The map of caseworker's reactions; a contact older than `alert_within` is history and alerts nobody."""
    return {
        referral_events.ReferralSubmitted: on_referral_submitted,
        referral_events.ReferralStatusChanged: on_referral_status_changed,
        referral_events.ReferralAssigned: on_referral_assigned,
        gateway_events.EncounterRecorded: functools.partial(on_encounter_recorded, alert_within),
        insight_events.RisingNeedDetected: on_rising_need,
        identity_events.VitalStatusChanged: on_vital_status,
        notify_events.MessageStatusChanged: on_message_status,
        governance_events.OrganisationRegistered: on_organisation_registered,
    }
