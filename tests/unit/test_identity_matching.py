"""The matcher: what it must find, what it must never take for the same, and what it must not depend on."""

import dataclasses
import datetime

import pytest

from services.identity.matching import blocking, decide, levels, rarity
from services.identity.matching.compare import compare, either_way
from services.identity.matching.decide import Outcome, Rules, Stage
from services.identity.matching.demographics import Demographics
from services.identity.matching.levels import Birth, Name, Number, Phone, Postcode
from services.identity.matching.normalise import normalise
from services.identity.matching.verification import Status, after

MAGGIE = Demographics(
    nhs_number="999 111 6680",
    given="Margaret Rose",
    family="Pascoe",
    birth_date="1973-03-09",
    gender="female",
    postcode="WH2 4QP",
    phone="07700 900148",
)


def change(**fields: object) -> Demographics:
    return dataclasses.replace(MAGGIE, **fields)  # type: ignore[arg-type]


def trace(asked: Demographics, *registered: Demographics, rules: Rules = decide.DEFAULTS) -> decide.Decision:
    records = [(f"person-{position}", normalise(each)) for position, each in enumerate(registered)]
    return decide.trace(normalise(asked), records, rules)


@pytest.mark.parametrize(
    "asked",
    [
        MAGGIE,
        change(given="", family=""),
        change(nhs_number="", phone=""),
        change(nhs_number="", given="Maggie"),
        change(nhs_number="", given="Peggy", family="Pasco"),
        change(nhs_number="", given="M"),
        change(nhs_number="", birth_date="1973-09-03"),
        change(nhs_number="", birth_date="1973-01-01"),
        change(nhs_number="", given="Rose"),
        change(nhs_number="", given="PASCOE", family="MARGARET"),
        change(nhs_number="", postcode="M1 1AE"),
        change(nhs_number="999 111 6608", phone=""),
        change(nhs_number="", postcode="wh24qp", phone="+44 7700 900148", given="margaret"),
        change(nhs_number="", postcode="WH2"),
        change(nhs_number="0000000000"),
    ],
)
def test_the_same_person_is_found(asked: Demographics) -> None:
    assert not blocking.keys(normalise(asked)).isdisjoint(blocking.keys(normalise(MAGGIE)))
    decision = trace(asked, MAGGIE)
    assert decision.outcome is Outcome.MATCH, decision
    assert decision.person_id == "person-0"


def test_former_names_and_addresses_are_followed() -> None:
    moved = change(
        family="Trevorrow", postcode="WH9 1AA", previous_families=("Pascoe",), previous_postcodes=("WH2 4QP",)
    )
    decision = trace(change(nhs_number="", phone=""), moved)
    assert decision.outcome is Outcome.MATCH
    assert "family name is a previous one" in decision.candidates[0].reasons
    assert "postcode is a previous one" in decision.candidates[0].reasons


@pytest.mark.parametrize(
    "other",
    [
        change(nhs_number="", given="Rosalind"),  # a twin
        change(nhs_number="", given="Jane", gender="female"),
        change(nhs_number="", given="Peter", gender="male"),
        change(nhs_number="", birth_date="1948-11-23"),  # her mother, of the same name
        change(nhs_number="", given="Peter", gender="male", birth_date="1970-06-30"),  # her husband
        change(nhs_number="9990000018"),  # everything but the number
        change(
            nhs_number="", given="Margaret", postcode="M1 1AE", phone="0161 496 0000"
        ),  # name and birthday only, elsewhere
        change(nhs_number="", given="Baby"),
        change(nhs_number="", birth_date="1973-03-12", postcode="WH2 9ZZ", phone=""),  # a cousin of the same name
        change(nhs_number="", given="", postcode="", phone=""),
    ],
)
def test_people_who_agree_together_are_never_matched(other: Demographics) -> None:
    assert trace(other, MAGGIE).outcome is not Outcome.MATCH


def test_a_twin_who_carries_the_other_ones_number_goes_to_a_human() -> None:
    decision = trace(change(given="Rosalind"), MAGGIE)
    assert decision.outcome is Outcome.REVIEW
    assert "twin" in decision.explanation


def test_a_tie_goes_to_a_human() -> None:
    decision = trace(change(nhs_number=""), change(nhs_number=""), change(nhs_number=""))
    assert decision.outcome is Outcome.REVIEW
    assert decision.explanation == "two people fit nearly as well"
    assert len(decision.candidates) == 2


def test_a_stranger_is_nobody() -> None:
    stranger = Demographics(given="Chidi", family="Okonkwo", birth_date="1981-12-02", gender="male", postcode="WH7 1AB")
    assert trace(stranger, MAGGIE).outcome is Outcome.NONE
    assert trace(stranger).outcome is Outcome.NONE


def test_exact_traces_come_first_and_say_so() -> None:
    by_number = trace(change(given="M", postcode="", phone=""), MAGGIE)
    assert by_number.stage is Stage.NUMBER
    assert by_number.candidates[0].score == 1.0
    assert trace(change(nhs_number=""), MAGGIE).stage is Stage.NAMES
    assert trace(change(nhs_number="", given="Maggie"), MAGGIE).stage is Stage.WEIGHED


def test_an_exact_trace_tells_of_nobody_else() -> None:
    twin = change(nhs_number="", given="Mary")
    assert len(trace(change(nhs_number="", given="M"), MAGGIE, twin).candidates) == 2
    assert len(trace(change(nhs_number=""), MAGGIE, twin).candidates) == 1


def test_placeholders_say_nothing() -> None:
    unknown = normalise(
        Demographics("0000000000", "Unknown", "UNKNOWN", "1900-01-01", "unknown", "ZZ99 3VZ", "00000000000")
    )
    assert unknown == dataclasses.replace(normalise(Demographics()), unnamed=True)
    assert not blocking.keys(unknown)
    assert trace(Demographics("0000000000", "Baby", "Unknown", "1900-01-01"), MAGGIE).outcome is Outcome.NONE


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("Siobhán", "SIOBHAN", Name.EXACT),
        ("Łukasz", "Lukasz", Name.EXACT),
        ("Tom", "Thomas", Name.NICKNAME),
        ("Benny", "Benjamin", Name.NICKNAME),
        ("Torie", "Victoria", Name.NICKNAME),
        ("Naomie", "Naomi", Name.NICKNAME),
        ("Baby", "Naomi", Name.UNNAMED),
        ("N/A", "Naomi", Name.UNNAMED),
        ("Na", "Na Xiulan", Name.EXACT),
        ("Mr Peter", "Peter", Name.EXACT),
        ("Catherine", "Kathryn", Name.NICKNAME),
        ("Hanah", "Hannah", Name.TYPO),
        ("J", "Jane", Name.INITIAL),
        ("Jane", "Peter", Name.DIFFERENT),
        ("Unknown", "Peter", Name.UNNAMED),
        ("", "Peter", Name.UNKNOWN),
        ("Rose", "Margaret Rose", Name.MIDDLE),
        ("Li-Hua", "Lihua", Name.EXACT),
    ],
)
def test_given_names(left: str, right: str, level: Name) -> None:
    assert compare(normalise(Demographics(given=left)), normalise(Demographics(given=right))).given is level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("O'Brien", "OBRIEN", Name.EXACT),
        ("Taylor-Mitchell", "Taylor Mitchell", Name.EXACT),
        ("Mitchell Taylor", "Taylor-Mitchell", Name.REORDERED),
        ("Bowen", "Bowen-Duffy", Name.PART),
        ("Smyth", "Smith", Name.TYPO),
        ("Kolodziejczyk", "Kołodziejczyk", Name.EXACT),
        ("Knyght", "Knight", Name.TYPO),
        ("Kaur", "Cawr", Name.SOUNDS),
        ("Kovalenko", "Okafor", Name.DIFFERENT),
        ("Шевченко", "Шевченко", Name.EXACT),
        ("Null", "NULL", Name.EXACT),
        ("Unknown", "Smith", Name.UNKNOWN),
    ],
)
def test_family_names(left: str, right: str, level: Name) -> None:
    assert compare(normalise(Demographics(family=left)), normalise(Demographics(family=right))).family is level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("1984-03-09", "1984-03-09", Birth.EXACT),
        ("1984-03-09", "09/03/1984", Birth.EXACT),
        ("1984-01-01", "1984-01-01", Birth.NEW_YEAR),
        ("1984-03-09", "1984-09-03", Birth.SWAPPED),
        ("1984-03-09", "1984-03-19", Birth.DAY_OR_MONTH),
        ("1984-03-09", "1984-03-27", Birth.ONE_PART),
        ("1984-03-09", "1974-03-09", Birth.YEAR),
        ("1984-03-09", "1984-01-01", Birth.JANUARY),
        ("1984-03-09", "1984-03", Birth.PARTIAL),
        ("1984-03-09", "1984", Birth.PARTIAL),
        ("1984-03-09", "1985", Birth.DIFFERENT),
        ("1984-03-09", "1951-11-23", Birth.DIFFERENT),
        ("1984-03-09", "1984-02-31", Birth.UNKNOWN),
        ("1984-03-09", "soon", Birth.UNKNOWN),
    ],
)
def test_birth_dates(left: str, right: str, level: Birth) -> None:
    compared = compare(normalise(Demographics(birth_date=left)), normalise(Demographics(birth_date=right)))
    assert compared.birth_date is level


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("TR13 9JF", "tr139jf", Postcode.EXACT),
        ("TR13 9JF", "TR13 9JFF", Postcode.TYPO),
        ("TR13 9JF", "TR13 9FJ", Postcode.TYPO),
        ("TR13 9JF", "TR13", Postcode.OUTWARD),
        ("TR13 9JF", "TR13 1AA", Postcode.OUTWARD),
        ("TR13 9JF", "M1 1AE", Postcode.DIFFERENT),
        ("TR13 9JF", "ZZ99 3VZ", Postcode.UNKNOWN),
    ],
)
def test_postcodes(left: str, right: str, level: Postcode) -> None:
    assert compare(normalise(Demographics(postcode=left)), normalise(Demographics(postcode=right))).postcode is level


def test_another_postcode_says_more_where_earlier_ones_are_known() -> None:
    moved = normalise(Demographics(postcode="TR13 9JF", previous_postcodes=("PL1 1AA",)))
    for code, level in (("PL1 1AA", Postcode.PREVIOUS), ("PL1 2BB", Postcode.OUTWARD), ("M1 1AE", Postcode.ELSEWHERE)):
        asked = normalise(Demographics(postcode=code))
        assert compare(asked, moved).postcode is compare(moved, asked).postcode is level


def test_a_telephone_that_is_stated_and_not_registered_is_told_from_one_that_is_not_stated() -> None:
    known, silent = normalise(MAGGIE), normalise(change(phone=""))
    assert compare(known, silent).phone is Phone.UNREGISTERED
    assert compare(silent, known).phone is compare(silent, silent).phone is Phone.UNKNOWN
    assert either_way(compare(known, silent)) == either_way(compare(silent, known))
    # What the register holds of somebody's contacts is not told by what is silent about it.
    assert compare(known, silent).reasons == compare(silent, known).reasons


def test_a_wrong_check_digit_is_evidence_only_where_it_is_near() -> None:
    near = compare(normalise(change(nhs_number="9991116681")), normalise(MAGGIE))
    far = compare(normalise(change(nhs_number="9990000000")), normalise(MAGGIE))
    assert (near.number, far.number) == (Number.SLIP, Number.UNKNOWN)


def test_reasons_are_plain_and_name_no_value() -> None:
    asked = change(nhs_number="", birth_date="1973-09-03", family="Pasco")
    reasons = trace(asked, MAGGIE).candidates[0].reasons
    assert "day and month of birth swapped" in reasons
    assert "family name differs by a slip in spelling" in reasons
    told = " ".join(reasons).lower()
    assert all(value not in told for value in ("margaret", "pasco", "1973", "wh2", "900148"))


def test_every_level_has_its_sentence() -> None:
    kinds = {"number": Number, "birth_date": Birth, "postcode": Postcode, "phone": Phone, "family": Name, "given": Name}
    for field, kind in kinds.items():
        assert all((field, level) in levels.SENTENCES for level in kind)


def test_common_names_weigh_less() -> None:
    def score(family: str, given: str) -> float:
        asked = Demographics(given=given, family=family, birth_date="1973-03-09")
        return trace(asked, change(nhs_number="", given=given, family=family)).candidates[0].score

    assert score("Smith", "John") < score("Nankivell", "Osgood")


def test_names_are_counted_from_a_register() -> None:
    records = [normalise(change(family=family)) for family in ("Smith", "Smith", "Smith", "Jones")]
    counted = rarity.counted(records)
    assert counted.family("smith") == 0.75
    assert counted.family("nobody") == 0.25
    with pytest.raises(ValueError, match="without records"):
        rarity.counted([])


def test_keys_stay_few() -> None:
    stated = change(
        previous_families=("Trevorrow-Nankivell",), previous_postcodes=("M1 1AE",), given="Margaret Rose Elizabeth"
    )
    assert len(blocking.keys(normalise(stated))) < 80


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (MAGGIE, Status.VERIFIED),
        (change(given="Rosalind", nhs_number=""), Status.NO_OR_MULTIPLE_MATCHES),
        (change(nhs_number="9990000018"), Status.NEEDS_RESOLVING),
        (Demographics("9990000018", "A", "Stranger", "1950-02-02"), Status.PRESENT_NOT_TRACED),
        (Demographics("", "A", "Stranger", "1950-02-02"), Status.TRACE_REQUIRED),
        (Demographics("", "", "Stranger", "2026-02-20"), Status.POSTPONED),
    ],
)
def test_status_after_a_trace(asked: Demographics, status: Status) -> None:
    found = after(trace(asked, MAGGIE), normalise(asked), matched=Status.VERIFIED, today=datetime.date(2026, 3, 1))
    assert found is status
    assert found.may_be_sent == (status in {"01", "02"})
