"""Nothing that comes in by the door can harm: entities, depth, size, odd bytes, and whatever hypothesis thinks of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.gateway import bars, fhir
from services.gateway.fhir import IssueCode
from tests.unit import bars_examples as examples

JSON = examples.as_json(examples.bundle())
XML = examples.as_xml(examples.bundle())

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Bundle xmlns="http://hl7.org/fhir"><id value="&b;"/></Bundle>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<Bundle xmlns="http://hl7.org/fhir"><id value="1">&a;</id></Bundle>"""
DEEP_XML = b'<Bundle xmlns="http://hl7.org/fhir">' + b'<extension url="x">' * 200 + b"</extension>" * 200 + b"</Bundle>"
DEEP_PARTS = b'<meta><extension url="x">' + b'<extension url="x">' * 200 + b"</extension>" * 201 + b"</meta>"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", IssueCode.INVALID),
        (b"\x00", IssueCode.INVALID),
        (b"hello", IssueCode.INVALID),
        (b"[]", IssueCode.INVALID),
        (b"{", IssueCode.INVALID),
        (b"<", IssueCode.INVALID),
        (b"{}", IssueCode.REQUIRED),
        (b"\xff\xfe<\x00B\x00", IssueCode.INVALID),
        (LAUGHS, IssueCode.INVALID),
        (OUTSIDE, IssueCode.INVALID),
        (LAUGHS.decode().encode("utf-16"), IssueCode.INVALID),
        (b'<Bundle xmlns="http://hl7.org/fhir">&nothing;</Bundle>', IssueCode.INVALID),
        (b"<Bundle/>", IssueCode.INVALID),
        (b'<b:Bundle xmlns:b="urn:elsewhere"/>', IssueCode.INVALID),
        (b'<Bundle xmlns="http://hl7.org/fhir">words</Bundle>', IssueCode.INVALID),
        (b'<Bundle xmlns="http://hl7.org/fhir" onload="x"/>', IssueCode.INVALID),
        (b'<Bundle xmlns="http://hl7.org/fhir"><id value="1"/><id value="2"/></Bundle>', IssueCode.INVALID),
        (DEEP_XML, IssueCode.INVALID),
        (b'<Bundle xmlns="http://hl7.org/fhir">' + DEEP_PARTS + b"</Bundle>", IssueCode.TOO_COSTLY),
        (b'{"resourceType":"Bundle","a":' + b"[" * 100 + b"]" * 100 + b"}", IssueCode.TOO_COSTLY),
        (b'{"resourceType":"Bundle","a":' + b"[" * 200_000, IssueCode.TOO_COSTLY),
        (b'{"resourceType":"Bundle","a":NaN}', IssueCode.INVALID),
        (b'{"resourceType":"Bundle","a":' + b"9" * 10_000 + b"}", IssueCode.INVALID),
        (b'{"resourceType":"Bundle","id":"1","id":"2"}', IssueCode.INVALID),
        (b'{"resourceType":"Bundle","id":"\\ud800"}', IssueCode.VALUE),
        (b'{"resourceType":"../Bundle"}', IssueCode.REQUIRED),
        (b" " * (2 * 1024 * 1024 + 1), IssueCode.TOO_COSTLY),
    ],
)
def test_what_is_no_message_is_refused(data: bytes, code: IssueCode) -> None:
    result = examples.refused(data)
    assert [issue.code for issue in result.issues] == [code]
    assert json.loads(json.dumps(result.outcome()))


def test_an_entity_is_never_opened() -> None:
    result = examples.refused(OUTSIDE)
    assert "root:" not in json.dumps(result.outcome())


def test_limits_are_the_callers() -> None:
    result = bars.read(JSON, fhir.Limits(octets=100))
    assert isinstance(result, bars.Refusal)
    assert result.issues[0].diagnostics == "the message is larger than 100 bytes"


def places(value: Any, trail: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield trail
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        yield from places(member, (*trail, key))


PLACES = [trail for trail in places(examples.bundle()) if trail]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
NAMES = st.sampled_from(["resourceType", "resource", "reference", "url", "value", "id", "entry", "coding", "", "_id"])
VALUES = st.recursive(
    SCALARS | st.sampled_from(["Bundle", "Patient", "{}", "0001-01-01", "9999-12-31T23:59:59-14:00", "urn:uuid:", "|"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(["drop", "put", "wrap", "double", "add"]), VALUES, NAMES),
    min_size=1,
    max_size=4,
)
PIECES = [b"<", b"/>", b'"', b"{", b"]", b"&amp;", b"&#0;", b"\xc3"]
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def changed(tree: Any, changes: list[tuple[tuple[Any, ...], str, Any, str]]) -> Any:
    for trail, change, value, name in changes:
        holder, key = tree, trail[-1]
        try:
            for step in trail[:-1]:
                holder = holder[step]
            if change == "drop":
                del holder[key]
            elif change == "wrap":
                holder[key] = [holder[key]]
            elif change == "double":
                holder[key] = [holder[key], holder[key]]
            elif change == "add":
                holder[key][name] = value
            else:
                holder[key] = value
        except (LookupError, TypeError):
            continue  # an earlier change took that place away
    return tree


def harmless(data: bytes) -> None:
    result = bars.read(data)
    if isinstance(result, bars.ReferralMessage):
        assert result.message_id
        assert result.sender.ods_code
        repr(result).encode("utf-8")
        return
    assert result.issues
    assert all(issue.expression and issue.diagnostics for issue in result.issues)
    assert 400 <= result.status < 500
    json.dumps(result.outcome()).encode("utf-8")


@relaxed
@given(CHANGES)
def test_any_change_of_the_tree_is_harmless(changes: list[tuple[tuple[Any, ...], str, Any, str]]) -> None:
    harmless(examples.as_json(changed(examples.bundle(), changes)))


@relaxed
@given(st.sampled_from([JSON, XML]), st.data())
def test_any_change_of_the_bytes_is_harmless(data: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    length = draw.draw(st.integers(0, 200))
    other = draw.draw(st.binary(max_size=20) | st.sampled_from(PIECES))
    harmless(data[:start] + other + data[start + length :])


@relaxed
@given(st.sampled_from([JSON, XML]), st.data())
def test_a_piece_moved_elsewhere_is_harmless(data: bytes, draw: st.DataObject) -> None:
    cut = sorted(draw.draw(st.integers(0, len(data))) for _ in range(2))
    to = draw.draw(st.integers(0, len(data)))
    harmless(data[:to] + data[cut[0] : cut[1]] + data[to:])
