"""Answers of the PDS, read element by element: whatever comes is a patient or a refusal that names an element."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.pds import outcomes, reading
from tests import demographics_service as pds

NUMBER = "9990000018"
WHOLE = pds.patient(
    NUMBER,
    telecom=[{"system": "phone", "value": "01632960000", "use": "home"}],
    generalPractitioner=[{"identifier": {"value": "Y12345"}}],
    deceasedDateTime="2024-01-02T03:04:05+00:00",
)

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, held in members for found in places(held, (*path, name)))]


def replaced(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with one value replaced."""
    if not path:
        return value
    copy = json.loads(json.dumps(whole))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return copy


SEARCHED = pds.bundle((WHOLE, 0.9), (pds.patient("9990000026", security="R"), 1.0))


@given(st.sampled_from(places(SEARCHED)), _JSON)
def test_one_wrong_value_is_refused_by_name_or_does_not_matter(path: tuple[Any, ...], value: Any) -> None:
    try:
        found = reading.searched(replaced(SEARCHED, path, value))
    except outcomes.Unreadable as refusal:
        assert refusal.element.split(".")[0].split("[")[0] in {"Bundle", "OperationOutcome", "answer"}
    else:
        assert isinstance(found, outcomes.Several | outcomes.Found | outcomes.NotFound)


@given(_JSON)
def test_anything_else_is_refused(value: Any) -> None:
    for read in (reading.patient, reading.searched, reading.codes):
        with pytest.raises(outcomes.Unreadable):
            read(value)


def test_the_likeliest_comes_first() -> None:
    found = reading.searched(SEARCHED)
    assert isinstance(found, outcomes.Several)
    assert [one.score for one in found.candidates] == [1.0, 0.9]
    assert found.candidates[0].patient.addresses is None


@pytest.mark.parametrize("security", ["R", "V", "REDACTED"])
def test_what_a_restricted_record_should_not_hold_is_not_kept(security: str) -> None:
    careless = WHOLE | {"meta": pds.patient(NUMBER, security=security)["meta"]}
    found = reading.patient(careless)
    assert (found.addresses, found.contacts, found.practices) == (None, None, None)
    assert "Canary Row" not in repr(found)


def test_names_are_told_apart_by_use_and_time() -> None:
    names = [
        {"use": "old", "family": "First", "period": {"start": "1990-01-01", "end": "2001-01-01"}},
        {"use": "usual", "family": "Former", "period": {"start": "2001-01-01"}},
        {"use": "usual", "family": "Present", "period": {"start": "2010-01-01"}},
        {"use": "official", "family": "Papers"},
    ]
    found = reading.patient(pds.patient(NUMBER, name=names))
    assert found.name is not None
    assert found.name.family == "Present"
    assert found.families == ("Present", "First", "Former", "Papers")


def test_an_old_address_is_not_where_they_live() -> None:
    addresses = [
        {"use": "old", "line": ["1 Past"], "postalCode": "EX1 1AA"},
        {"use": "home", "line": ["2 Present", ""], "postalCode": "EX2 2BB", "period": {"start": "2020-05-01"}},
        {"use": "temp", "line": ["3 Over"], "period": {"start": "2020-01-01", "end": "2020-12-31T00:00:00+00:00"}},
    ]
    found = reading.patient(pds.patient(NUMBER, address=addresses))
    assert [one.lines for one in found.addresses_on("2026-01-01") or ()] == [("2 Present",)]
    assert [one.lines for one in found.addresses_on("2020-12-31") or ()] == [("2 Present",), ("3 Over",)]


@pytest.mark.parametrize(
    ("answer", "element"),
    [
        (pds.bundle((WHOLE, 1.5)), "Bundle.entry[0].search.score"),
        (pds.bundle((WHOLE, 1)) | {"total": 2}, "Bundle.total"),
        (pds.bundle() | {"type": "collection"}, "Bundle.type"),
        (replaced(pds.bundle((WHOLE, 1)), ("entry", 0, "resource", "identifier", 0, "value"), "9990000026"),
         "Bundle.entry[0].resource.identifier[0].value"),
        (replaced(pds.bundle((WHOLE, 1)), ("entry", 0, "resource", "name", 0, "given", 0), 7),
         "Bundle.entry[0].resource.name[0].given[0]"),
        (replaced(pds.bundle((WHOLE, 1)), ("entry", 0, "resource", "name"), [{}] * 201),
         "Bundle.entry[0].resource.name"),
    ],
)  # fmt: skip
def test_the_element_at_fault_is_named(answer: Any, element: str) -> None:
    with pytest.raises(outcomes.Unreadable) as raised:
        reading.searched(answer)
    assert raised.value.element == element
