"""Bulk tracing decides as one trace does, whatever the columns hold."""

import collections
import dataclasses
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.bulk import keys, nearby, people, trace
from services.identity.matching import blocking, contacts, decide, rarity
from services.identity.matching.decide import Decision, Outcome, Rules
from services.identity.matching.demographics import Demographics
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
        near = {person_id for some in shared if len(some) <= nearby.MOST_PER_KEY for person_id in some}
        found.append(decide.trace(each, [(person_id, register[person_id]) for person_id in near], rules))
    return found


def assert_alike(register: Sequence[Row], asked: Sequence[Row]) -> list[Decision]:
    ids = [f"{position:07d}" for position in range(len(register))]
    bulk = trace.trace(columns(register), ids, columns(asked), len(asked))
    singly = one_by_one(dict(zip(ids, map(record, register), strict=True)), [record(row) for row in asked])
    for one, many in zip(singly, bulk.decided, strict=True):
        assert many.outcome is one.outcome
        assert (bulk.ids[many.match] if many.match >= 0 else "") == one.person_id
        assert many.stage is one.stage
        assert many.explanation == one.explanation
        assert [bulk.ids[each.near] for each in many.candidates] == [each.person_id for each in one.candidates]
        assert [each.score for each in many.candidates] == pytest.approx([each.score for each in one.candidates])
        assert [each.levels.reasons for each in many.candidates] == [each.reasons for each in one.candidates]
    return singly


@pytest.mark.parametrize(
    "profile", [sets.HEAVY, dataclasses.replace(sets.varied(11), member=0.5)], ids=lambda profile: profile.name
)
def test_bulk_decides_as_one_trace_does(profile: sets.Profile) -> None:
    made = sets.trace_set(profile, seed=3, size=4_000, queries=1_500)
    found = assert_alike([stated(each) for each in made.register], [stated(query.asked) for query in made.queries])
    # All outcomes and both ways to a match occur, or nothing was shown.
    assert {each.outcome for each in found} == set(Outcome)
    assert {each.stage for each in found if each.outcome is Outcome.MATCH} == set(decide.Stage)
