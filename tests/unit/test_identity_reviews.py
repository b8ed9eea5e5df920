"""Reviews: a pair has no order, the last decision counts, and who was told apart is not brought together again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import errors
from services.identity import domain, reviews
from services.identity.domain import Demographics
from services.identity.matching import decide, dedupe, rarity
from services.identity.reviews import Decided, Decision, Pair, Review, State

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANA = Demographics(
    given=("Ana",),
    family="Kowalska",
    birth_date="1984-03-09",
    gender="female",
    postcode="EX31 1AA",
    telephone="01271 322577",
)
ANNA = replace(ANA, given=("Anna",), birth_date="1984-03-08")
OPEN = Review(Pair.of("a", "b"), 0.7, ("family name is the same",), NOW)


def decided(decision: Decision, reason: str = "") -> Decided:
    return Decided(decision, reason or reviews.REASONS[decision][0], "steward", "trust", NOW)


def found(asked: Demographics, apart: frozenset[Pair], **people: Demographics) -> set[str]:
    registered = {name: domain.comparable(known) for name, known in people.items()}
    return set(reviews.coming_into_question(domain.comparable(asked), registered, apart))


def test_a_pair_is_the_same_whichever_is_named_first() -> None:
    assert Pair.of("b", "a") == Pair.of("a", "b") == Pair.read(Pair.of("b", "a").review_id)
    with pytest.raises(ValueError, match="two people"):
        Pair.of("a", "a")


@pytest.mark.parametrize("review_id", ["", ".", "a", "a.", ".b", "b.a", "a.a"])
def test_what_names_no_pair_is_no_review(review_id: str) -> None:
    with pytest.raises(errors.NotFound):
        Pair.read(review_id)


def test_every_state_says_what_may_follow_and_only_what_waits_can_be_decided() -> None:
    assert set(reviews.TRANSITIONS) == set(State)
    assert {state for state, ways in reviews.TRANSITIONS.items() if ways} == set(reviews.WAITING)
    for ways in reviews.TRANSITIONS.values():
        assert all(state.value == decision.value for decision, state in ways.items())


@given(st.lists(st.sampled_from(list(Decision)), max_size=4))
def test_the_last_decision_counts_and_the_history_is_kept(turns: list[Decision]) -> None:
    review = OPEN
    for turn in turns:
        if review.state not in reviews.WAITING:
            with pytest.raises(errors.Conflict):
                reviews.decide(review, decided(turn), seen=review.version)
            break
        before = review
        review = reviews.decide(review, decided(turn), seen=review.version)
        assert review.decisions == (*before.decisions, decided(turn))
        assert (review.version, review.state.value) == (before.version + 1, turn.value)
        with pytest.raises(errors.Conflict):
            reviews.decide(review, decided(turn), seen=before.version)


@pytest.mark.parametrize("decision", list(Decision))
def test_a_reason_belongs_to_its_decision(decision: Decision) -> None:
    for reason in ("", "twins, I think", reviews.UNMERGED, *reviews.REASONS[Decision.NOT_SURE]):
        if reason not in reviews.REASONS[decision]:
            with pytest.raises(errors.Invalid, match="reason_code"):
                reviews.decide(OPEN, Decided(decision, reason, "steward", "trust", NOW), seen=1)


def test_who_agrees_with_one_of_two_that_were_told_apart_is_that_one() -> None:
    apart = frozenset({Pair.of("ana", "anna")})
    assert found(ANA, apart, ana=ANA, anna=ANNA) == {"ana"}
    assert found(ANNA, apart, ana=ANA, anna=ANNA) == {"anna"}
    assert found(ANA, frozenset(), ana=ANA, anna=ANNA) == {"ana", "anna"}


@pytest.mark.parametrize(
    "asked",
    [
        Demographics(family="Kowalska", postcode="EX31 1AA"),
        replace(ANA, telephone="01271 999999"),
        replace(ANA, nhs_number="9990000018"),
    ],
    ids=["agrees with both", "says something new", "says what neither record has"],
)
def test_who_does_not_clearly_agree_with_one_of_them_may_be_either(asked: Demographics) -> None:
    assert found(asked, frozenset({Pair.of("ana", "anna")}), ana=ANA, anna=ANNA) == {"ana", "anna"}


def test_a_third_person_is_left_in_question() -> None:
    assert found(ANA, frozenset({Pair.of("ana", "anna")}), ana=ANA, anna=ANNA, other=ANNA) == {"ana", "other"}


def test_nobody_is_suspected_anew_of_being_the_person_they_were_told_apart_from() -> None:
    suspects = tuple(domain.Suspect(name, 0.4, ()) for name in ("b", "c"))
    match = domain.Verdict(decide.Outcome.MATCH, "a", suspects, keeps_number=False)
    kept = reviews.without_the_told_apart(match, frozenset({Pair.of("b", "a")}))
    assert [one.person_id for one in kept.suspects] == ["c"]
    # Nobody is known of somebody new yet: no pair with them was ever decided.
    new = domain.Verdict(decide.Outcome.REVIEW, "", suspects, keeps_number=True)
    assert reviews.without_the_told_apart(new, frozenset({Pair.of("b", "c")})) == new


def test_records_that_were_told_apart_are_in_no_cluster_together_and_in_no_review() -> None:
    records = {name: domain.comparable(known) for name, known in {"a": ANA, "b": ANA, "c": ANA}.items()}
    rules = dedupe.rules_for(rarity.BRITAIN, 5_000)
    assert dedupe.find(records, rules).clusters == (("a", "b", "c"),)
    told = dedupe.find(records, rules, apart={("b", "a")})
    assert not any({"a", "b"} <= set(cluster) for cluster in told.clusters)
    assert ("a", "b") not in {(pair.left, pair.right) for pair in told.review}
