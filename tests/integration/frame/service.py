"""The small service's handlers and roles."""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy

from chassis import consumer, db, errors, work
from chassis.settings import ServiceSettings
from tests.integration.frame import wire

PACKAGE = "tests.integration.frame"

_EFFECT = sqlalchemy.text(
    "INSERT INTO effect (event_id, person_id, number, mood) VALUES (:id, :person, :number, :mood)"
)


class FrameSettings(ServiceSettings):
    """Settings of the small service."""

    topic: str = "frame.events.v1"
    group: str = "frame.consume"


async def happened(unit: work.Work, event: Any) -> None:
    """Write the event down; its mood says what goes wrong."""
    if event.mood == "poison":
        raise ValueError(f"person {event.person_id} must not be quoted")
    if event.mood == "invalid":
        raise errors.Invalid.of("number", "is odd")
    if event.mood == "slow":
        await asyncio.sleep(0.02)
    if event.mood == "late poison":
        # Seen by PostgreSQL only: the text cannot be stored.
        event.mood = "\x00"
    assert unit.cause is not None
    values = {"id": unit.cause.id, "person": event.person_id, "number": event.number, "mood": event.mood}
    if event.mood == "slow":
        await db.execute(unit.session, _EFFECT, values)
    else:
        unit.later(_EFFECT, values)


def consuming(
    config: ServiceSettings, database: db.Database, *, topic: str, group: str, handler: consumer.Handler = happened
) -> consumer.Consumer:
    """A consumer of the events on a topic, without the frame's own projections."""
    return consumer.Consumer(config, database, group=group, handlers={wire.event(topic): handler}, frame_handlers={})


def tell(unit: work.Work, topic: str, person_id: str, number: int, mood: str = "well") -> None:
    """Publish one event about a person."""
    event = wire.event(topic)(person_id=person_id, number=number, mood=mood)
    unit.publish(event, person_id=person_id, aggregate=f"count/{person_id}", version=number)
