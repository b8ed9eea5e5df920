"""Many traces in one call, keys that too many share, and files of people, on the real server and a real PostgreSQL."""

from __future__ import annotations

import csv
import importlib
import random
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from chassis import auth, errors
from chassis.rpc.client import acting
from cli import target
from cli.identity import feed, load, rows, trace
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import bulk_pb2, identity_pb2
from joinedup.identity.v1.bulk_pb2_grpc import BulkStub
from joinedup.identity.v1.identity_pb2_grpc import IdentityStub
from joinedup.options.v1 import options_pb2
from services.identity import __main__ as identity
from services.identity import domain, wire
from services.identity.matching import blocking, normalise
from services.identity.rpc import bulk, people
from services.identity.settings import Settings
from tests.bench.identity import crowd
from tests.integration import service_house
from tests.integration.service_house import House

HOSPITAL = auth.Actor(
    subject="integrator:hospital",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="integrator",
)
LANDLORD = auth.Actor(
    subject="integrator:landlord",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="landlord",
    sector=auth.Sector.HOUSING,
    role="integrator",
)


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity with both its services, and an agreement that lets the NHS know who somebody is."""
    directory = tmp_path_factory.mktemp("trusted")
    async with service_house.house(
        database,
        directory,
        Settings,
        lambda config: [people.service(identity.bench(config)), bulk.service(identity.bench(config))],
    ) as running:
        nhs = service_house.rule(options_pb2.DATA_CLASS_IDENTIFYING, sectors=[common_pb2.SECTOR_NHS])
        await running.agree(service_house.agreement(nhs))
        yield running


def somebody(given: str, family: str, birth_date: str, **more: str) -> identity_pb2.Demographics:
    """Demographics as a referral states them."""
    return identity_pb2.Demographics(
        nhs_number=more.get("nhs_number", ""),
        name=identity_pb2.Name(given=[given], family=family),
        birth_date=birth_date,
        address=identity_pb2.Address(postcode=more.get("postcode", "EX31 1AA")),
        telephone=more.get("telephone", ""),
    )


ANA = somebody("Ana", "Kowalska", "1984-03-09")
WREN = somebody("Wren", "Penrose", "1951-07-30", postcode="PL1 2AA")
NOBODY = somebody("Zebedee", "Quartermaine", "1999-12-12", postcode="TR1 1AA")


def domain_of(stated: identity_pb2.Demographics) -> normalise.Normalised:
    """The form in which the matching blocks demographics."""
    return domain.comparable(wire.stated(stated))


async def register(house: House, stated: identity_pb2.Demographics) -> str:
    """The person's id, registered by the hospital."""
    with acting(HOSPITAL, idempotency_key=str(uuid.uuid4())):
        request = identity_pb2.RegisterPersonRequest(demographics=stated)
        return (await house.channels.stub(IdentityStub, "identity").RegisterPerson(request)).person_id


async def trace_one(
    house: House, stated: identity_pb2.Demographics, actor: auth.Actor = HOSPITAL
) -> identity_pb2.TracePersonResponse:
    """TracePerson."""
    with acting(actor):
        request = identity_pb2.TracePersonRequest(demographics=stated)
        return await house.channels.stub(IdentityStub, "identity").TracePerson(request)


async def trace_many(
    house: House, stated: Sequence[identity_pb2.Demographics], actor: auth.Actor = HOSPITAL
) -> Sequence[bulk_pb2.TraceResult]:
    """TracePeople."""
    questions = [identity_pb2.TracePersonRequest(demographics=each) for each in stated]
    with acting(actor):
        stub = house.channels.stub(BulkStub, "identity")
        return (await stub.TracePeople(bulk_pb2.TracePeopleRequest(questions=questions))).results


async def test_each_of_many_is_answered_as_if_asked_alone(house: House) -> None:
    ids = [await register(house, ANA), await register(house, WREN)]
    asked = [WREN, NOBODY, ANA, somebody("Anna", "Kowalska", "1984-09-03"), WREN]
    for actor in (HOSPITAL, LANDLORD):
        results = await trace_many(house, asked, actor)
        assert [result.answer for result in results] == [await trace_one(house, stated, actor) for stated in asked]
    assert [result.answer.candidates[0].person_id for result in (results[0], results[2])] == [ids[1], ids[0]]


async def test_what_a_stranger_is_answered_is_withheld_and_recorded_for_each_person(house: House) -> None:
    ids = [await register(house, ANA), await register(house, WREN)]
    before = [len(await house.ledger(person_id)) for person_id in ids]
    results = await trace_many(house, [ANA, WREN], LANDLORD)
    for result, person_id in zip(results, ids, strict=True):
        assert result.answer.outcome == identity_pb2.TRACE_OUTCOME_MATCH
        (candidate,) = result.answer.candidates
        assert (candidate.person_id, list(candidate.reasons)) == (person_id, [])
        assert not candidate.HasField("demographics")
    entries = [await house.ledger(person_id) for person_id in ids]
    assert [len(entry) for entry in entries] == [count + 1 for count in before]
    assert {entry[-1].organisation_id for entry in entries} == {"landlord"}


async def test_a_question_that_cannot_be_read_is_told_and_the_others_are_answered(house: House) -> None:
    await register(house, ANA)
    wrong = somebody("Ana", "Kowalska", "31/12/1984", nhs_number="9990000019", postcode="EX31?1AA")
    results = await trace_many(house, [wrong, ANA, identity_pb2.Demographics()])
    assert {problem.field for problem in results[0].problems} == {
        "demographics.nhs_number",
        "demographics.birth_date",
        "demographics.address.postcode",
    }
    assert not results[0].HasField("answer")
    assert results[1].answer.outcome == identity_pb2.TRACE_OUTCOME_MATCH
    assert [problem.field for problem in results[2].problems] == ["demographics"]


async def test_more_than_two_hundred_questions_are_refused(house: House) -> None:
    with pytest.raises(errors.Invalid, match="questions: are more than 200"):
        await trace_many(house, [NOBODY] * 201)


async def test_no_question_at_all_has_no_answer(house: House) -> None:
    assert list(await trace_many(house, [])) == []


@pytest.fixture
async def switchboard(house: House) -> str:
    """The telephone number of a hostel that one more person gives than a key may have."""
    telephone = "01271 322500"
    (key,) = blocking.keys(domain_of(identity_pb2.Demographics(telephone=telephone)))
    residents = [(blocking.hashed(key), f"resident-{place}") for place in range(blocking.MOST_PER_KEY + 1)]
    connection = await asyncpg.connect(house.where.owner_url, server_settings={"joinedup.actor_kind": "service"})
    await connection.executemany("INSERT INTO blocking_key VALUES ($1, $2) ON CONFLICT DO NOTHING", residents)
    await connection.close()
    return telephone


async def test_a_key_that_too_many_share_is_skipped_and_the_answer_says_so(house: House, switchboard: str) -> None:
    person_id = await register(house, somebody("Ivy", "Lacey", "1972-02-02", telephone=switchboard))
    found = await trace_one(house, somebody("Ivy", "Lacy", "1972-02-02", telephone=switchboard))
    assert found.candidates[0].person_id == person_id
    (told,) = found.too_common
    assert told.kind == "t"
    assert told.because == "more than 200 people share this telephone number: nobody was looked for by it"

    by_telephone = identity_pb2.Demographics(telephone=switchboard)
    lost, other = await trace_many(house, [by_telephone, ANA])
    assert (lost.answer.outcome, len(lost.answer.too_common)) == (identity_pb2.TRACE_OUTCOME_NONE, 1)
    assert not other.answer.too_common


async def test_one_trace_answers_as_many_at_once_do(house: House) -> None:
    chosen = random.Random(7)
    known = list(crowd.people(100))
    for one in known:
        await register(house, wire.demographics(one))
    stated = [wire.demographics(crowd.asked(one, chosen)) for one in known for _ in range(2)]
    exact = 0
    for asked, together in zip(stated, await trace_many(house, stated), strict=True):
        alone = await trace_one(house, asked)
        # Whoever is found exactly was not looked for by keys that too many share.
        del together.answer.too_common[:], alone.too_common[:]
        assert alone == together.answer
        exact += alone.outcome == identity_pb2.TRACE_OUTCOME_MATCH and alone.candidates[0].score == 1
    assert 50 < exact < 150


async def test_keys_that_were_stored_as_text_become_the_hashes_that_are_looked_up(house: House) -> None:
    keys = sorted(blocking.keys(domain_of(ANA)) | {"of:EX31:ŁÓŹ:a"})
    hashing = importlib.import_module("services.identity.migrations.versions.0002_hashed_keys").HASH
    query = f"SELECT {hashing} AS hash FROM unnest($1::text[]) WITH ORDINALITY AS old (key, place) ORDER BY place"
    assert [row["hash"] for row in await house.rows(query, keys)] == [blocking.hashed(key) for key in keys]


REGISTRY = """person_id,nhs_number,given_name,family_name,prev_family_name,birth_date,postcode,prev_postcode,phone
P1,999 000 0018,Dean,Coates,,1963-10-28,IP14 4EH,LE6 9RB,01632738914
P2,,Maud,Ackroyd,Holmes,1941-11-04,RG17 2SX,,
P3,9990000019,Sean,Johnson,,1946-11-04,RG17 2SX,,
P4,,Olga,Hill,,1946-13-04,@@,,
"""
QUERIES = """query_id,given_name,family_name,birth_date,postcode
Q1,Dean,Coates,1963-10-28,LE6 9RB
Q2,Maud,Ackroyd,1941-11-04,RG17 2SX
Q3,Bartholomew,Nankivell,1941-11-05,ZE1 0AA
Q4,Bartholomew,Nankivell,05/11/1941,ZE1 0AA
"""


def caller(house: House, actor: auth.Actor) -> target.Caller:
    """Somebody at the command line."""
    return target.Caller(actor, house.channels.signer, house.channels)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


async def test_people_are_loaded_from_a_file_once_and_found_by_the_questions_of_another(
    house: House, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text(REGISTRY)
    loading = feed.Feed(rows.Rows(tmp_path / "people.csv"), tmp_path / "loaded.csv", load.COLUMNS, "outcome", 1, 16)
    told = await loading.run(load.Registering(caller(house, HOSPITAL), "load/people.csv").ask, resume=False)
    assert (told.answered, told.rejected) == (2, 2)
    loaded = {row["row"]: row["person_id"] for row in read(tmp_path / "loaded.csv")}
    problems = {row["row"]: row["problem"] for row in read(loading.rejects)}
    assert problems["P3"].startswith("demographics.nhs_number: check digit is 9, should be 8")
    assert "demographics.birth_date: is no date" in problems["P4"]
    assert "demographics.address.postcode: has characters" in problems["P4"]

    # The same once more, as if every answer had been lost: nobody is registered twice.
    (tmp_path / "loaded.csv").unlink()
    loading.rejects.unlink()
    await loading.run(load.Registering(caller(house, HOSPITAL), "load/people.csv").ask, resume=False)
    assert {row["row"]: row["person_id"] for row in read(tmp_path / "loaded.csv")} == loaded

    (tmp_path / "queries.csv").write_text(QUERIES)
    tracing = feed.Feed(rows.Rows(tmp_path / "queries.csv"), tmp_path / "out.csv", trace.COLUMNS, "decision", 2)
    told = await tracing.run(trace.Tracing(caller(house, HOSPITAL)).ask, resume=False)
    assert (told.outcomes, told.rejected) == ({"match": 2, "none": 1}, 1)
    answers = read(tmp_path / "out.csv")
    assert [row["person_id"] for row in answers] == [loaded["P1"], loaded["P2"], ""]
    assert "postcode" in answers[0]["reasons"], "the previous address was loaded too, and whoever loaded may know why"
    assert read(tracing.rejects)[0]["row"] == "Q4"
