"""Reads the event topics and tells the pages that show what an event is about to look again.

No group and no commits: every replica hears everything from now on, and keeps nothing. What was missed while Kafka was
away is made good by telling every page. Events hold ids only; what they are about is asked for anew, by each reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from chassis import consumer, errors, events, kafka
from chassis.settings import ServiceSettings
from joinedup.caseworker.v1 import events_pb2 as caseworker
from joinedup.common.v1 import common_pb2 as common
from joinedup.identity.v1 import events_pb2 as identity
from joinedup.insight.v1 import events_pb2 as insight
from joinedup.notify.v1 import events_pb2 as notify
from joinedup.referrals.v1 import events_pb2 as referrals
from services.portal.live import Hub

logger = logging.getLogger(__name__)

# Fields of events, and the topics of pages that they stand for.
_FIELDS: Mapping[str, str] = {
    "person_id": "person",
    "surviving_person_id": "person",
    "merged_person_id": "person",
    "former_person_id": "person",
    "team_id": "team",
    "organisation_id": "organisation",
    "referrer_organisation_id": "organisation",
    "key_worker_organisation_id": "organisation",
    "key_worker_id": "worker",
}
FOLLOWED: tuple[Any, ...] = (
    identity.PersonRegistered,
    identity.PersonUpdated,
    identity.PersonMerged,
    identity.PersonUnmerged,
    identity.VitalStatusChanged,
    referrals.ReferralSubmitted,
    referrals.ReferralStatusChanged,
    referrals.ReferralAssigned,
    caseworker.CaseOpened,
    caseworker.CaseAssigned,
    caseworker.CaseClosed,
    caseworker.PlanUpdated,
    caseworker.ActionAssigned,
    caseworker.ActionAnswered,
    caseworker.ActionCancelled,
    caseworker.CrisisAlertRaised,
    caseworker.PersonNewsRaised,
    caseworker.ChronologyEntryAdded,
    caseworker.ChronologyEntryAssigned,
    notify.MessageStatusChanged,
    insight.RisingNeedDetected,
    common.RelationshipEstablished,
    common.RelationshipEnded,
)
_NAMES = frozenset(event.DESCRIPTOR.full_name for event in FOLLOWED)
# Every service has to hear of a new relationship, or of a merge, before it answers by it: the pages look twice.
_RELATING = frozenset(
    event.DESCRIPTOR.full_name
    for event in (
        common.RelationshipEstablished,
        common.RelationshipEnded,
        identity.PersonMerged,
        identity.PersonUnmerged,
    )
)
_AGAIN_SECONDS = 1.5


def topics(event: Any) -> set[str]:
    """The pages that an event concerns."""
    held = {field: getattr(event, field, "") for field in _FIELDS}
    return {f"{_FIELDS[field]}:{value}" for field, value in held.items() if value}


class Watch:
    """The reader; runs beside the pages in the same process."""

    def __init__(self, config: ServiceSettings, hub: Hub) -> None:
        self._config = config
        self._hub = hub
        self._topics = sorted(consumer.topics(FOLLOWED))

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop; waits out the absence of Kafka."""
        while not stop.is_set():
            try:
                await kafka.ensure_topics(self._config, self._topics)
                await self._read(stop)
            except (KafkaError, OSError, errors.Unavailable) as failure:
                logger.warning("live pages wait for Kafka: %s", type(failure).__name__)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 1)

    async def _read(self, stop: asyncio.Event) -> None:
        client: AIOKafkaConsumer = kafka.consumer(self._config, None, auto_offset_reset="latest")
        client.subscribe(topics=self._topics)
        try:
            await client.start()
            # Positions are looked up at once, so that what is told from here on is heard.
            await asyncio.gather(*(client.position(place) for place in client.assignment()))
            self._hub.tell_all()
            while not stop.is_set():
                fetched = await client.getmany(timeout_ms=500, max_records=500)
                for records in fetched.values():
                    for record in records:
                        self._tell(record)
        finally:
            with suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(5):
                    await client.stop()

    def _tell(self, record: Any) -> None:
        try:
            envelope = events.decode(record.headers, record.value)
            if envelope.type not in _NAMES:
                return
            concerned = topics(events.parse(envelope.type, record.value))
        except events.Unreadable:
            # Whoever has to act on it puts it aside; there is nothing to show.
            return
        self._hub.tell(concerned)
        if envelope.type in _RELATING:
            self._later(lambda: self._hub.tell(concerned))

    def _later(self, tell: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(_AGAIN_SECONDS, tell)
