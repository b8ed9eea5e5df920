"""What insight does, beside its stream, when others tell something: it counts who was merged as the person they are.

The stream counts by id, in tables that are apart for each partition. Whoever was ever merged is counted here instead,
from contacts that are each kept under their own id: together while the merge stands, apart once it is taken back.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from google.protobuf.message import Message

from chassis.consumer import Handler
from chassis.disclosure import merges
from chassis.work import Work
from joinedup.caseworker.v1 import events_pb2 as case_events
from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.identity.v1 import events_pb2 as identity_events
from joinedup.referrals.v1 import events_pb2 as referral_events
from services.insight import commands, contacts, counting, domain

# As caseworker's chronology names what it tells of a contact.
_CONTACT = "encounter/"


async def on_encounter(rule: domain.Rule, work: Work, event: gateway_events.EncounterRecorded) -> None:
    """A contact, which counts where it was a crisis."""
    if event.encounter_class not in counting.CRISES:
        return
    await contacts.hold(work.session, await merges.known_as(work.session, event.person_id))
    whose = await contacts.keep(
        work.session, encounter=counting.key(event), person_id=event.person_id, at=event.started_at.seconds
    )
    if await merges.was_merged(work.session, whose):
        await commands.consider(work, whose, rule)


async def on_merged(rule: domain.Rule, work: Work, event: identity_events.PersonMerged) -> None:
    """Two are one: what they had apart may be a rise together."""
    await commands.consider(work, event.surviving_person_id, rule)


async def on_unmerged(rule: domain.Rule, work: Work, event: identity_events.PersonUnmerged) -> None:
    """They are two: each is counted by what is their own."""
    for person_id in (event.surviving_person_id, event.merged_person_id):
        await commands.consider(work, person_id, rule)


async def on_entry_assigned(rule: domain.Rule, work: Work, event: case_events.ChronologyEntryAssigned) -> None:
    """A human said whose contact it was: it counts for that person."""
    if not event.source.startswith(_CONTACT):
        return
    people = (event.former_person_id, event.person_id)
    await contacts.hold(work.session, people)
    await contacts.assign(work.session, encounter=event.source.removeprefix(_CONTACT), person_id=event.person_id)
    for person_id in people:
        await commands.consider(work, person_id, rule)


async def on_referral_submitted(work: Work, event: referral_events.ReferralSubmitted) -> None:
    """A referral is open."""
    await contacts.keep_referral(
        work.session,
        referral_id=event.referral_id,
        person_id=event.person_id,
        is_open=True,
        version=event.version,
    )


async def on_referral_status(work: Work, event: referral_events.ReferralStatusChanged) -> None:
    """And open still, or not."""
    await contacts.keep_referral(
        work.session,
        referral_id=event.referral_id,
        person_id=event.person_id,
        is_open=event.status not in counting.CLOSED,
        version=event.version,
    )


async def on_referral_assigned(work: Work, event: referral_events.ReferralAssigned) -> None:
    """A human said whose referral it was."""
    await contacts.assign_referral(
        work.session, referral_id=event.referral_id, person_id=event.person_id, version=event.version
    )


def handlers(rule: domain.Rule) -> Mapping[type[Message], Handler]:
    """The table: event, and what it brings about. The frame's projection of merges comes before ours."""
    return {
        gateway_events.EncounterRecorded: functools.partial(on_encounter, rule),
        identity_events.PersonMerged: functools.partial(on_merged, rule),
        identity_events.PersonUnmerged: functools.partial(on_unmerged, rule),
        case_events.ChronologyEntryAssigned: functools.partial(on_entry_assigned, rule),
        referral_events.ReferralSubmitted: on_referral_submitted,
        referral_events.ReferralStatusChanged: on_referral_status,
        referral_events.ReferralAssigned: on_referral_assigned,
    }
