"""What identity makes of a statement: what is wrong with it, who it means, and what is learnt; whatever is stated."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import errors
from services.identity import domain
from services.identity.domain import Demographics, Verification
from services.identity.matching import blocking, decide

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANA = Demographics(
    nhs_number="9990000018",
    given=("Ana", "Maria"),
    family="Kowalska",
    birth_date="1984-03-09",
    gender="female",
    lines=("1 High Street",),
    postcode="EX31 1AA",
    telephone="01271 322577",
)
NOBODY = decide.Decision(decide.Outcome.NONE, "", (), decide.Stage.WEIGHED, "")


def check(stated: Demographics, environment: str = "test") -> Demographics:
    return domain.check(stated, environment=environment, today=TODAY)


def fields(stated: Demographics, environment: str = "test") -> dict[str, str]:
    with pytest.raises(errors.Invalid) as refused:
        check(stated, environment)
    return {violation.field: violation.problem for violation in refused.value.violations}


def trace(stated: Demographics, *people: domain.Person) -> domain.Verdict:
    """Judge a statement against a register of these people."""
    registered = [(person.id, domain.comparable_person(person)) for person in people]
    holders = [one.id for one in people if stated.nhs_number and one.demographics.nhs_number == stated.nhs_number]
    decision = decide.trace(domain.comparable(stated), registered)
    return domain.judge(decision, stated, holder_id=holders[0] if holders else "")


def person(stated: Demographics = ANA, person_id: str = "p1") -> domain.Person:
    return domain.register(stated, domain.judge(NOBODY, stated, holder_id=""), person_id=person_id, source="s", now=NOW)


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"nhs_number": "9990000019"}, "nhs_number", "check digit is 9, should be 8"),
        ({"nhs_number": "999000001"}, "nhs_number", "an NHS Number has ten digits, not 9"),
        ({"birth_date": "09/03/1984"}, "birth_date", "is not an ISO 8601 date"),
        ({"birth_date": "1984-02-30"}, "birth_date", "is no date of the calendar"),
        ({"postcode": "EX31 1A@"}, "address.postcode", "has characters that no postcode has"),
        ({"postcode": "EX31 1AA, Barnstaple"}, "address.postcode", "has characters that no postcode has"),
        ({"postcode": "EX31 1AA Barnstaple"}, "address.postcode", "is longer than any postcode"),
        ({"birth_date": "2026-03-03"}, "birth_date", "lies in the future"),
        ({"birth_date": "1849-12-31"}, "birth_date", "lies before 1850"),
        ({"gender": "f"}, "gender", "is not male, female, other or unknown"),
        ({"family": "x" * 201}, "name.family", "is longer than 200 characters"),
        ({"given": ("x",) * 11}, "name.given", "has more than 10 parts"),
        ({"telephone": "1\x002"}, "telephone", "is longer than 200 characters or no text"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(change: dict[str, object], field: str, problem: str) -> None:
    found = fields(replace(ANA, **change))  # type: ignore[arg-type]
    assert list(found) == [f"demographics.{field}"]
    assert found[f"demographics.{field}"].startswith(problem)


def test_everything_that_is_wrong_is_named_at_once() -> None:
    found = fields(Demographics(nhs_number="1", birth_date="1", gender="1"))
    assert set(found) == {"demographics.nhs_number", "demographics.birth_date", "demographics.gender"}
    assert set(fields(Demographics(gender="male"))) == {"demographics"}


def test_synthetic_numbers_are_for_tests() -> None:
    assert check(ANA) == ANA
    assert "synthetic" in fields(ANA, "production")["demographics.nhs_number"]


@pytest.mark.parametrize("text", ["1984", "1984-03", "1984-03-09", ""])
def test_a_date_of_birth_may_be_known_in_part(text: str) -> None:
    assert check(replace(ANA, birth_date=text)).birth_date == text


def test_a_number_is_stored_as_ten_digits() -> None:
    assert check(replace(ANA, nhs_number="999 000-0018")).nhs_number == "9990000018"


def test_a_number_stays_with_whoever_holds_it() -> None:
    stranger = Demographics(nhs_number=ANA.nhs_number, given=("Boris",), family="Smith", birth_date="1950-01-02")
    verdict = trace(stranger, person())
    assert (verdict.outcome, verdict.keeps_number, verdict.person_id) == (decide.Outcome.REVIEW, False, "")
    assert [suspect.person_id for suspect in verdict.suspects] == ["p1"]
    made = domain.register(stranger, verdict, person_id="p2", source="s", now=NOW)
    assert (made.demographics.nhs_number, made.verification) == ("", Verification.NEEDS_RESOLVING)


def test_a_match_whose_number_somebody_else_holds_does_not_take_it() -> None:
    known = person(replace(ANA, nhs_number=""))
    holder = person(Demographics(nhs_number=ANA.nhs_number, given=("Boris",), birth_date="1950-01-02"), "p2")
    verdict = trace(ANA, known, holder)
    assert (verdict.outcome, verdict.person_id, verdict.keeps_number) == (decide.Outcome.MATCH, "p1", False)
    assert [suspect.person_id for suspect in verdict.suspects] == ["p2"]
    learnt = domain.learn(known, ANA, verdict)
    assert (learnt.demographics.nhs_number, learnt.version) == ("", 1)


def test_the_status_tells_what_is_known_of_the_number() -> None:
    none = domain.judge(NOBODY, ANA, holder_id="")
    assert domain.verification_of(none, ANA) is Verification.PRESENT_NOT_TRACED
    assert domain.verification_of(none, replace(ANA, nhs_number="")) is Verification.TRACE_REQUIRED
    review = replace(none, outcome=decide.Outcome.REVIEW)
    assert domain.verification_of(review, replace(ANA, nhs_number="")) is Verification.NO_OR_MULTIPLE_MATCH


def test_gaps_are_filled_and_what_contradicts_is_noted_beside() -> None:
    known = person(replace(ANA, nhs_number="", telephone=""))
    moved = replace(ANA, postcode="PL1 2AA", family="Nowak")
    learnt = domain.learn(known, moved, replace(trace(ANA, known), keeps_number=True))
    assert (learnt.version, learnt.verification) == (2, Verification.PRESENT_NOT_TRACED)
    assert learnt.demographics == replace(ANA)
    assert (learnt.other_families, learnt.other_postcodes) == (("Nowak",), ("PL1 2AA",))
    again = domain.learn(learnt, moved, trace(ANA, known))
    assert again == learnt


_TEXT = st.sampled_from(["", "Ana", "Anna", "Kowalska", "Nowak", "Smith"])
_STATED = st.builds(
    Demographics,
    nhs_number=st.sampled_from(["", "9990000018", "9990000026"]),
    given=st.lists(_TEXT.filter(bool), max_size=2).map(tuple),
    family=_TEXT,
    birth_date=st.sampled_from(["", "1984", "1984-03-09", "1984-09-03", "1950-01-02"]),
    gender=st.sampled_from(["", "male", "female"]),
    postcode=st.sampled_from(["", "EX31 1AA", "PL1 2AA"]),
    telephone=st.sampled_from(["", "01271 322577"]),
)


@given(st.lists(_STATED, min_size=1, max_size=8))
def test_whatever_is_stated_a_number_has_one_holder_and_nothing_that_was_known_is_lost(
    statements: list[Demographics],
) -> None:
    register: dict[str, domain.Person] = {}
    for turn, stated in enumerate(statements):
        verdict = trace(stated, *register.values())
        if verdict.outcome is decide.Outcome.MATCH:
            before = register[verdict.person_id]
            after = register[before.id] = domain.learn(before, stated, verdict)
            for name in Demographics.__dataclass_fields__:
                known = getattr(before.demographics, name)
                assert not known or getattr(after.demographics, name) == known
            assert (after.version > before.version) == (after.demographics != before.demographics)
            # Whoever was found by a key once is found by it for good.
            assert blocking.keys(domain.comparable_person(before)) <= blocking.keys(domain.comparable_person(after))
        else:
            made = domain.register(stated, verdict, person_id=f"p{turn}", source="s", now=NOW)
            register[made.id] = made
            assert made.version == 1
            assert all(suspect.person_id in register for suspect in verdict.suspects)
        numbers = [one.demographics.nhs_number for one in register.values() if one.demographics.nhs_number]
        assert len(numbers) == len(set(numbers))
        assert all(
            one.verification is not Verification.PRESENT_NOT_TRACED or one.demographics.nhs_number
            for one in register.values()
        )


@pytest.mark.parametrize(
    "postcode",
    ["", "EX31", "ex31 1aa", "EX311AA", "TR139JFF", "ZZ99 3VZ", "75008", "D02 X285", "12345-6789", "N/A", "none"],
)
def test_a_postcode_that_may_be_one_or_says_that_there_is_none_is_taken(postcode: str) -> None:
    assert check(replace(ANA, postcode=postcode)).postcode == postcode
