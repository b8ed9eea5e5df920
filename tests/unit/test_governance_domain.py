"""The ledger's chain finds every tampering; unsound agreements and directory entries are refused by field."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.governance import domain

SOUND = domain.Agreement(
    id="complex-needs",
    version=1,
    title="Complex needs",
    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    valid_to=None,
    rules=(domain.Rule("r1", (1,), (3,), ("direct_care",), (2,), "UK GDPR 6(1)(e)"),),
)


def chain(bodies: Iterable[bytes]) -> list[domain.Link]:
    links: list[domain.Link] = []
    last = domain.GENESIS
    for sequence, body in enumerate(bodies, start=1):
        link = domain.Link(sequence, last, domain.chained(last, body), body)
        links.append(link)
        last = link.hash
    return links


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_an_untouched_chain_holds(bodies: list[bytes]) -> None:
    assert domain.first_broken(chain(bodies)) is None


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=12), st.data())
def test_a_changed_entry_is_found_where_it_stands(bodies: list[bytes], data: st.DataObject) -> None:
    links = chain(bodies)
    at = data.draw(st.integers(0, len(links) - 1))
    links[at] = replace(links[at], body=links[at].body + b"!")
    assert domain.first_broken(links) == at + 1


@given(st.lists(st.binary(max_size=40), min_size=2, max_size=12), st.data())
def test_an_entry_left_out_is_found(bodies: list[bytes], data: st.DataObject) -> None:
    links = chain(bodies)
    at = data.draw(st.integers(0, len(links) - 2))
    del links[at]
    assert domain.first_broken(links) == at + 1


@given(st.lists(st.binary(max_size=40), min_size=2, max_size=12), st.data())
def test_an_entry_recomputed_alone_is_found_at_the_next(bodies: list[bytes], data: st.DataObject) -> None:
    links = chain(bodies)
    at = data.draw(st.integers(0, len(links) - 2))
    body = links[at].body + b"!"
    links[at] = replace(links[at], body=body, hash=domain.chained(links[at].previous_hash, body))
    assert domain.first_broken(links) == at + 2


@given(st.lists(st.binary(max_size=40), min_size=2, max_size=12), st.data())
def test_a_chain_may_be_checked_in_pieces(bodies: list[bytes], data: st.DataObject) -> None:
    links = chain(bodies)
    cut = data.draw(st.integers(1, len(links) - 1))
    assert domain.first_broken(links[:cut]) is None
    assert domain.first_broken(links[cut:], previous_hash=links[cut - 1].hash, after=cut) is None


def test_a_sound_agreement_has_no_problem() -> None:
    assert list(domain.agreement_problems(SOUND)) == []


def test_a_rule_for_our_own_services_names_neither_sector_nor_relationship() -> None:
    ours = replace(SOUND.rules[0], sectors=(0,), relationships=(0,))
    assert list(domain.agreement_problems(replace(SOUND, rules=(ours,)))) == []
    too_wide = replace(ours, sectors=(0, 1))
    assert [problem.field for problem in domain.agreement_problems(replace(SOUND, rules=(too_wide,)))] == [
        "agreement.rules[0].sectors",
        "agreement.rules[0].relationships",
    ]


@pytest.mark.parametrize(
    ("agreement", "field"),
    [
        (replace(SOUND, id="X"), "agreement.id"),
        (replace(SOUND, version=0), "agreement.version"),
        (replace(SOUND, title=" "), "agreement.title"),
        (replace(SOUND, valid_from=None), "agreement.valid_from"),
        (replace(SOUND, valid_to=SOUND.valid_from), "agreement.valid_to"),
        (replace(SOUND, rules=()), "agreement.rules"),
        (replace(SOUND, rules=SOUND.rules * 2), "agreement.rules"),
        (replace(SOUND, rules=(replace(SOUND.rules[0], lawful_basis=""),)), "agreement.rules[0].lawful_basis"),
        (replace(SOUND, rules=(replace(SOUND.rules[0], sectors=(0,)),)), "agreement.rules[0].sectors"),
        (replace(SOUND, rules=(replace(SOUND.rules[0], releases=()),)), "agreement.rules[0].releases"),
        (replace(SOUND, rules=(replace(SOUND.rules[0], purposes=("curiosity",)),)), "agreement.rules[0].purposes"),
    ],
)
def test_an_unsound_agreement_is_refused_by_field(agreement: domain.Agreement, field: str) -> None:
    assert field in {problem.field for problem in domain.agreement_problems(agreement)}


@pytest.mark.parametrize(
    ("hours", "field"),
    [
        ({8: "09:00-17:00"}, "teams[0].service_hours"),
        ({1: "9-5"}, "teams[0].service_hours[1]"),
        ({1: "17:00-09:00"}, "teams[0].service_hours[1]"),
    ],
)
def test_service_hours_are_readable_or_refused(hours: dict[int, str], field: str) -> None:
    team = domain.Team("t", "o", "Team", 10, hours)
    assert [problem.field for problem in domain.team_problems("teams[0]", team)] == [field]
