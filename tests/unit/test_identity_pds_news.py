"""What the PDS knows newer: taken where it is dated later than what stands here, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.identity import domain
from services.identity.domain import Demographics
from services.identity.histories import Amendment, Former, Part, Statement
from services.identity.pds import news
from services.identity.pds.outcomes import Address, Contact, Name, Patient, Period

TODAY = date(2026, 6, 1)
TOLD = datetime(2026, 3, 1, 9, tzinfo=UTC)
STATED = Demographics(
    given=("Odette",), family="Canarywood", birth_date="1984-03-09", lines=("1 Canary Row",), postcode="EX1 1AA",
    telephone="01271 320001",
)  # fmt: skip
PERSON = domain.Person("p", 2, domain.Verification.VERIFIED, STATED, "bars/1", TOLD)
SAID = Statement(STATED, "bars/1", TOLD)


def patient(**more: object) -> Patient:
    return replace(Patient("9990000000", "1", "U"), **more)  # type: ignore[arg-type]


def home(postcode: str, start: str = "", end: str = "", use: str = "home") -> Address:
    return Address(("2 Low Road",), postcode, use, Period(start, end))


def found(
    told: Patient,
    person: domain.Person = PERSON,
    *,
    statements: tuple[Statement, ...] = (SAID,),
    former: tuple[Former, ...] = (),
) -> list[Amendment]:
    return list(news.amendments(person, told, statements=statements, former=former, source="pds", today=TODAY))


def test_an_address_that_began_after_ours_was_told_is_newer() -> None:
    (one,) = found(
        patient(addresses=(home("PL1 2AA", "2026-04-02"), home("EX1 1AA", "2001-01-01", "2026-04-01", "old")))
    )
    assert one == Amendment(
        Demographics(lines=("2 Low Road",), postcode="PL1 2AA"), frozenset(), date(2026, 4, 2), "pds"
    )


@pytest.mark.parametrize(
    "address",
    [
        home("PL1 2AA", "2026-02-01"),
        home("PL1 2AA", "2026-03-01"),
        home("PL1 2AA"),
        home("PL1 2AA", "2026"),
        home("PL1 2AA", "2026-07-01"),
        home("PL1 2AA", "2026-04-01", "2026-05-01"),
        home("PL1 2AA", "2026-04-01", use="temp"),
        home("ex1 1aa", "2026-04-02"),
        home("", "2026-04-02"),
    ],
)
def test_what_is_older_undated_over_or_the_same_is_not(address: Address) -> None:
    assert found(patient(addresses=(address,))) == []


def test_of_two_homes_none_is_taken() -> None:
    assert found(patient(addresses=(home("PL1 2AA", "2026-04-02"), home("PL2 2AA", "2026-04-03")))) == []


def test_a_name_and_a_telephone_are_parts_of_their_own() -> None:
    name = Name("Wren", ("Odette",), "usual", Period("2026-05-01"))
    phones = (Contact("phone", "07700 900001", "mobile", Period("2026-05-02")), Contact("email", "o@example.org"))
    both = found(patient(names=(name,), contacts=phones))
    assert [(one.demographics, one.effective) for one in both] == [
        (Demographics(given=("Odette",), family="Wren"), date(2026, 5, 1)),
        (Demographics(telephone="07700 900001"), date(2026, 5, 2)),
    ]
    ours = (*phones, Contact("phone", "01271320001", "home", Period("1999-01-01")))
    assert found(patient(contacts=ours)) == [], "ours is one of theirs"


def test_what_was_never_known_is_taken_and_what_a_human_took_away_is_not_put_back() -> None:
    bare = replace(PERSON, demographics=replace(STATED, lines=(), postcode=""))
    undated = patient(addresses=(home("PL1 2AA"),))
    (one,) = found(undated, bare, statements=())
    assert (one.demographics.postcode, one.effective) == ("PL1 2AA", TODAY)
    value = Demographics(lines=("1 Canary Row",), postcode="EX1 1AA")
    left = Former(Part.ADDRESS, value, "bars/1", TOLD, date(2026, 4, 20), "case/1")
    assert found(undated, bare, former=(left,)) == []
    assert found(patient(addresses=(home("PL1 2AA", "2026-04-02"),)), bare, former=(left,)) == []
    assert len(found(patient(addresses=(home("PL1 2AA", "2026-04-21"),)), bare, former=(left,))) == 1


def test_of_a_restricted_person_nothing_of_where_they_are_is_taken() -> None:
    name = Name("Wren", ("Odette",), "usual", Period("2026-05-01"))
    told = patient(names=(name,), addresses=(home("PL1 2AA", "2026-04-02"),))
    assert [one.demographics.family for one in found(told, replace(PERSON, restricted=True))] == ["Wren"]
    withheld = replace(told, security="R", addresses=None, contacts=None)
    assert [one.demographics.family for one in found(withheld)] == ["Wren"]


@pytest.mark.parametrize(
    ("said", "day"), [("", ""), ("2010-10-22T00:00:00+00:00", "2010-10-22"), ("2010-10", "2010-10"), ("2010", "2010")]
)
def test_a_death_is_as_exact_as_the_pds_says(said: str, day: str) -> None:
    assert news.died_on(patient(deceased=said)) == day
