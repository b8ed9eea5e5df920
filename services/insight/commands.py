"""What insight does with a crossing: keeps the signal and tells it, once, in one transaction."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from chassis.disclosure import merges
from chassis.work import Work
from joinedup.insight.v1 import events_pb2
from services.insight import contacts, domain, store

# Signals are named after what crossed the threshold, so that the same record seen again is the same signal.
_SIGNALS = uuid.UUID("5a3c2a53-5d8a-4f30-8f44-5c1f2b9f6a6e")


async def raise_signal(
    work: Work, *, person_id: str, crossing: domain.Crossing, rule: domain.Rule, referral_open: bool
) -> None:
    """Keep a signal and tell it; the same crossing again changes nothing."""
    row = store.SignalRow(
        signal_id=str(uuid.uuid5(_SIGNALS, f"{person_id}/{crossing.encounter}")),
        person_id=person_id,
        contacts=crossing.contacts,
        window_days=rule.window_days,
        threshold=rule.threshold,
        encounter=crossing.encounter,
        referral_open=referral_open,
        # When need rose, not when we came to read of it: history that is loaded must not look like tonight.
        detected_at=datetime.fromtimestamp(crossing.at, UTC),
    )
    if not await store.add(work.session, row):
        return
    work.publish(_event(row), person_id=person_id, aggregate=f"signal/{row.signal_id}", version=1)
    work.audit("raise signal", subject=f"signal/{row.signal_id}")


async def consider(work: Work, person_id: str, rule: domain.Rule) -> None:
    """Raise a signal where somebody's contacts, under all their ids, are a rise of which none was raised.

    It is told under the id of the contact that crossed the threshold.
    """
    ids = await merges.known_as(work.session, person_id)
    await contacts.hold(work.session, ids)
    known = await contacts.known(work.session, ids)
    rise = domain.rise(known.contacts, rule)
    if rise is None or await contacts.told(work.session, ids, rise.encounters):
        return
    await raise_signal(
        work,
        person_id=known.whose[rise.crossing.encounter],
        crossing=rise.crossing,
        rule=rule,
        referral_open=known.referral_open,
    )


async def raise_of_one(
    work: Work, *, person_id: str, crossing: domain.Crossing, rule: domain.Rule, referral_open: bool
) -> None:
    """Raise what the stream has counted for one id, unless it was ever merged: then it is counted by all of theirs."""
    # Whoever tells just now that they were merged has done so, or waits, and considers what stands here then.
    await contacts.hold(work.session, [person_id])
    if not await merges.was_merged(work.session, person_id):
        await raise_signal(work, person_id=person_id, crossing=crossing, rule=rule, referral_open=referral_open)


def _event(row: store.SignalRow) -> events_pb2.RisingNeedDetected:
    event = events_pb2.RisingNeedDetected(
        signal_id=row.signal_id,
        version=1,
        person_id=row.person_id,
        contacts=row.contacts,
        window_days=row.window_days,
        threshold=row.threshold,
        encounter_id=row.encounter,
    )
    event.detected_at.FromDatetime(row.detected_at)
    return event
