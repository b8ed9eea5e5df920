"""The count of contacts in crisis: a sliding window, one signal a rise, whatever comes twice or late."""

import random

from hypothesis import given
from hypothesis import strategies as st

from services.insight import domain

RULE = domain.Rule(threshold=3, window_days=90)
DAY = domain.DAY_SECONDS

CONTACTS = st.lists(st.integers(0, 400), min_size=1, max_size=40)


def play(
    days: list[int], start: domain.Counted | None = None, names: list[str] | None = None
) -> tuple[domain.Counted, list[domain.Crossing]]:
    counted, crossings = start or domain.Counted(), []
    for index, day in enumerate(days):
        name = names[index] if names else f"e{index}"
        counted, crossing = domain.contact(counted, encounter=name, at=day * DAY, rule=RULE)
        crossings += [crossing] if crossing else []
    return counted, crossings


def test_the_third_contact_in_the_window_is_a_signal() -> None:
    _, crossings = play([1, 20, 60])
    assert crossings == [domain.Crossing("e2", 3, 60 * DAY)]


def test_contacts_that_are_too_far_apart_are_none() -> None:
    assert play([1, 60, 120, 180, 240])[1] == []


def test_one_signal_for_a_rise_and_another_after_a_fall() -> None:
    _, crossings = play([1, 2, 3, 4, 5, 200, 201, 202])
    assert [crossing.encounter for crossing in crossings] == ["e2", "e7"]


@given(CONTACTS)
def test_every_contact_twice_changes_nothing(days: list[int]) -> None:
    days = sorted(days)
    twice = [day for day in days for _ in range(2)]
    names = [f"e{index}" for index in range(len(days)) for _ in range(2)]
    assert play(twice, names=names) == play(days)


@given(CONTACTS)
def test_reading_again_from_any_earlier_point_raises_nothing_new(days: list[int]) -> None:
    days = sorted(days)
    counted, crossings = play(days)
    again, repeated = play(days, start=counted)
    assert {crossing.encounter for crossing in repeated} <= {crossing.encounter for crossing in crossings}
    assert again.contacts == counted.contacts


@given(CONTACTS, st.randoms(use_true_random=False))
def test_the_order_of_contacts_leaves_the_same_window(days: list[int], shuffler: random.Random) -> None:
    pairs = [(day, f"e{index}") for index, day in enumerate(days)]
    shuffled = pairs[:]
    shuffler.shuffle(shuffled)
    one = play([day for day, _ in pairs], names=[name for _, name in pairs])[0]
    other = play([day for day, _ in shuffled], names=[name for _, name in shuffled])[0]
    assert one.contacts == other.contacts


@given(CONTACTS)
def test_what_is_stored_comes_back(days: list[int]) -> None:
    counted = domain.referral(play(days)[0], referral_id="r1", is_open=True)
    assert domain.Counted.of(counted.stored()) == counted


def test_a_referral_is_open_until_it_is_closed() -> None:
    opened = domain.referral(domain.Counted(), referral_id="r1", is_open=True)
    assert opened.referrals == {"r1"}
    assert domain.referral(opened, referral_id="r1", is_open=False).referrals == frozenset()


@given(CONTACTS)
def test_a_rise_follows_from_the_contacts_as_counting_them_one_by_one_does(days: list[int]) -> None:
    days.sort()
    names = [f"e{index:03d}" for index in range(len(days))]
    counted, crossings = play(days, names=names)
    found = domain.rise({name: day * DAY for name, day in zip(names, days, strict=True)}, RULE)
    assert (found is None) == counted.armed
    if found is not None:
        assert found.crossing == crossings[-1]
        assert found.crossing.encounter in found.encounters


@given(CONTACTS, st.randoms(use_true_random=False))
def test_the_order_in_which_they_were_told_makes_no_rise(days: list[int], order: random.Random) -> None:
    contacts = {f"e{index:03d}": day * DAY for index, day in enumerate(days)}
    told = list(contacts.items())
    order.shuffle(told)
    assert domain.rise(dict(told), RULE) == domain.rise(contacts, RULE)


def test_a_contact_belongs_to_one_rise() -> None:
    first = {f"a{index}": day * DAY for index, day in enumerate([0, 0, 80])}
    found = domain.rise(first, RULE)
    assert found is not None
    assert found.encounters == {"a0", "a1", "a2"}
    again = domain.rise({**first, "b0": 100 * DAY, "b1": 101 * DAY}, RULE)
    assert again is not None
    assert again.crossing == domain.Crossing("b1", 3, 101 * DAY)
    assert again.encounters == {"b0", "b1"}
