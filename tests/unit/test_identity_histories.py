"""What is so of a person from a day on: nothing that was shown is lost, and whose word it was stays known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import errors
from services.identity import domain, histories
from services.identity.domain import Demographics, Person, Verification
from services.identity.histories import Amendment, Part, Statement
from services.identity.matching import blocking

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MOVED = date(2026, 2, 20)
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
PERSON = Person("p1", 3, Verification.VERIFIED, ANA, "bars/1", NOW - timedelta(days=90))
FIRST = Statement(ANA, "bars/1", NOW - timedelta(days=90))


def amendment(*emptied: Part, effective: date = MOVED, **stated: object) -> Amendment:
    return Amendment(Demographics(**stated), frozenset(emptied), effective, "tenancy/1")  # type: ignore[arg-type]


def test_who_moves_moves_as_a_whole_and_is_found_where_they_were() -> None:
    change = histories.amend(PERSON, amendment(postcode="PL1 2AA"), [FIRST])
    now = change.person.demographics
    assert (now.lines, now.postcode, now.family, change.person.version) == ((), "PL1 2AA", "Kowalska", 4)
    (was,) = change.former
    assert (was.part, was.value) == (Part.ADDRESS, Demographics(lines=("1 High Street",), postcode="EX31 1AA"))
    assert (was.source, was.since, was.until, was.replaced_by) == ("bars/1", FIRST.at, MOVED, "tenancy/1")
    assert change.person.other_postcodes == ("EX31 1AA",)


def test_who_marries_states_the_family_name_only() -> None:
    change = histories.amend(PERSON, amendment(family="Nowak"), [FIRST])
    assert (change.person.demographics.given, change.person.demographics.family) == (("Ana", "Maria"), "Nowak")
    assert change.person.other_families == ("Kowalska",)
    assert change.former[0].value == Demographics(given=("Ana", "Maria"), family="Kowalska")


def test_what_is_no_longer_so_is_emptied_and_kept() -> None:
    change = histories.amend(PERSON, amendment(Part.TELEPHONE), [FIRST])
    assert change.person.demographics == replace(ANA, telephone="")
    assert change.former[0].value == Demographics(telephone="01271 322577")


def test_a_gap_is_filled_and_nothing_becomes_history() -> None:
    known = replace(PERSON, demographics=replace(ANA, telephone=""))
    change = histories.amend(known, amendment(telephone="01271 322577"), [FIRST])
    assert (change.person.demographics, change.former, change.person.version) == (ANA, (), 4)


def test_saying_what_is_known_changes_nothing() -> None:
    assert histories.amend(PERSON, amendment(postcode="EX31 1AA", lines=("1 High Street",)), [FIRST]).person == PERSON


def test_saying_where_a_restricted_person_is_tells_nobody_whether_it_was_known() -> None:
    shut = replace(PERSON, restricted=True)
    same = histories.amend(shut, amendment(postcode="EX31 1AA", lines=("1 High Street",)), [FIRST])
    other = histories.amend(shut, amendment(postcode="PL1 2AA"), [FIRST])
    assert same.person.version == other.person.version == 4
    assert (same.person.demographics, same.former) == (ANA, ())


def test_the_word_by_which_a_value_is_the_present_one_is_the_last_that_made_it_so() -> None:
    away = Statement(Demographics(postcode="PL1 2AA"), "tenancy/0", NOW - timedelta(days=60), date(2026, 1, 1))
    back = Statement(
        Demographics(lines=ANA.lines, postcode=ANA.postcode), "tenancy/2", NOW - timedelta(days=30), date(2026, 2, 1)
    )
    repeated = Statement(ANA, "bars/2", NOW - timedelta(days=10))
    (was,) = histories.amend(PERSON, amendment(postcode="PL3 4AA"), [repeated, FIRST, back, away]).former
    assert (was.source, was.since) == ("tenancy/2", back.at)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (amendment(), "demographics"),
        (amendment(nhs_number="9990000018"), "demographics.nhs_number"),
        (amendment(Part.ADDRESS, postcode="PL1 2AA"), "emptied"),
    ],
)
def test_what_makes_no_sense_is_invalid(asked: Amendment, field: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        histories.amend(PERSON, asked, [FIRST])
    assert [violation.field for violation in refused.value.violations] == [field]


def test_a_day_is_today_unless_it_is_said_and_never_to_come() -> None:
    assert histories.effective("", today=MOVED) == MOVED
    assert histories.effective("2026-01-31", today=MOVED) == date(2026, 1, 31)
    for text in ("2026-02-21", "31/01/2026", "2026-02-30"):
        with pytest.raises(errors.Invalid, match="effective_date"):
            histories.effective(text, today=MOVED)


def test_where_a_restricted_person_was_is_not_read_back() -> None:
    shut = replace(PERSON, restricted=True)
    moved = Statement(Demographics(postcode="PL1 2AA", lines=("2 Low Road",)), "tenancy/1", NOW, MOVED)
    assert list(histories.restated(PERSON, [moved, FIRST])) == [FIRST, moved]
    (read,) = histories.restated(shut, [moved, FIRST])
    assert read.demographics == replace(ANA, lines=(), postcode="", telephone="")
    former = histories.amend(PERSON, amendment(postcode="PL1 2AA", family="Nowak"), [FIRST]).former
    assert [one.part for one in histories.shown(PERSON, former)] == [Part.NAME, Part.ADDRESS]
    assert [one.part for one in histories.shown(shut, former)] == [Part.NAME]


_WORDS = st.sampled_from(["", "Ana", "Kowalska", "Nowak"])
_STATED = st.builds(
    Demographics,
    given=st.lists(_WORDS.filter(bool), max_size=2).map(tuple),
    family=_WORDS,
    birth_date=st.sampled_from(["", "1984-03-09", "1984-09-03"]),
    gender=st.sampled_from(["", "female", "other"]),
    lines=st.sampled_from([(), ("1 High Street",), ("2 Low Road",)]),
    postcode=st.sampled_from(["", "EX31 1AA", "PL1 2AA", "EX31"]),
    telephone=st.sampled_from(["", "01271 322577", "01271 322578"]),
)


@given(st.lists(st.tuples(_STATED, st.frozensets(st.sampled_from(Part))), max_size=8), st.booleans())
def test_whatever_is_said_nothing_that_was_shown_is_lost(
    said: list[tuple[Demographics, frozenset[Part]]], restricted: bool
) -> None:
    person = replace(PERSON, restricted=restricted)
    kept: list[histories.Former] = []
    shown = {name: {getattr(ANA, name)} for name in Demographics.__dataclass_fields__}
    stated = [FIRST]
    keys = blocking.keys(domain.comparable_person(person))
    for turn, (demographics, emptied) in enumerate(said):
        at = NOW + timedelta(days=turn)
        asked = Amendment(demographics, emptied, at.date(), f"s/{turn}")
        try:
            change = histories.amend(person, asked, stated)
        except errors.Invalid:
            continue
        kept += change.former
        stated.append(Statement(demographics, asked.source, at, at.date()))
        assert change.person.version - person.version in (0, 1)
        assert change.person == person or change.person.version == person.version + 1
        assert change.person.demographics.nhs_number == ANA.nhs_number
        person = change.person
        keys |= blocking.keys(domain.comparable_person(person))
        for name, values in shown.items():
            values.add(getattr(person.demographics, name))
    for name, values in shown.items():
        known = {getattr(one.value, name) for one in kept} | {getattr(person.demographics, name)}
        assert {value for value in values if value} <= known
    assert not restricted or not blocking.located(keys)


@given(_STATED, st.lists(_WORDS.filter(bool), max_size=2).map(tuple))
def test_nothing_that_finds_a_restricted_person_says_where_they_are(
    stated: Demographics, families: tuple[str, ...]
) -> None:
    person = Person(
        "p", 1, Verification.TRACE_REQUIRED, stated, "s", NOW, families, ("EX31 1AA", "PL1"), restricted=True
    )
    open_keys = blocking.keys(domain.comparable_person(replace(person, restricted=False)))
    shut_keys = blocking.keys(domain.comparable_person(person))
    # Just the keys of the kinds that LOCATED names go: a new kind of key with a postcode in it fails here.
    assert open_keys - shut_keys == blocking.located(open_keys)
    assert not blocking.located(shut_keys)
    assert (person.told.lines, person.told.postcode, person.told.telephone) == ((), "", "")
