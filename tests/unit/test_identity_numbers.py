"""What becomes of a person's NHS Number: nobody holds two, no two hold one, and whose it was stays known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import errors
from services.identity import domain, numbers
from services.identity.domain import Demographics, Person, Verification
from services.identity.matching import blocking, decide
from services.identity.numbers import Authority, Change, End

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = date(2026, 3, 2)
FIRST, SECOND, THIRD = "9990000018", "9990000026", "9990000034"
ANA = Demographics(given=("Ana",), family="Kowalska", birth_date="1984-03-09")
PERSON = Person("p1", 1, Verification.TRACE_REQUIRED, ANA, "s", NOW)
HOLDING = replace(PERSON, demographics=replace(ANA, nhs_number=FIRST), verification=Verification.VERIFIED)


def attach(person: Person, number: str, authority: Authority = Authority.PDS, holder_id: str = "") -> Change:
    return numbers.attach(person, number, authority=authority, holder_id=holder_id)


def supersede(person: Person, number: str, holder_id: str = "") -> Change:
    return numbers.supersede(person, number, holder_id=holder_id, source="pds/1", now=NOW, authority=Authority.PDS)


def invalidate(person: Person) -> Change:
    return numbers.invalidate(person, source="pds/1", now=NOW)


def test_a_traced_number_is_attached_with_the_status_that_its_authority_gives() -> None:
    by_pds, here = attach(PERSON, FIRST).person, attach(PERSON, FIRST, Authority.LOCAL).person
    assert (by_pds.demographics.nhs_number, by_pds.version, by_pds.verification) == (FIRST, 2, Verification.VERIFIED)
    assert here.verification is Verification.PRESENT_NOT_TRACED


def test_a_number_that_somebody_else_holds_stays_theirs() -> None:
    for change in (attach(PERSON, FIRST, holder_id="p2"), supersede(HOLDING, SECOND, holder_id="p2")):
        assert (change.holder_id, change.former) == ("p2", None)
        assert change.person.verification is Verification.NEEDS_RESOLVING
    assert attach(PERSON, FIRST, holder_id="p2").person.demographics.nhs_number == ""
    assert supersede(HOLDING, SECOND, holder_id="p2").person.demographics.nhs_number == FIRST


def test_a_superseded_number_gives_way_and_is_remembered() -> None:
    change = supersede(HOLDING, SECOND)
    assert change.person.demographics.nhs_number == SECOND
    assert change.person.former_numbers == (FIRST,)
    assert change.former == numbers.Former(FIRST, End.SUPERSEDED, SECOND, "pds/1", NOW)


def test_a_dead_number_goes_and_the_person_stays() -> None:
    change = invalidate(HOLDING)
    assert change.person.demographics == ANA
    assert (change.person.former_numbers, change.person.verification) == ((FIRST,), Verification.TRACE_REQUIRED)
    assert change.former is not None
    assert (change.former.end, change.former.replaced_by) == (End.INVALIDATED, "")


@pytest.mark.parametrize(
    "act",
    [
        lambda: attach(HOLDING, SECOND),
        lambda: supersede(PERSON, SECOND),
        lambda: invalidate(PERSON),
        lambda: attach(invalidate(HOLDING).person, FIRST),
        lambda: supersede(supersede(HOLDING, SECOND).person, FIRST),
    ],
    ids=["another is present", "none to supersede", "none to be dead", "dead already", "superseded already"],
)
def test_what_the_record_does_not_allow_is_a_conflict(act: object) -> None:
    with pytest.raises(errors.Conflict):
        act()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("person", "status", "authority", "problem"),
    [
        (PERSON, Verification.VERIFIED, Authority.PDS, "present"),
        (PERSON, Verification.PRESENT_NOT_TRACED, Authority.LOCAL, "present"),
        (HOLDING, Verification.VERIFIED, Authority.LOCAL, "Personal Demographics Service"),
        (HOLDING, Verification.NOT_REQUIRED, Authority.LOCAL, "without"),
        (PERSON, Verification.POSTPONED, Authority.LOCAL, "six weeks"),
    ],
)
def test_a_status_fits_the_person_or_is_invalid(
    person: Person, status: Verification, authority: Authority, problem: str
) -> None:
    with pytest.raises(errors.Invalid, match=problem):
        numbers.verify(person, status, authority=authority, today=TODAY)


@pytest.mark.parametrize(("born", "fits"), [("2026-03-02", True), ("2026-01-20", True), ("2026-01-19", False)])
def test_a_trace_is_put_off_for_six_weeks(born: str, fits: bool) -> None:
    baby = replace(PERSON, demographics=Demographics(family="Kowalska", birth_date=born))
    if fits:
        found = numbers.verify(baby, Verification.POSTPONED, authority=Authority.LOCAL, today=TODAY)
        assert (found.person.verification, found.person.version) == (Verification.POSTPONED, 2)
    else:
        with pytest.raises(errors.Invalid):
            numbers.verify(baby, Verification.POSTPONED, authority=Authority.LOCAL, today=TODAY)


def test_what_changes_nothing_leaves_the_version() -> None:
    again = numbers.verify(HOLDING, Verification.VERIFIED, authority=Authority.PDS, today=TODAY)
    assert again.person == HOLDING


def test_somebody_is_found_by_a_number_that_was_theirs() -> None:
    asked = replace(ANA, nhs_number=FIRST)
    for person in (supersede(HOLDING, SECOND).person, invalidate(HOLDING).person):
        assert numbers.holder([person], FIRST) == person.id
        record = domain.comparable_person(person, asked_number=FIRST)
        found = decide.trace(domain.comparable(asked), [(person.id, record)])
        assert (found.outcome, found.person_id, found.candidates[0].score) == (decide.Outcome.MATCH, person.id, 1.0)
        learnt = domain.learn(person, asked, domain.judge(found, asked, holder_id=person.id))
        assert learnt.demographics.nhs_number == person.demographics.nhs_number


def test_a_dead_number_goes_to_nobody_else() -> None:
    dead = invalidate(HOLDING).person
    other = Demographics(nhs_number=FIRST, given=("Boris",), family="Smith", birth_date="1950-01-02")
    record = domain.comparable_person(dead, asked_number=FIRST)
    found = decide.trace(domain.comparable(other), [(dead.id, record)])
    verdict = domain.judge(found, other, holder_id=numbers.holder([dead], FIRST))
    made = domain.register(other, verdict, person_id="p2", source="s", now=NOW)
    assert (made.demographics.nhs_number, made.verification) == ("", Verification.NEEDS_RESOLVING)


_ACTS = st.lists(
    st.tuples(st.sampled_from(["p1", "p2", "p3"]), st.sampled_from(["attach", "supersede", "invalidate"]),
              st.sampled_from([FIRST, SECOND, THIRD])),
    max_size=25,
)  # fmt: skip


@given(_ACTS)
def test_whatever_is_done_a_number_is_or_was_one_persons(acts: list[tuple[str, str, str]]) -> None:
    register = {name: replace(PERSON, id=name) for name in ("p1", "p2", "p3")}
    keys: dict[str, frozenset[str]] = {name: frozenset() for name in register}
    for name, act, number in acts:
        before = register[name]
        holder_id = numbers.holder(register.values(), number)
        try:
            change = {
                "attach": lambda one=before: attach(one, number, holder_id=holder_id),  # noqa: B023
                "supersede": lambda one=before: supersede(one, number, holder_id),  # noqa: B023
                "invalidate": lambda one=before: invalidate(one),
            }[act]()
        except (errors.Conflict, errors.Invalid):
            continue
        register[name] = change.person
        keys[name] |= blocking.keys(domain.comparable_person(change.person))
        assert change.person.version - before.version == (change.person != before)
        assert set(before.former_numbers) <= set(change.person.former_numbers)
    owners = [
        number for one in register.values() for number in {one.demographics.nhs_number, *one.former_numbers} - {""}
    ]
    assert len(owners) == len(set(owners))
    for one in register.values():
        assert one.verification is not Verification.VERIFIED or one.demographics.nhs_number
        for number in one.former_numbers:
            assert numbers.holder(register.values(), number) == one.id
