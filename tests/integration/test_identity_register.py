"""Registering and tracing through the real server on a real PostgreSQL: once, race-safe, redacted, and told."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from chassis import auth, errors
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.identity.v1 import events_pb2, identity_pb2
from joinedup.identity.v1.identity_pb2_grpc import IdentityStub
from joinedup.options.v1 import options_pb2
from services.identity import __main__ as identity
from services.identity.rpc import people as rpc
from services.identity.settings import Settings
from services.identity.store import tables
from tests.integration import service_house
from tests.integration.service_house import House

HOSPITAL = auth.Actor(
    subject="integrator:hospital",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="integrator",
)
OFFICER = auth.Actor(
    subject="practitioner:officer",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="constabulary",
    sector=auth.Sector.POLICE,
    role="referrer",
    practitioner_id="officer",
)
SERVICE = auth.service_actor("gateway")


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity, with an agreement that lets the NHS know who somebody is, and nobody where they live."""
    directory = tmp_path_factory.mktemp("trusted")
    async with service_house.house(
        database, directory, Settings, lambda config: rpc.service(identity.bench(config)), database_pool=10
    ) as running:
        nhs = service_house.rule(options_pb2.DATA_CLASS_IDENTIFYING, sectors=[common_pb2.SECTOR_NHS])
        await running.agree(service_house.agreement(nhs))
        yield running


def number(seed: int) -> str:
    """A synthetic NHS Number whose check digit is right."""
    chosen = random.Random(seed)
    while True:
        nine = "999" + f"{chosen.randrange(1_000_000):06d}"
        check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return nine + str(check % 11)


def somebody(seed: int, **more: str) -> identity_pb2.Demographics:
    """Demographics that nobody else of another seed comes near."""
    chosen = random.Random(seed)
    letters = "".join(chosen.choices("bcdfghklmnprst", k=4))
    return identity_pb2.Demographics(
        nhs_number=more.get("nhs_number", ""),
        name=identity_pb2.Name(
            given=[more.get("given", f"Ana{letters}")], family=more.get("family", f"{letters}owitz")
        ),
        birth_date=more.get("birth_date", f"{1930 + seed % 70}-0{1 + seed % 9}-1{seed % 9}"),
        gender="female",
        address=identity_pb2.Address(lines=["1 High Street"], postcode=more.get("postcode", f"EX{seed % 30 + 1} 4QA")),
        telephone=more.get("telephone", ""),
    )


async def register(
    house: House, demographics: identity_pb2.Demographics, actor: auth.Actor = HOSPITAL, key: str = ""
) -> identity_pb2.RegisterPersonResponse:
    """Register as this actor, under a key of its own unless one is given."""
    request = identity_pb2.RegisterPersonRequest(demographics=demographics, source="bars/1")
    with acting(actor, idempotency_key=key or str(uuid.uuid4())):
        return await house.channels.stub(IdentityStub, "identity").RegisterPerson(request)


async def trace(
    house: House, demographics: identity_pb2.Demographics, actor: auth.Actor = HOSPITAL
) -> identity_pb2.TracePersonResponse:
    """Trace as this actor."""
    with acting(actor):
        request = identity_pb2.TracePersonRequest(demographics=demographics)
        return await house.channels.stub(IdentityStub, "identity").TracePerson(request)


async def get(house: House, person_id: str, actor: auth.Actor) -> identity_pb2.Person:
    """One person as this actor."""
    with acting(actor):
        request = identity_pb2.GetPersonRequest(person_id=person_id)
        return await house.channels.stub(IdentityStub, "identity").GetPerson(request)


async def test_somebody_new_is_registered_and_whoever_brought_them_may_read_them(house: House) -> None:
    stated = somebody(1, nhs_number=number(1))
    answer = await register(house, stated)
    assert (answer.outcome, answer.version, answer.verification_status) == (identity_pb2.TRACE_OUTCOME_NONE, 1, "02")

    found = await get(house, answer.person_id, HOSPITAL)
    assert found.demographics.nhs_number == stated.nhs_number
    assert found.demographics.name == stated.name
    assert found.demographics.address.postcode == ""
    assert {marker.field for marker in found.withheld} == {
        "demographics.address.lines",
        "demographics.address.postcode",
        "demographics.telephone",
    }
    (told,) = await house.events(events_pb2.PersonRegistered, person_id=answer.person_id)
    assert (told.version, told.verification_status) == (1, "02")
    assert told.registered_at.seconds
    (audit,) = await house.rows("SELECT * FROM audit WHERE subject = $1", f"person/{answer.person_id}")
    assert (audit["action"], audit["organisation_id"]) == ("person.registered", "hospital")


async def test_no_personal_data_stand_in_outbox_or_audit(house: House) -> None:
    stated = somebody(2, nhs_number=number(2))
    answer = await register(house, stated)
    await get(house, answer.person_id, HOSPITAL)
    bodies = await house.rows("SELECT body FROM outbox")
    audited = await house.rows("SELECT row_to_json(audit)::text AS text FROM audit")
    everything = b"".join(row["body"] for row in bodies) + "".join(row["text"] for row in audited).encode()
    for secret in (stated.nhs_number, stated.name.family, stated.name.given[0], stated.address.postcode):
        assert secret.encode() not in everything


async def test_the_same_person_is_found_again_by_number_or_by_demographics(house: House) -> None:
    stated = somebody(3, nhs_number=number(3))
    first = await register(house, stated)
    spaced = f"{stated.nhs_number[:3]} {stated.nhs_number[3:6]}-{stated.nhs_number[6:]}"
    by_number = identity_pb2.Demographics(nhs_number=spaced, birth_date=stated.birth_date)
    by_names = somebody(3)
    for again in (stated, by_number, by_names):
        answer = await register(house, again)
        assert (answer.person_id, answer.outcome) == (first.person_id, identity_pb2.TRACE_OUTCOME_MATCH)
    assert len(await house.events(events_pb2.PersonRegistered, person_id=first.person_id)) == 1
    (count,) = await house.rows("SELECT count(*) FROM statement WHERE person_id = $1", first.person_id)
    assert count[0] == 3


async def test_the_same_command_twice_has_one_effect_and_one_answer(house: House) -> None:
    key = str(uuid.uuid4())
    nameless = identity_pb2.Demographics(name=identity_pb2.Name(given=["Wren"]))
    first = await register(house, nameless, key=key)
    assert await register(house, nameless, key=key) == first
    assert (await register(house, nameless)).person_id != first.person_id
    with pytest.raises(errors.Conflict):
        await register(house, somebody(4), key=key)


async def test_naming_somebody_who_is_known_gives_no_access_to_them(house: House) -> None:
    stated = somebody(5, nhs_number=number(5))
    person_id = (await register(house, stated)).person_id
    assert (await register(house, stated, OFFICER)).person_id == person_id
    with pytest.raises(errors.NotFound):
        await get(house, person_id, OFFICER)
    (refused,) = await house.ledger(person_id)
    assert refused.outcome == governance_events.DISCLOSURE_OUTCOME_REFUSED
    assert refused.organisation_id == "constabulary"


async def test_a_stranger_who_traces_learns_that_somebody_is_known_and_nothing_of_them(house: House) -> None:
    stated = somebody(6, nhs_number=number(6), telephone="01271 322577")
    person_id = (await register(house, stated)).person_id
    answer = await trace(house, stated, OFFICER)
    assert answer.outcome == identity_pb2.TRACE_OUTCOME_MATCH
    (candidate,) = answer.candidates
    assert (candidate.person_id, candidate.score) == (person_id, 1.0)
    assert not candidate.reasons, "asked again and again with another postcode, they would tell the right one"
    assert not candidate.HasField("demographics")
    assert {marker.reason for marker in candidate.withheld} == {"no_relationship"}
    assert (await house.ledger(person_id))[-1].outcome == governance_events.DISCLOSURE_OUTCOME_WITHHELD

    released = (await trace(house, stated)).candidates[0]
    assert "NHS Number is the same" in released.reasons
    assert released.demographics.name.family == stated.name.family
    assert released.demographics.telephone == ""


async def test_a_trace_of_nobody_registers_nobody(house: House) -> None:
    answer = await trace(house, somebody(7))
    assert (answer.outcome, answer.verification_status) == (identity_pb2.TRACE_OUTCOME_NONE, "03")
    assert not answer.candidates


async def test_what_is_wrong_is_named_by_its_field(house: House) -> None:
    wrong = identity_pb2.Demographics(nhs_number="999 000 0019", birth_date="31/12/1980", gender="f")
    for ask in (register, trace):
        with pytest.raises(errors.Invalid) as refused:
            await ask(house, wrong)
        fields = {violation.field: violation.problem for violation in refused.value.violations}
        assert set(fields) == {"demographics.nhs_number", "demographics.birth_date", "demographics.gender"}
        assert fields["demographics.nhs_number"].startswith("check digit is 9, should be")
    with pytest.raises(errors.Invalid, match="demographics: say something"):
        await register(house, identity_pb2.Demographics(gender="male"))


async def test_a_gap_is_filled_by_a_later_statement_and_told(house: House) -> None:
    person_id = (await register(house, somebody(8))).person_id
    answer = await register(house, somebody(8, nhs_number=number(8), telephone="01271 322577"))
    assert (answer.person_id, answer.version, answer.verification_status) == (person_id, 2, "02")
    (told,) = await house.events(events_pb2.PersonUpdated, person_id=person_id)
    assert (told.version, told.verification_status) == (2, "02")
    by_number = identity_pb2.Demographics(nhs_number=number(8), birth_date=somebody(8).birth_date)
    assert (await register(house, by_number)).person_id == person_id


async def test_a_new_address_is_kept_beside_the_old_one_and_finds_the_person(house: House) -> None:
    stated = somebody(9, nhs_number=number(9), postcode="EX31 1AA")
    person_id = (await register(house, stated)).person_id
    moved = somebody(9, nhs_number=number(9), postcode="PL1 2AA")
    assert (await register(house, moved)).person_id == person_id
    without_number = somebody(9, postcode="PL1 2AA")
    answer = await trace(house, without_number)
    assert (answer.outcome, answer.candidates[0].person_id) == (identity_pb2.TRACE_OUTCOME_MATCH, person_id)
    (row,) = await house.rows("SELECT demographics, version, other_postcodes FROM person WHERE id = $1", person_id)
    assert '"EX31 1AA"' in row["demographics"]
    assert (row["version"], row["other_postcodes"]) == (1, ["PL1 2AA"])


async def test_a_number_that_somebody_else_holds_stays_theirs_and_a_human_is_asked(house: House) -> None:
    holder = (await register(house, somebody(10, nhs_number=number(10)))).person_id
    other = somebody(11, nhs_number=number(10), birth_date="2001-07-07")
    answer = await register(house, other)
    assert answer.person_id != holder
    assert (answer.outcome, answer.verification_status) == (identity_pb2.TRACE_OUTCOME_REVIEW, "05")
    (told,) = await house.events(events_pb2.DuplicateSuspected, person_id=answer.person_id)
    assert (told.other_person_id, told.version) == (holder, 1)
    rows = await house.rows("SELECT id FROM person WHERE nhs_number = $1", number(10))
    assert [row["id"] for row in rows] == [holder]

    again = await register(house, other)
    assert again.person_id == answer.person_id
    assert len(await house.events(events_pb2.DuplicateSuspected, person_id=answer.person_id)) == 1


async def test_a_twin_is_a_person_of_their_own_and_a_human_is_asked(house: House) -> None:
    first = somebody(12, given="Maria", family="Zielinska", postcode="EX12 2AA", telephone="01271 322578")
    twin = somebody(12, given="Teresa", family="Zielinska", postcode="EX12 2AA", telephone="01271 322578")
    one, other = await register(house, first), await register(house, twin)
    assert one.person_id != other.person_id


@pytest.mark.parametrize("stated", [somebody(20, nhs_number=number(20)), somebody(21)], ids=["number", "demographics"])
async def test_registrations_at_one_time_make_one_person(house: House, stated: identity_pb2.Demographics) -> None:
    answers = await asyncio.gather(*(register(house, stated) for _ in range(8)))
    assert len({answer.person_id for answer in answers}) == 1
    outcomes = sorted(answer.outcome for answer in answers)
    assert outcomes == [identity_pb2.TRACE_OUTCOME_MATCH] * 7 + [identity_pb2.TRACE_OUTCOME_NONE]


async def test_a_number_and_like_demographics_without_it_at_one_time_make_one_person(house: House) -> None:
    for seed in range(30, 34):
        ways = (somebody(seed, nhs_number=number(seed)), somebody(seed))
        answers = await asyncio.gather(*(register(house, ways[turn % 2]) for turn in range(6)))
        assert len({answer.person_id for answer in answers}) == 1


async def test_a_crowd_that_arrives_at_once_in_any_order_is_as_many_people_as_it_is(house: House) -> None:
    seeds = range(50, 62)
    crowd = [
        (seed, somebody(seed, **more))
        for seed in seeds
        for more in ({"nhs_number": number(seed), "telephone": "01271 322577"}, {"nhs_number": number(seed)}, {})
    ]
    random.Random(1).shuffle(crowd)
    answers = await asyncio.gather(*(_patiently(house, stated) for _, stated in crowd))
    found: dict[int, set[str]] = {}
    for (seed, _), answer in zip(crowd, answers, strict=True):
        found.setdefault(seed, set()).add(answer.person_id)
    assert [len(found[seed]) for seed in seeds] == [1] * len(seeds)
    assert len(set().union(*found.values())) == len(seeds)
    for person_id in set().union(*found.values()):
        versions = [event.version for event in await house.events(events_pb2.PersonRegistered, person_id=person_id)]
        versions += [event.version for event in await house.events(events_pb2.PersonUpdated, person_id=person_id)]
        assert versions == list(range(1, len(versions) + 1))


async def _patiently(house: House, stated: identity_pb2.Demographics) -> identity_pb2.RegisterPersonResponse:
    """Register under one key, again while the database has more to do than it can."""
    key = str(uuid.uuid4())
    for _ in range(20):
        try:
            return await register(house, stated, key=key)
        except errors.Unavailable:
            await asyncio.sleep(0.1)
    return await register(house, stated, key=key)


async def test_several_people_at_once_and_those_out_of_reach_left_out(house: House) -> None:
    mine = [(await register(house, somebody(seed))).person_id for seed in (40, 41)]
    theirs = (await register(house, somebody(42), OFFICER)).person_id
    with acting(HOSPITAL):
        stub = house.channels.stub(IdentityStub, "identity")
        asked = identity_pb2.GetPeopleRequest(person_ids=[mine[1], theirs, mine[0], mine[1], str(uuid.uuid4())])
        found = await stub.GetPeople(asked)
        with pytest.raises(errors.Invalid, match="person_ids"):
            await stub.GetPeople(identity_pb2.GetPeopleRequest(person_ids=[str(uuid.uuid4())] * 201))
    assert [person.person_id for person in found.people] == [mine[1], mine[0]]


async def test_who_may_not_trace_is_denied(house: House) -> None:
    lead = replace(OFFICER, role="ig_lead")
    with pytest.raises(errors.Denied):
        await trace(house, somebody(1), lead)


async def test_the_tables_are_as_the_migration_makes_them(house: House) -> None:
    assert await service_house.drift(house, tables.Table.metadata) == []
