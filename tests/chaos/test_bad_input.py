"""What is wrong is refused by name, a stranger learns nothing and is seen, and the same command twice is one."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable

import pytest

from chassis import errors
from devstack.demo import seeing
from devstack.place.people import Person
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import gateway_pb2, gateway_pb2_grpc
from joinedup.governance.v1 import events_pb2, governance_pb2
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc
from tests import county
from tests.county import County

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(300)]

AT_ONCE = 8


def _wrong(number: str) -> str:
    """The number with another check digit."""
    return number[:9] + str((int(number[9]) + 1) % 10)


@pytest.mark.parametrize("rpc", ["RegisterPerson", "TracePerson"])
async def test_a_number_that_fails_its_check_digit_is_invalid_by_its_field(shire: County, rpc: str) -> None:
    number = _wrong(next(shire.fresh).nhs_number)
    surgery = shire.cast.system("surgery-moorgate")
    stub = surgery.stub(identity_pb2_grpc.IdentityStub, "identity")
    stated = identity_pb2.Demographics(
        nhs_number=number, name=identity_pb2.Name(given=["Ada"], family="Newcomer"), birth_date="1980-01-01"
    )
    before = await shire.count("identity", "person")
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "RegisterPerson": lambda: stub.RegisterPerson(identity_pb2.RegisterPersonRequest(demographics=stated)),
        "TracePerson": lambda: stub.TracePerson(identity_pb2.TracePersonRequest(demographics=stated)),
    }
    with surgery.acting(key=str(uuid.uuid4())), pytest.raises(errors.Invalid) as refused:
        await asked[rpc]()
    [violation] = refused.value.violations
    assert violation.field == "demographics.nhs_number"
    assert violation.problem == f"check digit is {number[9]}, should be {(int(number[9]) - 1) % 10}"
    assert await shire.count("identity", "person") == before


async def test_a_contact_under_a_wrong_number_is_refused_by_itself(shire: County) -> None:
    person = next(shire.fresh)
    hospital = shire.cast.system("hospital")
    stub = hospital.stub(gateway_pb2_grpc.GatewayStub, "gateway")
    contacts = []
    for number in (_wrong(person.nhs_number), person.nhs_number):
        contact = gateway_pb2.Encounter(
            encounter_id=str(uuid.uuid4()),
            nhs_number=number,
            birth_date=person.birth_date.isoformat(),
            organisation_id=hospital.actor.organisation_id,
            encounter_class=gateway_pb2.ENCOUNTER_CLASS_COMMUNITY,
        )
        contact.started_at.GetCurrentTime()
        contacts.append(contact)
    with hospital.acting(key=str(uuid.uuid4())):
        answer = await stub.RecordEncounters(gateway_pb2.RecordEncountersRequest(encounters=contacts))
    assert answer.recorded == 1
    [refusal] = answer.refusals
    assert (refusal.encounter_id, refusal.field) == (contacts[0].encounter_id, "nhs_number")
    assert "check digit" in refusal.problem


async def test_a_stranger_is_told_nothing_and_the_ledger_says_that_they_asked(shire: County) -> None:
    person = next(shire.fresh)
    person_id = shire.ids[person.id]
    stranger = shire.cast.member("outreach", "partner")
    people = stranger.caller.stub(identity_pb2_grpc.IdentityStub, "identity")
    cases = stranger.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")
    told = set()
    with stranger.caller.acting():
        for ask in (
            people.GetPerson(identity_pb2.GetPersonRequest(person_id=person_id)),
            people.GetPerson(identity_pb2.GetPersonRequest(person_id=str(uuid.uuid4()))),
            cases.ListChronology(caseworker_pb2.ListChronologyRequest(person_id=person_id)),
            cases.GetCase(caseworker_pb2.GetCaseRequest(person_id=person_id)),
        ):
            with pytest.raises(errors.NotFound) as refused:
                await ask
            told.add(str(refused.value))
    assert len(told) == 1, "whether there is such a person shows in the words"

    async def entered() -> list[governance_pb2.LedgerEntry] | None:
        entries = [
            one for one in await shire.ledger(person_id) if one.disclosure.organisation_id == stranger.organisation.id
        ]
        return entries if len(entries) >= 3 else None

    entries = await seeing.eventually(entered, "the refusals in the ledger", seconds=60)
    assert {one.disclosure.outcome for one in entries} == {events_pb2.DISCLOSURE_OUTCOME_REFUSED}
    assert {one.disclosure.practitioner_id for one in entries} == {stranger.id}
    assert {one.disclosure.method for one in entries} == {
        "joinedup.identity.v1.Identity/GetPerson",
        "joinedup.caseworker.v1.Caseworker/ListChronology",
        "joinedup.caseworker.v1.Caseworker/GetCase",
    }
    assert not any(one.disclosure.relationships or one.disclosure.classes for one in entries)


async def test_a_stranger_with_the_id_of_a_record_is_told_nothing_either(shire: County) -> None:
    person = next(shire.fresh)
    answer = await shire.knock(county.as_json(shire.bundle("not for strangers", person)))
    referral_id = county.referral_id(answer.json())
    stranger = shire.cast.member("policing", "partner").caller
    stub = stranger.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
    with stranger.acting(), pytest.raises(errors.NotFound):
        await stub.GetReferral(referrals_pb2.GetReferralRequest(referral_id=referral_id))


def _referral(shire: County, person: Person, words: str) -> referrals_pb2.SubmitReferralRequest:
    return referrals_pb2.SubmitReferralRequest(
        person_id=shire.ids[person.id],
        team_kind="complex_needs",
        priority=referrals_pb2.PRIORITY_ROUTINE,
        narrative=common_pb2.Narrative(health=words),
    )


async def test_the_same_command_many_times_at_once_has_one_effect_and_one_answer(shire: County) -> None:
    person = next(shire.fresh)
    hospital = shire.cast.system("hospital")
    stub = hospital.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
    key = str(uuid.uuid4())

    async def submit(words: str = "Fell twice") -> bytes:
        with hospital.acting(key=key):
            return (await stub.SubmitReferral(_referral(shire, person, words), timeout=20)).SerializeToString()

    answers = await asyncio.gather(*(submit() for _ in range(AT_ONCE)))
    assert len({*answers, await submit()}) == 1
    with pytest.raises(errors.Conflict):
        await submit("Something else under the same key")
    rows = "SELECT count(*) FROM referral WHERE person_id = $1"
    assert (await shire.rows("referrals", rows, shire.ids[person.id]))[0][0] == 1
    told = "SELECT count(*) FROM outbox WHERE person_id = $1 AND type LIKE '%ReferralSubmitted'"
    assert (await shire.rows("referrals", told, shire.ids[person.id]))[0][0] == 1


async def test_nobody_learns_anothers_answer_by_the_same_key(shire: County) -> None:
    person, key = next(shire.fresh), str(uuid.uuid4())
    made = set()
    for sender in ("hospital", "ambulance"):
        system = shire.cast.system(sender)
        stub = system.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
        with system.acting(key=key):
            made.add((await stub.SubmitReferral(_referral(shire, person, "Fell"), timeout=20)).referral_id)
    assert len(made) == 2


async def test_the_same_message_many_times_at_once_is_one_referral_and_one_answer(
    shire: County, chance: random.Random
) -> None:
    person = next(shire.fresh)
    content = county.as_json(shire.bundle("many times", person))

    async def knock() -> tuple[int, bytes]:
        await asyncio.sleep(chance.uniform(0, 0.05))
        answer = await shire.knock(content)
        return answer.status_code, answer.content

    answers = await asyncio.gather(*(knock() for _ in range(AT_ONCE)))
    assert {status for status, _ in answers} == {200}
    assert len({*answers, await knock()}) == 1, "each time the same answer, to the byte"
    rows = "SELECT count(*) FROM referral WHERE person_id = $1"
    assert (await shire.rows("referrals", rows, shire.ids[person.id]))[0][0] == 1
