"""Keeping the register on a real server and PostgreSQL: what changes, what was, and whose a number is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis import auth, errors, work
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import events_pb2, identity_pb2
from joinedup.identity.v1 import register_pb2 as pb
from services.identity import __main__ as identity
from services.identity import numbering
from services.identity.settings import Settings
from services.identity.store import tables
from tests.integration import register_world, service_house
from tests.integration.register_world import HOSPITAL, KEY_WORKER, LEAD, MERE_REFERRER, STRANGER, Desk, number, somebody
from tests.integration.service_house import House

APPLIED, CONTESTED = pb.NUMBER_OUTCOME_APPLIED, pb.NUMBER_OUTCOME_CONTESTED
PDS = pb.AUTHORITY_PDS


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity for this module."""
    async with register_world.world(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


def moved(person_id: str, version: int, postcode: str = "PL1 2AA", **more: Any) -> pb.UpdatePersonRequest:
    address = identity_pb2.Address(lines=["2 Low Road"], postcode=postcode)
    return pb.UpdatePersonRequest(
        person_id=person_id,
        version=version,
        demographics=identity_pb2.Demographics(address=address),
        source="tenancy/1",
        **more,
    )


async def update(house: House, request: pb.UpdatePersonRequest, actor: auth.Actor = KEY_WORKER) -> int:
    return int((await Desk(house, actor).register("UpdatePerson", request)).version)


async def attach(house: House, person_id: str, version: int, value: str) -> pb.NumberResponse:
    request = pb.AttachNumberRequest(
        person_id=person_id, version=version, nhs_number=value, authority=PDS, source="pds/1"
    )
    answer = await Desk(house, KEY_WORKER).register("AttachNumber", request)
    assert isinstance(answer, pb.NumberResponse)
    return answer


async def supersede(house: House, person_id: str, version: int, value: str) -> pb.NumberResponse:
    request = pb.SupersedeNumberRequest(person_id=person_id, version=version, nhs_number=value, source="pds/2")
    answer = await Desk(house, KEY_WORKER).register("SupersedeNumber", request)
    assert isinstance(answer, pb.NumberResponse)
    return answer


async def test_who_moves_is_shown_at_the_new_address_and_found_by_the_old_one(house: House) -> None:
    person_id = await register_world.registered(house, somebody(1, postcode="EX31 1AA"))
    assert await update(house, moved(person_id, 1, effective_date="2026-01-15")) == 2
    assert (await register_world.person(house, person_id)).demographics.address.postcode == "PL1 2AA"
    for postcode in ("EX31 1AA", "PL1 2AA"):
        found = await register_world.traced(house, somebody(1, postcode=postcode))
        assert (found.outcome, found.candidates[0].person_id) == (identity_pb2.TRACE_OUTCOME_MATCH, person_id)

    told = await register_world.history(house, person_id)
    (was,) = told.former_contacts
    assert (was.part, was.address.postcode, list(was.address.lines)) == (pb.PART_ADDRESS, "EX31 1AA", ["1 High Street"])
    assert (was.source, was.until_date, was.replaced_by_source) == ("bars/1", "2026-01-15", "tenancy/1")
    assert [(one.source, one.effective_date) for one in told.statements] == [
        ("bars/1", ""),
        ("tenancy/1", "2026-01-15"),
    ]
    rows = await house.rows("SELECT organisation_id FROM statement WHERE person_id = $1 ORDER BY stated_at", person_id)
    assert [row["organisation_id"] for row in rows] == [register_world.HOSPITAL.organisation_id, "community"]
    (event,) = await house.events(events_pb2.PersonUpdated, person_id=person_id)
    assert event.version == 2
    (act,) = await house.rows(
        "SELECT * FROM audit WHERE action = 'person.updated' AND subject = $1", f"person/{person_id}"
    )
    assert act["actor"] == "practitioner:keyworker"
    assert "PL1" not in str(dict(act))


async def test_who_moves_back_has_moved_twice(house: House) -> None:
    person_id = await register_world.registered(house, somebody(2, postcode="EX31 1AA"))
    for version, postcode in ((1, "PL1 2AA"), (2, "EX31 1AA"), (3, "PL1 2AA")):
        assert await update(house, moved(person_id, version, postcode)) == version + 1
    told = await register_world.history(house, person_id)
    assert [one.address.postcode for one in told.former_contacts] == ["EX31 1AA", "PL1 2AA", "EX31 1AA"]
    assert len(told.statements) == 4


async def test_somebody_is_found_by_a_name_that_was_theirs(house: House) -> None:
    person_id = await register_world.registered(house, somebody(3, postcode="EX31 1AA"))
    request = pb.UpdatePersonRequest(
        person_id=person_id,
        version=1,
        demographics=identity_pb2.Demographics(name=identity_pb2.Name(family="Featherstonehaugh")),
        source="deed/1",
    )
    await update(house, request)
    shown = (await register_world.person(house, person_id)).demographics.name
    assert (shown.family, list(shown.given)) == ("Featherstonehaugh", list(somebody(3).name.given))
    for stated in (somebody(3, postcode="EX31 1AA"), somebody(3, family="Featherstonehaugh", postcode="EX31 1AA")):
        assert (await register_world.traced(house, stated)).candidates[0].person_id == person_id
    (was,) = (await register_world.history(house, person_id)).former_identities
    assert was.name.family == somebody(3).name.family


async def test_of_two_updates_at_one_time_one_has_to_look_again(house: House) -> None:
    person_id = await register_world.registered(house, somebody(4))
    both = [update(house, moved(person_id, 1, postcode)) for postcode in ("PL1 2AA", "PL2 3AA", "PL3 4AA")]
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(str(answer) for answer in answers if isinstance(answer, int)) == ["2"]
    assert sum(isinstance(answer, errors.Conflict) for answer in answers) == 2
    assert len((await register_world.history(house, person_id)).former_contacts) == 1


async def test_having_referred_somebody_gives_no_say_in_who_they_are(house: House) -> None:
    person_id = await register_world.registered(house, somebody(5))
    with pytest.raises(errors.Denied, match="having referred"):
        await update(house, moved(person_id, 1), MERE_REFERRER)
    with pytest.raises(errors.Denied, match=r"identity\.update"):
        await update(house, moved(person_id, 1), HOSPITAL)
    with pytest.raises(errors.NotFound):
        await update(house, moved(person_id, 1), STRANGER)
    with pytest.raises(errors.Denied):
        await register_world.history(house, person_id, MERE_REFERRER)
    with pytest.raises(errors.Denied):
        await register_world.history(house, person_id, LEAD)
    assert (await register_world.person(house, person_id)).version == 1


async def test_what_is_wrong_is_named_by_its_field(house: House) -> None:
    person_id = await register_world.registered(house, somebody(6))
    wrong = identity_pb2.Demographics(birth_date="31/12/1980", gender="f")
    for request, fields in (
        (
            pb.UpdatePersonRequest(person_id=person_id, version=1, demographics=wrong),
            {"demographics.birth_date", "demographics.gender"},
        ),
        (moved(person_id, 1, effective_date="2999-01-01"), {"effective_date"}),
        (moved(person_id, 1, emptied=[pb.PART_ADDRESS]), {"emptied"}),
        (pb.UpdatePersonRequest(person_id=person_id, version=1), {"demographics"}),
    ):
        with pytest.raises(errors.Invalid) as refused:
            await update(house, request)
        assert {violation.field for violation in refused.value.violations} == fields


async def test_history_is_redacted_as_everything_is(house: House) -> None:
    person_id = await register_world.registered(house, somebody(7))
    await update(house, moved(person_id, 1))
    officer = register_world.practitioner("officer", "constabulary", auth.Sector.POLICE, "caseworker")
    await house.relate(person_id, officer, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER)
    decided = common_pb2.SECTOR_POLICE
    await house.rows(
        "INSERT INTO sharing_decision (person_id, sector, refused, decided_at, version) VALUES ($1, $2, true, $3, 1)",
        person_id,
        decided,
        datetime.now(UTC),
    )
    told = await register_world.history(house, person_id, officer)
    assert [field.name for field, _ in told.ListFields()] == ["person_id", "version", "withheld"]
    assert {mark.reason for mark in told.withheld} == {"refused_by_person"}
    assert (await house.ledger(person_id))[-1].organisation_id == "constabulary"


async def test_a_traced_number_is_attached_and_verified_by_whom(house: House) -> None:
    person_id = await register_world.registered(house, somebody(10))
    answer = await attach(house, person_id, 1, number(10))
    assert (answer.version, answer.verification_status, answer.outcome) == (2, "01", APPLIED)
    by_number = identity_pb2.Demographics(nhs_number=number(10), birth_date=somebody(10).birth_date)
    assert (await register_world.traced(house, by_number)).candidates[0].person_id == person_id
    (one,) = (await register_world.history(house, person_id)).verifications
    assert (one.verification_status, one.authority, one.source, one.organisation_id) == (
        "01",
        PDS,
        "pds/1",
        "community",
    )


async def test_a_number_that_somebody_else_holds_stays_theirs_and_a_human_is_asked(house: House) -> None:
    holder = await register_world.registered(house, somebody(11, nhs_number=number(11)))
    other = await register_world.registered(house, somebody(12))
    for _ in range(2):
        version = (await register_world.person(house, other)).version
        answer = await attach(house, other, version, number(11))
        assert (answer.outcome, answer.verification_status) == (CONTESTED, "05")
    (told,) = await house.events(events_pb2.DuplicateSuspected, person_id=other)
    assert told.other_person_id == holder
    assert (await register_world.person(house, other)).demographics.nhs_number == ""


async def test_who_may_be_a_restricted_person_by_their_number_is_restricted_like_them(house: House) -> None:
    holder = await register_world.registered(house, somebody(30, nhs_number=number(30)))
    await register_world.restrict(house, holder)
    other = await register_world.registered(house, somebody(31))
    answer = await attach(house, other, 1, number(30))
    assert (answer.outcome, answer.version) == (CONTESTED, 3)
    shown = await register_world.person(house, other)
    assert not shown.demographics.HasField("address")
    assert {mark.reason for mark in shown.withheld} == {"restricted"}
    versions = [one.version for one in await house.events(events_pb2.PersonUpdated, person_id=other)]
    assert versions == [2, 3]


async def test_of_many_who_are_given_one_number_at_one_time_one_holds_it(house: House) -> None:
    people = [await register_world.registered(house, somebody(seed)) for seed in range(200, 206)]
    answers = await asyncio.gather(*(attach(house, person_id, 1, number(200)) for person_id in people))
    assert sorted(answer.outcome for answer in answers) == [APPLIED] + [CONTESTED] * 5
    (row,) = await house.rows("SELECT count(*) FROM person WHERE nhs_number = $1", number(200))
    assert row[0] == 1


async def test_superseded_and_dead_numbers_are_followed(house: House) -> None:
    stated = somebody(13, nhs_number=number(13))
    person_id = await register_world.registered(house, stated)
    answer = await supersede(house, person_id, 1, number(14))
    assert (answer.version, answer.verification_status, answer.outcome) == (2, "01", APPLIED)
    request = pb.InvalidateNumberRequest(person_id=person_id, version=2, source="pds/3")
    dead = await Desk(house, KEY_WORKER).register("InvalidateNumber", request)
    assert (dead.version, dead.verification_status) == (3, "03")
    for value in (number(13), number(14)):
        asked = identity_pb2.Demographics(nhs_number=value, birth_date=stated.birth_date)
        found = await register_world.traced(house, asked)
        assert (found.outcome, found.candidates[0].person_id) == (identity_pb2.TRACE_OUTCOME_MATCH, person_id)
        again = identity_pb2.RegisterPersonRequest(demographics=asked, source="bars/9")
        answer = await Desk(house, HOSPITAL).identity("RegisterPerson", again)
        assert (answer.person_id, answer.version) == (person_id, 3)
    assert (await register_world.person(house, person_id)).demographics.nhs_number == ""
    ended = [
        (one.nhs_number, one.end, one.replaced_by)
        for one in (await register_world.history(house, person_id)).former_numbers
    ]
    assert ended == [
        (number(13), pb.NUMBER_END_SUPERSEDED, number(14)),
        (number(14), pb.NUMBER_END_INVALIDATED, ""),
    ]
    other = await register_world.registered(house, somebody(15))
    assert (await attach(house, other, 1, number(13))).outcome == CONTESTED


async def test_what_superseding_finds_with_somebody_else_is_theirs(house: House) -> None:
    holder = await register_world.registered(house, somebody(16, nhs_number=number(16)))
    person_id = await register_world.registered(house, somebody(17, nhs_number=number(17)))
    answer = await supersede(house, person_id, 1, number(16))
    assert (answer.outcome, answer.verification_status) == (CONTESTED, "05")
    assert (await register_world.person(house, holder)).demographics.nhs_number == number(16)
    (told,) = await house.events(events_pb2.DuplicateSuspected, person_id=person_id)
    assert told.other_person_id == holder


async def test_a_status_that_does_not_fit_is_invalid(house: House) -> None:
    person_id = await register_world.registered(house, somebody(18))
    request = pb.VerifyPersonRequest(person_id=person_id, version=1, verification_status="01", authority=PDS)
    with pytest.raises(errors.Invalid, match="verification_status"):
        await Desk(house, KEY_WORKER).register("VerifyPerson", request)
    request.verification_status = "07"
    assert (await Desk(house, KEY_WORKER).register("VerifyPerson", request)).verification_status == "07"
    with pytest.raises(errors.Invalid, match="nhs_number"):
        await attach(house, person_id, 2, "9999999999")


async def answered(house: House, person_id: str, version: int, **more: Any) -> numbering.Outcome:
    """Bring about an answer of PDS, as the service's own work."""
    assert isinstance(house.config, Settings)
    bench = identity.bench(house.config)
    async with work.unit(house.database, house.actor, service="identity") as unit:
        return await numbering.apply(unit, person_id=person_id, version=version, source="pds/7", bench=bench, **more)


async def test_what_pds_answers_is_one_call(house: House) -> None:
    found = numbering.Found
    person_id = await register_world.registered(house, somebody(20))
    nobody = await answered(house, person_id, 1, found=found.NOBODY)
    assert (nobody.person.verification, nobody.person.version) == ("04", 2)
    first = await answered(house, person_id, 2, found=found.PERSON, number=number(20))
    assert (first.person.demographics.nhs_number, first.person.verification) == (number(20), "01")
    again = await answered(house, person_id, 3, found=found.PERSON, number=number(20))
    assert again.person.version == 3
    later = await answered(house, person_id, 3, found=found.PERSON, number=number(21), restricted=True)
    assert (later.person.demographics.nhs_number, later.person.restricted) == (number(21), True)
    back = await answered(house, person_id, later.person.version, found=found.PERSON, number=number(20))
    assert (back.person.verification, back.person.restricted) == ("05", True)
    dead = await answered(house, person_id, back.person.version, found=found.INVALIDATED)
    assert (dead.person.demographics.nhs_number, dead.person.former_numbers) == ("", (number(20), number(21)))
    versions = [one.version for one in await house.events(events_pb2.PersonUpdated, person_id=person_id)]
    assert versions == list(range(2, dead.person.version + 1))
    with pytest.raises(errors.Conflict):
        await answered(house, person_id, 1, found=found.NOBODY)


async def test_the_tables_are_as_the_migrations_make_them(house: House) -> None:
    assert await service_house.drift(house, tables.Table.metadata) == []
