"""What the PDS knows newer comes to the register, its history and those who may know; a death without being named."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import events_pb2, identity_pb2
from services.identity.store import deaths, tables
from tests import demographics_service as pds
from tests.integration import register_world, service_house
from tests.integration.identity_merging import merge, unmerge
from tests.integration.pds_world import Place, known, running
from tests.integration.register_world import HOSPITAL, KEY_WORKER, STRANGER, number, somebody


@pytest.fixture(scope="module")
async def place(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """The place, with an agreement that lets every sector know everything through any relationship."""
    directory = tmp_path_factory.mktemp("trusted")
    async with pds.serving() as service, running(database, directory, service) as made:
        everything = service_house.rule(*service_house.EVERYTHING, sectors=service_house.SECTORS)
        await made.house.agree(service_house.agreement(everything))
        yield made


async def registered(place: Place, seed: int, **more: object) -> tuple[str, identity_pb2.Demographics]:
    """Somebody whom the PDS knows, told here in the year 2020."""
    stated = somebody(seed, nhs_number=number(seed))
    known(place, stated, number(seed), **more)
    person_id = await register_world.registered(place.house, stated)
    await place.house.rows("UPDATE statement SET stated_at = '2020-01-01' WHERE person_id = $1", person_id)
    await place.house.rows("UPDATE person SET registered_at = '2020-01-01' WHERE id = $1", person_id)
    return person_id, stated


async def again(place: Place, person_id: str) -> None:
    """The PDS is asked once more."""
    await place.house.rows(
        "UPDATE pds_trace SET state = 'waiting', next_attempt_at = now() - interval '1 s' WHERE person_id = $1",
        person_id,
    )
    await place.round()


def home(postcode: str, start: str) -> list[dict[str, object]]:
    return [{"use": "home", "line": ["9 New Road"], "postalCode": postcode, "period": {"start": start}}]


async def test_who_moved_by_the_word_of_the_pds_is_found_and_shown_there(place: Place) -> None:
    person_id, stated = await registered(place, 301, address=home("PL1 2AA", "2024-05-06"))
    await place.round()
    assert await place.status(person_id) == ("01", number(301))
    shown = (await register_world.person(place.house, person_id)).demographics
    assert (shown.address.postcode, list(shown.address.lines)) == ("PL1 2AA", ["9 New Road"])
    told = await register_world.history(place.house, person_id)
    (was,) = told.former_contacts
    assert (was.address.postcode, was.until_date, was.replaced_by_source) == (
        stated.address.postcode,
        "2024-05-06",
        "pds",
    )
    assert [(one.source, one.effective_date) for one in told.statements] == [("bars/1", ""), ("pds", "2024-05-06")]
    moved = identity_pb2.Demographics()
    moved.CopyFrom(stated)
    moved.nhs_number, moved.address.postcode = "", "PL1 2AA"
    assert (await register_world.traced(place.house, moved)).candidates[0].person_id == person_id
    versions = [event.version for event in await place.house.events(events_pb2.PersonUpdated, person_id=person_id)]
    # Said again it changes nothing.
    await again(place, person_id)
    assert versions == [
        event.version for event in await place.house.events(events_pb2.PersonUpdated, person_id=person_id)
    ]
    assert versions == list(range(2, versions[-1] + 1))


async def test_who_comes_to_look_like_somebody_by_it_goes_before_a_human(place: Place) -> None:
    other = somebody(302, postcode="TR1 3BB")
    twin = await register_world.registered(place.house, other)
    person_id, stated = await registered(place, 303)
    name = [
        {
            "use": "usual",
            "family": other.name.family,
            "given": list(other.name.given),
            "period": {"start": "2024-05-06"},
        }
    ]
    old = [{"use": "old", "family": stated.name.family, "given": list(stated.name.given)}]
    known(
        place,
        stated,
        number(303),
        name=[*name, *old],
        address=home("TR1 3BB", "2024-05-06"),
        birthDate=stated.birth_date,
    )
    await place.house.rows(
        "UPDATE person SET demographics = jsonb_set(demographics, '{birth_date}', to_jsonb($2::text)) WHERE id = $1",
        twin,
        stated.birth_date,
    )
    await place.round()
    assert (await register_world.person(place.house, person_id)).demographics.name.family == other.name.family
    rows = await place.house.rows(
        "SELECT 1 FROM duplicate WHERE person_id = ANY($1) AND other_person_id = ANY($1)", [twin, person_id]
    )
    assert len(rows) == 1


async def test_a_value_that_nobody_may_state_is_left_and_the_rest_taken(place: Place) -> None:
    phone = [{"system": "phone", "use": "mobile", "value": "07700 900304", "period": {"start": "2024-01-01"}}]
    person_id, stated = await registered(
        place, 304, address=home("ZZ99 3VZ of no fixed abode", "2024-05-06"), telecom=phone
    )
    await place.round()
    shown = (await register_world.person(place.house, person_id)).demographics
    assert (shown.address.postcode, shown.telephone) == (stated.address.postcode, "07700 900304")
    assert await place.status(person_id) == ("01", number(304))


async def test_a_death_is_on_record_told_without_saying_so_and_taken_back(place: Place) -> None:
    person_id, stated = await registered(place, 305, deceasedDateTime="2026-02-03T00:00:00+00:00")
    await place.round()
    assert (await register_world.person(place.house, person_id)).died_on == "2026-02-03"
    (event,) = await place.house.events(events_pb2.VitalStatusChanged, person_id=person_id)
    assert event.version == 1
    bodies = await place.house.rows("SELECT body FROM outbox WHERE person_id = $1", person_id)
    assert not [row for row in bodies if b"2026-02-03" in row["body"]]
    (act,) = await place.house.rows(
        "SELECT * FROM audit WHERE action = 'person.vital_status' AND subject = $1", f"person/{person_id}"
    )
    assert "2026-02-03" not in str(dict(act))
    await again(place, person_id)
    assert len(await place.house.events(events_pb2.VitalStatusChanged, person_id=person_id)) == 1
    # It was an error of theirs.
    known(place, stated, number(305))
    await again(place, person_id)
    assert (await register_world.person(place.house, person_id)).died_on == ""
    assert [one.version for one in await place.house.events(events_pb2.VitalStatusChanged, person_id=person_id)] == [
        1,
        2,
    ]


async def test_that_somebody_died_is_for_those_who_may_know_who_they_are(place: Place) -> None:
    person_id, _ = await registered(place, 306, deceasedDateTime="2026-02-03")
    await place.round()
    await place.house.relate(person_id, STRANGER, common_pb2.RELATIONSHIP_KIND_SELF)
    found = await register_world.person(place.house, person_id, STRANGER)
    assert found.died_on == "2026-02-03", "the agreement of this test releases all to everybody related"
    people = await register_world.Desk(place.house, HOSPITAL).identity(
        "GetPeople", identity_pb2.GetPeopleRequest(person_ids=[person_id])
    )
    assert [one.died_on for one in people.people] == ["2026-02-03"]


async def test_a_record_that_is_another_persons_has_no_death(place: Place) -> None:
    other = [{"use": "usual", "family": "Someoneelse", "given": ["Ann"]}]
    person_id, _ = await registered(
        place, 307, name=other, deceasedDateTime="2026-02-03", address=home("PL1 2AA", "2024-05-06")
    )
    await place.round()
    assert (await place.status(person_id))[0] == "05"
    assert await place.house.events(events_pb2.VitalStatusChanged, person_id=person_id) == []
    assert (await register_world.person(place.house, person_id)).demographics.address.postcode != "PL1 2AA"


async def test_either_id_of_somebody_merged_says_that_they_died(place: Place) -> None:
    person_id, _ = await registered(place, 308, deceasedDateTime="2026-02-03")
    await place.round()
    other = await register_world.registered(place.house, somebody(309))
    made = await merge(place.house, other, person_id)
    for each in (person_id, other):
        assert (await register_world.person(place.house, each, KEY_WORKER)).died_on == "2026-02-03"
    await unmerge(place.house, made.merge_id)
    assert (await register_world.person(place.house, other)).died_on == ""


async def test_the_tables_are_as_the_migrations_make_them(place: Place) -> None:
    assert deaths.VitalStatusRow.metadata is tables.Table.metadata
    assert await service_house.drift(place.house, tables.Table.metadata) == []
