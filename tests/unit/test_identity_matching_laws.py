"""Laws of the matcher for any input: no crash, the same answer again and either way round, in whatever order."""

import dataclasses
import random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.identity.matching import blocking, decide
from services.identity.matching.compare import compare, either_way
from services.identity.matching.decide import Outcome
from services.identity.matching.demographics import Demographics
from services.identity.matching.normalise import normalise

_NAMES = [
    "Ann",
    "Anne",
    "Nancy",
    "Peter",
    "Pete",
    "O'Brien",
    "Smith",
    "Smyth",
    "Bowen-Duffy",
    "Duffy",
    "Łukasz",
    "",
    "X",
]
_DATES = ["1984-03-09", "1984-09-03", "1984-01-01", "1984", "1985-03-09", "", "1984-02-31", "9/3/1984"]
_CODES = ["TR13 9JF", "TR13", "M1 1AE", "tr139fj", "ZZ99 3VZ", ""]
_NUMBERS = ["9991116680", "9991116608", "9990000018", "0000000000", "999", ""]
_PHONES = ["07700900148", "+447700900148", "01632 960001", "0", ""]


def _either(examples: list[str]) -> st.SearchStrategy[str]:
    """Mostly what may agree, now and then anything at all."""
    return st.one_of(st.sampled_from(examples), st.sampled_from(examples), st.text(max_size=20))


records = st.builds(
    Demographics,
    nhs_number=_either(_NUMBERS),
    given=_either(_NAMES),
    family=_either(_NAMES),
    birth_date=_either(_DATES),
    gender=_either(["male", "female", "other", "unknown", ""]),
    postcode=_either(_CODES),
    phone=_either(_PHONES),
    previous_families=st.lists(_either(_NAMES), max_size=2).map(tuple),
    previous_postcodes=st.lists(_either(_CODES), max_size=2).map(tuple),
)


@given(records)
def test_any_text_can_be_normalised_and_blocked(record: Demographics) -> None:
    found = normalise(record)
    assert found == normalise(record)
    assert blocking.keys(found) == blocking.keys(normalise(record))


@given(records, records)
@settings(max_examples=500)
def test_whomever_an_exact_trace_by_names_finds_shares_its_one_key(asked: Demographics, other: Demographics) -> None:
    shared = {name: getattr(asked, name) for name in ("given", "family", "birth_date")}
    for known in (dataclasses.replace(asked, phone=other.phone), dataclasses.replace(other, **shared), other):
        if decide.names_trace(compare(normalise(asked), normalise(known))):
            assert blocking.exact_key(normalise(asked)) in blocking.keys(normalise(known))


@given(records, records)
def test_comparison_is_symmetrical_but_for_the_telephone(left: Demographics, right: Demographics) -> None:
    one, other = compare(normalise(left), normalise(right)), compare(normalise(right), normalise(left))
    assert either_way(one) == either_way(other)
    assert dataclasses.replace(one, phone=other.phone) == other


@given(records)
def test_normalising_does_not_depend_on_case_or_spaces(record: Demographics) -> None:
    shouted = dataclasses.replace(record, nhs_number=f" {record.nhs_number} ", birth_date=f" {record.birth_date} ")
    assert normalise(shouted) == normalise(record)


@given(records, st.lists(records, max_size=6), st.integers())
@settings(max_examples=200)
def test_order_of_the_register_does_not_matter(asked: Demographics, register: list[Demographics], seed: int) -> None:
    stored = [(f"p{position}", normalise(record)) for position, record in enumerate(register)]
    shuffled = random.Random(seed).sample(stored, len(stored))
    assert decide.trace(normalise(asked), stored) == decide.trace(normalise(asked), shuffled)


@given(records, st.lists(records, max_size=6))
@settings(max_examples=200)
def test_a_decision_holds_together(asked: Demographics, register: list[Demographics]) -> None:
    decision = decide.trace(normalise(asked), [(f"p{n}", normalise(record)) for n, record in enumerate(register)])
    scores = [candidate.score for candidate in decision.candidates]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert len(scores) <= decide.MOST_CANDIDATES
    assert (decision.outcome is Outcome.MATCH) == bool(decision.person_id)
    if decision.outcome is Outcome.MATCH:
        assert decision.candidates[0].person_id == decision.person_id
        assert not decide.forbidden(decision.candidates[0].comparison)
    if decision.outcome is Outcome.REVIEW:
        assert decision.candidates


@given(records)
def test_two_equal_people_are_never_told_apart_without_a_human(record: Demographics) -> None:
    decision = decide.trace(normalise(record), [("a", normalise(record)), ("b", normalise(record))])
    assert decision.outcome is not Outcome.MATCH


@given(records, st.lists(records, max_size=5), st.integers(1, 8))
@settings(max_examples=200)
def test_people_with_nothing_in_common_change_nothing(
    asked: Demographics, register: list[Demographics], others: int
) -> None:
    stored = [(f"p{n}", normalise(record)) for n, record in enumerate(register)]
    nobody = normalise(Demographics(given="Quentin", family="Zimmermann", birth_date="1931-12-30", postcode="ZE1 0AA"))
    assume(not decide.agreeing(compare(normalise(asked), nobody)))
    crowd = [*stored, *((f"q{n}", nobody) for n in range(others))]
    alone, among = decide.trace(normalise(asked), stored), decide.trace(normalise(asked), crowd)
    assert (among.outcome, among.person_id, among.candidates) == (alone.outcome, alone.person_id, alone.candidates)
