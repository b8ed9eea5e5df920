"""Kafka is killed and stays away: commands are accepted all the same; when it is back everything arrives, in order."""

from __future__ import annotations

import random
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from devstack.demo import seeing
from devstack.place import encounters
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc
from tests import acts, county
from tests.chaos import account
from tests.county import County

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(300)]

# A command is answered while Kafka is away as it is otherwise; this is far more, for a machine that is busy.
PROMPT_SECONDS = 4.0
PEOPLE = 4
CRISES = 5
WAITING = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@pytest.mark.usefixtures("no_new_dead_letters")
async def test_commands_go_on_and_nothing_is_lost_or_reordered(shire: County, chance: random.Random) -> None:
    people = [next(shire.fresh) for _ in range(PEOPLE)]
    patient = await _quiet_person(shire)
    signals = await shire.rows("insight", "SELECT signal_id FROM signal WHERE person_id = $1", patient)
    slowest = 0.0
    await shire.crash("kafka")
    try:
        referrals = {}
        for person in people:
            began = time.monotonic()
            referrals[person.id] = await acts.refer(shire, county.as_json(shire.bundle("kafka away", person)))
            slowest = max(slowest, time.monotonic() - began)
        for person in chance.sample(people, PEOPLE):
            # Sent back and answered again: four versions of one referral, told in an order that can be checked.
            await _to_and_fro(shire, referrals[person.id])
        await _crises(shire, patient)
        assert (await shire.rows("referrals", WAITING))[0][0] >= PEOPLE * 4
    finally:
        await shire.release("kafka")
    assert slowest < PROMPT_SECONDS

    await shire.settle()
    await account.log_and_inboxes_agree(shire)
    await account.ledger_is_whole(shire)
    for person in people:
        titles = [
            row["title"]
            for row in await shire.rows(
                "caseworker",
                "SELECT title FROM chronology WHERE source LIKE 'referral/' || $1 || '/%' ORDER BY source",
                referrals[person.id],
            )
        ]
        assert titles == [
            "Referral received",
            "Referral returned to the referrer with advice",
            "Referral sent in again with more information",
        ]

    async def raised() -> int | None:
        rows = await shire.rows("insight", "SELECT signal_id FROM signal WHERE person_id = $1", patient)
        return len(rows) if len(rows) > len(signals) else None

    assert await seeing.eventually(raised, "a signal of rising need", seconds=90) == len(signals) + 1


async def _quiet_person(shire: County) -> str:
    """Somebody who had no contact in crisis in the last ninety days."""
    since = shire.place.until - timedelta(days=95)
    crises = {"emergency", "ambulance", "police"}
    for person in shire.fresh:
        history = encounters.encounters(shire.place.seeding, person, shire.place.organisations, shire.place.until)
        if not any(one.at > since and one.encounter_class.value in crises for one in history):
            return shire.ids[person.id]
    raise AssertionError("everybody in this place is in crisis")


async def _to_and_fro(shire: County, referral_id: str) -> None:
    triager, hospital = shire.cast.member("complex-north", "triage"), shire.cast.system("hospital")
    back = triager.caller.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
    again = hospital.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
    returned = await acts.as_player(
        triager,
        f"{referral_id}/return",
        lambda: back.ReturnReferral(
            referrals_pb2.ReturnReferralRequest(referral_id=referral_id, version=1, advice="Say more")
        ),
    )
    with hospital.acting(key=f"{referral_id}/again"):
        await again.ResubmitReferral(
            referrals_pb2.ResubmitReferralRequest(
                referral_id=referral_id, version=returned.version, narrative=common_pb2.Narrative(health="More")
            )
        )


async def _crises(shire: County, person_id: str) -> None:
    hospital = shire.cast.system("hospital")
    stub = hospital.stub(gateway_pb2_grpc.GatewayStub, "gateway")
    told = []
    for number in range(CRISES):
        contact = gateway_pb2.Encounter(
            encounter_id=str(uuid.uuid4()),
            person_id=person_id,
            organisation_id=hospital.actor.organisation_id,
            encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
        )
        contact.started_at.FromDatetime(datetime.now(UTC) - timedelta(hours=number))
        told.append(contact)
    with hospital.acting(key=f"crises/{person_id}"):
        answer = await stub.RecordEncounters(gateway_pb2.RecordEncountersRequest(encounters=told))
    assert answer.recorded == CRISES
