"""That it changed whether somebody lives reaches whoever holds their case, and says nothing by itself."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from chassis import work
from chassis.disclosure import merges
from joinedup.caseworker.v1 import events_pb2
from joinedup.identity.v1 import events_pb2 as identity_events
from tests.integration.service_house import House
from tests.integration.test_caseworker_closing import close, seen
from tests.integration.test_caseworker_plan import REACTIONS, chronology, house, opened

__all__ = ["house"]  # the fixture


def changed(person_id: str, version: int = 1) -> identity_events.VitalStatusChanged:
    event = identity_events.VitalStatusChanged(person_id=person_id, version=version)
    event.changed_at.GetCurrentTime()
    return event


async def test_the_key_worker_is_told_once_for_each_word_and_sees_it_first(house: House) -> None:
    case = await opened(house)
    for version in (1, 1, 2):
        await house.handle(REACTIONS, changed(case.person_id, version))
    told = await house.events(events_pb2.PersonNewsRaised, case_id=case.case_id)
    assert [(one.key_worker_id, one.organisation_id, one.version) for one in told] == [("kay", "trust", 1)] * 2
    assert len({one.news_id for one in told}) == 2
    entries = [one for one in await chronology(house, case.person_id) if one.title.startswith("News")]
    assert len(entries) == 2
    assert not [one for one in entries if one.narrative.ListFields()], "what it is stands at its owner"
    assert (await seen(house, case)).HasField("last_alert_at")
    assert await house.events(events_pb2.CrisisAlertRaised, case_id=case.case_id) == []


async def test_without_an_open_case_nobody_is_told(house: House) -> None:
    case = await opened(house)
    await close(house, case)
    await house.handle(REACTIONS, changed(case.person_id))
    await house.handle(REACTIONS, changed(str(uuid.uuid4())))
    assert await house.events(events_pb2.PersonNewsRaised, person_id=case.person_id) == []


async def test_news_of_one_id_reaches_the_case_under_the_other(house: House) -> None:
    case, other = await opened(house), str(uuid.uuid4())
    async with work.unit(house.database, house.actor, service="caseworker") as unit:
        await merges.keep(unit.session, merges.Spell(str(uuid.uuid4()), other, case.person_id, datetime.now(UTC)))
    await house.handle(REACTIONS, changed(other))
    (told,) = await house.events(events_pb2.PersonNewsRaised, case_id=case.case_id)
    assert told.person_id == case.person_id
