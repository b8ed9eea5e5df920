"""Who stated something, in words: the organisation by its name, nobody's word taken for another's, and never an id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joinedup.governance.v1 import directory_pb2
from services.portal.directory import Names
from services.portal.shown import sources

HOUSING = "0b1f6c1e-housing"
NAMES = Names({}, {HOUSING: directory_pb2.Organisation(id=HOUSING, name="North Devon Housing {1}")})
MESSAGE = "5f0c1d2e-7a6b-4c8d-9e0f-a1b2c3d4e5f6"


@pytest.mark.parametrize(
    ("source", "organisation_id", "words"),
    [
        (f"bars/{MESSAGE}", HOUSING, "A referral from North Devon Housing {1}"),
        (f"bars/{MESSAGE}", "", "A referral"),
        ("load/tenants.csv", HOUSING, "A file from North Devon Housing {1}"),
        ("load/tenants.csv", "", "A file of people"),
        ("practitioner:8a2d", HOUSING, "Somebody at North Devon Housing {1}"),
        ("practitioner:8a2d", "", "A member of staff"),
        ("tenancy/17", HOUSING, "A record of North Devon Housing {1}"),
        ("integrator-zwa", HOUSING, "A record of North Devon Housing {1}"),
        ("place/9bf2/again", "", "Another system's record"),
        ("tenancy/17", "closed-down", "Another system's record"),
        ("pds", "", "The Personal Demographics Service"),
        ("service:identity", "", "Joinedup"),
    ],
)
def test_a_source_has_a_name(source: str, organisation_id: str, words: str) -> None:
    assert sources.words(source, organisation_id, NAMES) == words


@pytest.mark.parametrize("source", ["pds", "service:identity"])
def test_what_an_organisation_says_is_its_own_word_whatever_it_calls_it(source: str) -> None:
    assert sources.words(source, HOUSING, NAMES) == "A record of North Devon Housing {1}"
    assert sources.words(source, "closed-down", NAMES) == sources.ANOTHER


@given(
    st.sampled_from(["bars/", "load/", "practitioner:", "service:", "pds/", ""]), st.sampled_from([HOUSING, "", "x9"])
)
def test_no_id_is_ever_told(kind: str, organisation_id: str) -> None:
    told = sources.words(f"{kind}{MESSAGE}", organisation_id, NAMES)
    assert told
    assert MESSAGE not in told
    assert not any(one and one in told for one in (kind, organisation_id))
