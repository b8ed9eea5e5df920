"""Duplicates in one collection: clusters hold together, twins stay apart, and what is doubtful goes to a human."""

import dataclasses
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.matching import dedupe, rarity
from services.identity.matching.demographics import Demographics
from services.identity.matching.normalise import Normalised, normalise

JAMES = Demographics(
    given="James", family="Ackroyd", birth_date="1990-05-17", gender="male", postcode="WH4 2BD", phone="01632 410224"
)
RULES = dedupe.rules_for(rarity.BRITAIN, 5_000)


def find(**records: Demographics) -> dedupe.Duplicates:
    return dedupe.find({name: normalise(record) for name, record in records.items()}, RULES)


def like(**fields: str) -> Demographics:
    return dataclasses.replace(JAMES, **fields)  # type: ignore[arg-type]


def test_records_of_one_person_come_together() -> None:
    found = find(
        a=JAMES,
        b=like(given="Jim", phone=""),
        c=like(family="Akroyd", postcode="WH4"),
        d=like(birth_date="1990-01-01"),
        z=Demographics(given="Chidi", family="Okonkwo", birth_date="1981-12-02"),
    )
    assert found.clusters == (("a", "b", "c", "d"), ("z",))
    assert not found.review


def test_twins_stay_apart_and_a_human_is_asked() -> None:
    found = find(a=JAMES, b=like(given="Robert"))
    assert found.clusters == (("a",), ("b",))
    assert [(pair.left, pair.right) for pair in found.review] == [("a", "b")]
    assert "twin" in found.review[0].forbidden


def test_a_record_that_fits_both_twins_joins_neither() -> None:
    found = find(a=JAMES, b=like(given="John"), c=like(given="J", phone=""))
    assert found.clusters == (("a",), ("b",), ("c",))
    assert {("a", "c"), ("b", "c")} <= {(pair.left, pair.right) for pair in found.review}


def test_pet_forms_are_bridged_by_the_name_between() -> None:
    names = ("Elizabeth", "Beth", "Lizzie")
    found = find(**{name: like(given=name, gender="female", nhs_number="") for name in names})
    assert found.clusters == (tuple(sorted(names)),)


def test_two_numbers_are_two_people() -> None:
    found = find(a=like(nhs_number="9990000018"), b=like(nhs_number="9991116680"))
    assert found.clusters == (("a",), ("b",))


def test_a_key_that_everybody_shares_is_skipped_and_counted() -> None:
    crowd = {f"p{n:03d}": Demographics(phone="01632 410224", given=f"Name{n}") for n in range(dedupe.MOST_PER_KEY + 1)}
    found = find(**crowd)
    assert found.skipped_keys == 1
    assert len(found.clusters) == len(crowd)


people = st.builds(
    Demographics,
    given=st.sampled_from(["James", "Jim", "J", "John", "", "Jane"]),
    family=st.sampled_from(["Ackroyd", "Akroyd", "Smith", ""]),
    birth_date=st.sampled_from(["1990-05-17", "1990-01-01", "1962-05-17", ""]),
    postcode=st.sampled_from(["WH4 2BD", "WH4", "M1 1AE", ""]),
    phone=st.sampled_from(["01632 410224", ""]),
    nhs_number=st.sampled_from(["9991116680", "9990000018", "", ""]),
)


@given(st.lists(people, max_size=8), st.integers())
@settings(max_examples=100)
def test_order_does_not_matter_and_nobody_is_lost(records: list[Demographics], seed: int) -> None:
    stored: dict[str, Normalised] = {f"r{n}": normalise(record) for n, record in enumerate(records)}
    shuffled = dict(random.Random(seed).sample(list(stored.items()), len(stored)))
    found = dedupe.find(stored, RULES)
    assert found == dedupe.find(shuffled, RULES)
    assert sorted(record for cluster in found.clusters for record in cluster) == sorted(stored)
