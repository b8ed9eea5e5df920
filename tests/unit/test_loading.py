"""What the loader of the synthetic place makes and remembers, without a stack."""

from __future__ import annotations

import asyncio
import datetime
import json
from pathlib import Path

import pytest

from chassis import errors
from devstack.loading import directory, doubts, patience, people, record
from devstack.place import export
from devstack.place.place import Place
from joinedup.common.v1 import common_pb2

NOON = datetime.datetime(2026, 3, 2, 12, 34, tzinfo=datetime.UTC)
PLACE = Place(people=30, seed=3, until=NOON.replace(hour=0, minute=0))


def test_a_record_ends_its_half_year_at_midnight_and_keeps_it(tmp_path: Path) -> None:
    made = record.opened(tmp_path, seed=3, now=NOON)
    assert made.until_time == datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
    made.people["place-1"] = "person-1"
    made.save(tmp_path)
    later = record.opened(tmp_path, seed=3, now=NOON + datetime.timedelta(days=9))
    assert later == made


def test_another_place_is_not_loaded_beside_the_first(tmp_path: Path) -> None:
    record.opened(tmp_path, seed=3, now=NOON).save(tmp_path)
    with pytest.raises(record.OtherPlaceError, match="seed 3 is loaded here already"):
        record.opened(tmp_path, seed=4, now=NOON)


def test_the_directory_holds_every_organisation_team_and_member_of_staff() -> None:
    request = directory.request(PLACE)
    assert len(request.organisations) == len(PLACE.organisations)
    assert len(request.teams) == 12
    assert len(request.practitioners) == 60
    police = next(one for one in request.organisations if one.name == "Westhaven Police")
    assert police.sector == common_pb2.SECTOR_POLICE
    assert police.secure_email == "joinedup@westhaven.police.example"
    known = {one.id for one in request.organisations}
    assert all(one.organisation_id in known for one in request.teams)
    assert all(role.organisation_id in known for one in request.practitioners for role in one.roles)
    assert directory.request(PLACE) == request


def test_every_organisation_gets_a_key_that_speaks_for_it_alone() -> None:
    bound = directory.integrators(PLACE)
    assert {one.organisation_id for one in bound.values()} == {one.id for one in PLACE.organisations.values()}
    assert bound["ZWA"].organisation_id == PLACE.organisations["hospital"].id
    assert bound["ZWA"].sector == "nhs"


def test_whoever_may_sign_in_is_shown_with_role_and_place(tmp_path: Path) -> None:
    export.write_users(PLACE, tmp_path / "users.json")
    users = json.loads((tmp_path / "users.json").read_text())
    tom = next(one for one in users if one["name"] == "Tom Ackroyd")
    assert tom["detail"] == "caseworker, North Moor Complex Needs Team"
    assert len(users) == 60


def test_a_practice_knows_its_patients_demographics() -> None:
    known = people.demographics(PLACE.protagonist())
    assert (known.name.family, known.birth_date, known.address.postcode) == ("Pascoe", "1973-03-09", "WH2 4QP")
    assert known.nhs_number.startswith("999")


@pytest.mark.parametrize("day", [datetime.date(1973, 3, 9), datetime.date(1980, 2, 29), datetime.date(2000, 1, 31)])
def test_somebody_misheard_has_a_birthday_of_the_same_month_and_no_number(day: datetime.date) -> None:
    slipped = doubts.slip(day)
    assert (slipped.year, slipped.month) == (day.year, day.month)
    assert slipped.day % 10 == day.day % 10
    assert slipped != day
    heard = doubts.misheard(PLACE.protagonist())
    assert (heard.nhs_number, heard.name.family, heard.birth_date) == ("", "Pascoe", "1973-03-19")


async def test_what_is_away_is_asked_again_and_anything_else_is_not() -> None:
    asked: list[int] = []

    async def away_twice() -> str:
        asked.append(1)
        if len(asked) < 3:
            raise errors.Unavailable("not yet")
        return "here"

    assert await patience.patiently(away_twice) == "here"

    async def refused() -> None:
        asked.append(1)
        raise errors.Denied("no")

    asked.clear()
    with pytest.raises(errors.Denied):
        await patience.patiently(refused)
    assert len(asked) == 1


async def test_patience_ends() -> None:
    async def away() -> None:
        raise errors.Unavailable("gone")

    with pytest.raises(errors.Unavailable, match="gone"):
        await patience.patiently(away, seconds=0.2)


async def test_the_first_failure_ends_the_others_and_is_raised_as_it_is() -> None:
    ended: list[str] = []

    async def long() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("long")

    async def failing() -> None:
        await asyncio.sleep(0.01)
        raise errors.Conflict("two at once")

    with pytest.raises(errors.Conflict):
        await patience.together(long(), failing())
    assert ended == ["long"]
