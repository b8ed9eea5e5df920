"""Bulk tracing decides as one trace does, whatever the columns hold."""

import collections
import dataclasses
import itertools
import os
import threading
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.bulk import births, halves, keys, numbers, people, places, trace
from services.identity.matching import blocking, compare, contacts, dates, decide, rarity
from services.identity.matching import normalise as normal
from services.identity.matching.compare import FIELDS, Comparison
from services.identity.matching.dates import BirthDate
from services.identity.matching.decide import Decision, Outcome, Rules
from services.identity.matching.demographics import Demographics
from services.identity.matching.levels import Birth, Number, Postcode
from services.identity.matching.normalise import Normalised, normalise
from services.identity.training import sets

Row = Mapping[str, str]


def columns(rows: Sequence[Row]) -> dict[str, list[str]]:
    return {name: [row[name] for row in rows] for name in people.FIELDS}


def stated(person: Demographics) -> Row:
    first, _, further = person.given.partition(" ")
    return {
        "nhs_number": person.nhs_number,
        "given_name": first,
        "middle_name": further,
        "family_name": person.family,
        "prev_family_name": (*person.previous_families, "")[0],
        "birth_date": person.birth_date,
        "gender": person.gender,
        "postcode": person.postcode,
        "prev_postcode": (*person.previous_postcodes, "")[0],
        "phone": person.phone,
    }


def record(row: Row) -> Normalised:
    return normalise(
        Demographics(
            nhs_number=row["nhs_number"],
            given=f"{row['given_name']} {row['middle_name']}".strip(),
            family=row["family_name"],
            birth_date=row["birth_date"],
            gender=row["gender"],
            postcode=row["postcode"],
            phone=row["phone"],
            previous_families=(row["prev_family_name"],),
            previous_postcodes=(row["prev_postcode"],),
        )
    )


def one_by_one(register: Mapping[str, Normalised], asked: Sequence[Normalised]) -> list[Decision]:
    """What a trace says of each, with the candidates that blocking proposes."""
    rules = Rules(register_size=len(register), names=rarity.counted(register.values()))
    holders: dict[str, set[str]] = collections.defaultdict(set)
    for person_id, known in register.items():
        for key in blocking.keys(known):
            holders[key].add(person_id)
    found = []
    for each in asked:
        shared = (holders[key] for key in blocking.keys(each) if key in holders)
        near = {person_id for some in shared if len(some) <= blocking.MOST_PER_KEY for person_id in some}
        found.append(decide.trace(each, [(person_id, register[person_id]) for person_id in near], rules))
    return found


def assert_alike(register: Sequence[Row], asked: Sequence[Row]) -> list[Decision]:
    ids = [f"{position:07d}" for position in range(len(register))]
    bulk = trace.trace(trace.prepare(columns(register), ids), columns(asked), len(asked))
    singly = one_by_one(dict(zip(ids, map(record, register), strict=True)), [record(row) for row in asked])
    for one, many in zip(singly, bulk.decided, strict=True):
        assert many.outcome is one.outcome
        assert (bulk.ids[many.match] if many.match >= 0 else "") == one.person_id
        assert many.stage is one.stage
        assert many.explanation == one.explanation
        assert [bulk.ids[each.near] for each in many.candidates] == [each.person_id for each in one.candidates]
        assert [each.score for each in many.candidates] == pytest.approx([each.score for each in one.candidates])
        assert [_levels(each.levels) for each in many.candidates] == [
            _levels(each.comparison) for each in one.candidates
        ]
        assert [each.levels.reasons for each in many.candidates] == [each.reasons for each in one.candidates]
    return singly


def _levels(found: Comparison) -> list[str]:
    return [getattr(found, field) for field in FIELDS]


@pytest.mark.parametrize(
    "profile", [sets.HEAVY, dataclasses.replace(sets.varied(11), member=0.5)], ids=lambda profile: profile.name
)
def test_bulk_decides_as_one_trace_does(profile: sets.Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    # In two processes too, as it is with many; where a thread of another test is left, in one.
    monkeypatch.setattr(halves, "WORTH_IT", 100)
    made = sets.trace_set(profile, seed=3, size=4_000, queries=1_500)
    found = assert_alike([stated(each) for each in made.register], [stated(query.asked) for query in made.queries])
    # All outcomes and both ways to a match occur, or nothing was shown.
    assert {each.outcome for each in found} == set(Outcome)
    assert {each.stage for each in found if each.outcome is Outcome.MATCH} == set(decide.Stage)


def test_where_every_trace_is_exact_nobody_is_weighed() -> None:
    made = sets.trace_set(sets.varied(11), seed=5, size=50, queries=1)
    known = [row for row in map(stated, made.register) if row["given_name"] and row["birth_date"] and row["postcode"]]
    assert known
    assert all(each.stage is not decide.Stage.WEIGHED for each in assert_alike(known[:10], known[:10]))


_TEXTS = {
    "nhs_number": ["", "9990000018", "999 000 0018", "9990000081", "9990000026", "1111111111", "12345", "none"],
    "given_name": ["", "Tom", "Thomas", "T", "Baby", "Ellen", "Nell", "Jean Claude", "Nankivell", "Zoë", "王", "N/A"],
    "middle_name": ["", "James", "J", "Mary Ann"],
    "family_name": ["", "Nankivell", "Nankivel", "Smith-Jones", "Jones", "Jones Smith", "Ó Briain", "O'Brien", "Tom"],
    "prev_family_name": ["", "Smith", "Jones"],
    "birth_date": ["", "1984-03-09", "1984-09-03", "1984-03", "1984", "1994-03-09", "2000-01-01", "09/03/1984", "x"],
    "gender": ["", "male", "F", "other", "x"],
    "postcode": ["", "EX10 5QD", "ex105qd", "EX10", "EX10 5QF", "ZZ99 3VZ", "TR1 2AB", "?"],
    "prev_postcode": ["", "EX10 5QD", "TR1 2AB"],
    "phone": ["", "01632 960001", "+441632960001", "(01632) 960 001", "07700 900123", "00000000000", "abc"],
}
_ROWS = st.fixed_dictionaries({name: st.sampled_from(texts) for name, texts in _TEXTS.items()})


@settings(max_examples=150, deadline=None)
@given(register=st.lists(_ROWS, max_size=12), asked=st.lists(_ROWS, max_size=6))
def test_bulk_decides_as_one_trace_does_whatever_is_written(register: list[Row], asked: list[Row]) -> None:
    if register:
        assert_alike(register, asked)


@given(_ROWS, _ROWS)
def test_bulk_keys_meet_exactly_where_keys_do(one: Row, other: Row) -> None:
    known = people.read(columns([one]), 1, columns([other]), 1)
    (_, held), (_, asked) = keys.of(known), keys.of(known, 1)
    met = collections.Counter(held.tolist())
    meeting = sum(met[key] == 2 for key in set(asked.tolist()))
    assert meeting == len(blocking.keys(record(one)) & blocking.keys(record(other)))


@given(st.from_regex(r"(?:0|\\+44|0044)? ?[0-9]{3,6} ?[0-9]{2,7}", fullmatch=True))
def test_the_short_way_to_read_a_phone_number_reads_what_the_long_one_does(text: str) -> None:
    # A letter that says nothing keeps the short way from being taken.
    assert contacts.phone(text) == contacts.phone(text.replace(" ", "") + " ") == contacts.phone(f"\u200b{text}")


@given(st.from_regex(r"[0-9]{9}", fullmatch=True))
def test_all_check_digits_of_a_number_are_judged_as_one_by_one(nine: str) -> None:
    texts = [f"{nine}{digit}" for digit in range(10)]
    read = numbers.read(texts)
    assert [numbers.written(number) for number in read.tolist()] == [normal.number(text) for text in texts]
    assert numbers.valid(read).tolist() == [normal.number_valid(normal.number(text)) for text in texts]


def test_two_halves_are_found_in_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "WORTH_IT", 0)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    found = halves.both(lambda some: (os.getpid(), list(range(10))[some]), 4, 10)
    assert [rows for _, rows in found] == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9]]
    assert found[0][0] == os.getpid() != found[1][0]


def test_a_half_whose_process_fails_is_found_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "WORTH_IT", 0)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    here = os.getpid()

    def of(some: slice) -> list[int]:
        if os.getpid() != here:
            raise MemoryError
        return list(range(10))[some]

    assert halves.both(of, 4, 10) == ([0, 1, 2, 3], [4, 5, 6, 7, 8, 9])


_NUMBERS = st.from_regex(r"9[0-9]{9}", fullmatch=True).filter(lambda text: len(set(text)) > 1)


@given(_NUMBERS, st.integers(0, 9), st.sampled_from("0123456789"))
def test_slips_in_numbers_are_judged_as_one_by_one(number: str, at: int, digit: str) -> None:
    changed = number[:at] + digit + number[at + 1 :]
    crossed = number[:at] + number[at : at + 2][::-1] + number[at + 2 :]
    texts = [text for text in (number, changed, crossed, "") if not text or len(set(text)) > 1]
    pairs = list(itertools.product(texts, repeat=2))
    found = numbers.agreement(*(numbers.read(side) for side in zip(*pairs, strict=True)))
    held = [normalise(Demographics(nhs_number=text)) for text in texts]
    expected = [compare.numbers(one, other) for one, other in itertools.product(held, repeat=2)]
    assert [list(Number)[level] for level in found.tolist()] == expected


_DATES = st.builds(
    lambda year, month, day: dates.read(f"{year}-{month:02d}-{day:02d}"[: 10 if day else 7 if month else 4]),
    st.sampled_from([1974, 1983, 1984, 1985, 1986, 1994, 1948, 1894, 2004]),
    st.integers(0, 12),
    st.integers(0, 28),
)


@given(st.lists(st.one_of(st.none(), _DATES), min_size=1, max_size=20))
def test_dates_of_birth_are_compared_as_one_by_one(values: list[BirthDate | None]) -> None:
    one, other = (side.ravel() for side in np.indices((len(values), len(values))))
    found = births.BirthDates(values).agreement(one, other)
    assert [list(Birth)[level] for level in found.tolist()] == [
        compare.birth_dates(first, second) for first, second in itertools.product(values, repeat=2)
    ]


_CODES = st.sampled_from([("EX10", "5QD"), ("EX10", "5QF"), ("EX10", ""), ("EX1", "0QD"), ("TR1", "2AB")])


@given(st.lists(st.lists(_CODES, max_size=3, unique=True).map(tuple), min_size=1, max_size=10))
def test_postcodes_are_compared_as_one_by_one(values: list[places.Postcodes]) -> None:
    one, other = (side.ravel() for side in np.indices((len(values), len(values))))
    found = places.Places(values).agreement(one, other)
    assert [list(Postcode)[level] for level in found.tolist()] == [
        compare.postcodes(first, second) for first, second in itertools.product(values, repeat=2)
    ]
