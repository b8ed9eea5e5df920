"""Laws of the matcher for any input: no crash, the same answer again and either way round, in whatever order."""

import dataclasses
import random
from datetime import UTC, datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.identity import domain, merges
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


_FIELDS = ("given", "family", "birth_date", "postcode", "telephone")
_stated = st.builds(
    domain.Demographics,
    given=st.lists(_either(_NAMES), max_size=2).map(tuple),
    family=_either(_NAMES),
    birth_date=_either(_DATES),
    postcode=_either(_CODES),
    telephone=_either(_PHONES),
)
_others = st.lists(_either(_NAMES), max_size=2).map(tuple)


def _record(known: domain.Demographics, families: tuple[str, ...], surviving_id: str = "") -> domain.Person:
    verification, at = domain.Verification.TRACE_REQUIRED, datetime(2026, 1, 1, tzinfo=UTC)
    one = domain.Person("b" if surviving_id else "a", 1, verification, known, "s", at, other_families=families)
    return dataclasses.replace(one, surviving_id=surviving_id)


@st.composite
def _asked_and_merged(draw: st.DrawFn) -> tuple[domain.Demographics, tuple[domain.Person, ...]]:
    """Somebody who is asked about, and two records of one person that share what is asked among them, or nearly."""
    asked = draw(_stated)
    records = []
    for surviving_id in ("", "a"):
        mine = draw(st.sets(st.sampled_from(_FIELDS)))
        own = draw(_stated) if draw(st.booleans()) else domain.Demographics()
        known = dataclasses.replace(own, **{name: getattr(asked, name) for name in mine})
        records.append(_record(known, draw(_others), surviving_id))
    return asked, tuple(records)


@given(_asked_and_merged())
@settings(max_examples=500)
def test_whomever_an_exact_trace_finds_by_several_records_shares_its_one_key(
    found: tuple[domain.Demographics, tuple[domain.Person, ...]],
) -> None:
    asked, group = domain.comparable(found[0]), found[1]
    alone = frozenset().union(*(blocking.keys(domain.comparable_person(record)) for record in group))
    together = merges.united_keys(group)
    assert alone.isdisjoint(together)
    for face in merges.faces(group):
        if decide.names_trace(compare(asked, domain.comparable_person(face))):
            assert blocking.exact_key(asked) in alone | together


@given(_stated, _stated, _others, _others)
@settings(max_examples=200)
def test_a_change_that_is_said_to_leave_the_united_keys_leaves_them(
    before: domain.Demographics, after: domain.Demographics, families: tuple[str, ...], others: tuple[str, ...]
) -> None:
    # Mostly a change changes little.
    kept = dataclasses.replace(before, postcode=after.postcode, telephone=after.telephone, gender=after.gender)
    other = _record(domain.Demographics(given=("Ann",), birth_date="1984-03-09"), (), "a")
    one = _record(before, families)
    for same in (_record(kept, families), _record(before, others), _record(after, others)):
        if merges.unites_as(one, same):
            assert merges.united_keys((one, other)) == merges.united_keys((same, other))


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
