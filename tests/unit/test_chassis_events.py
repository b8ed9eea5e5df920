"""CloudEvents on Kafka: what is encoded decodes to the same, and whatever else comes is refused with a reason."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import events
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2

MOMENT = datetime(2026, 3, 9, 8, 30, 15, 250_000, tzinfo=UTC)
DECISION = events_pb2.SharingDecisionRecorded(person_id="ada", sector=common_pb2.SECTOR_NHS, refused=True, version=3)
NAME = "joinedup.governance.v1.SharingDecisionRecorded"

ENVELOPE = events.Envelope(
    id="9f3f6f2e-5a3e-4b7e-8f57-3b8a4a2b8f10",
    type=NAME,
    source="/joinedup/governance",
    time=MOMENT,
    subject="ada",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    partition_key="ada",
    aggregate="sharing/ada",
    version=3,
)


def headers(**changes: bytes | None) -> list[tuple[str, bytes]]:
    """The headers of the example, some of them replaced or, by None, left out."""
    found = dict(events.encode(ENVELOPE, b"")[0])
    named = {name.replace("__", "-"): value for name, value in changes.items()}
    return [(name, value) for name, value in (found | named).items() if value is not None]


def test_headers_are_those_of_the_kafka_protocol_binding() -> None:
    encoded, body = events.encode(ENVELOPE, DECISION.SerializeToString())
    assert encoded == [
        ("content-type", b"application/protobuf"),
        ("ce_specversion", b"1.0"),
        ("ce_id", b"9f3f6f2e-5a3e-4b7e-8f57-3b8a4a2b8f10"),
        ("ce_source", b"/joinedup/governance"),
        ("ce_type", NAME.encode()),
        ("ce_time", b"2026-03-09T08:30:15.250000Z"),
        ("ce_subject", b"ada"),
        ("ce_partitionkey", b"ada"),
        ("ce_aggregate", b"sharing/ada"),
        ("ce_version", b"3"),
        ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]
    assert events.parse(NAME, body) == DECISION


text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
named = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


@given(named, named, named, text, text, text, st.integers(0, 2**63 - 1), st.datetimes(timezones=st.just(UTC)))
def test_what_is_encoded_decodes_to_the_same(  # noqa: PLR0917
    identity: str, kind: str, source: str, subject: str, key: str, aggregate: str, version: int, moment: datetime
) -> None:
    envelope = events.Envelope(identity, kind, source, moment, subject, "", key, aggregate, version % 10**18)
    assert events.decode(*events.encode(envelope, b"")) == envelope


def test_unknown_headers_pass_and_a_trace_is_read_from_either_name() -> None:
    more = [("ce_future", b"1"), ("ce_traceparent", b"00-1-2-01")]
    assert events.decode([*headers(traceparent=None), *more], b"").traceparent == "00-1-2-01"


def test_times_of_other_zones_are_the_same_instant() -> None:
    assert events.decode(headers(ce_time=b"2026-03-09T09:30:15.25+01:00"), b"").time == MOMENT
    assert events.stamp(MOMENT.astimezone(timezone(timedelta(hours=1)))) == "2026-03-09T09:30:15.250000+01:00"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ce_id": None}, "no ce_id"),
        ({"ce_type": b"", "ce_time": None}, "no ce_type, ce_time"),
        ({"ce_specversion": b"0.3"}, "ce_specversion is not 1.0"),
        ({"content__type": b"application/json"}, "content-type is not application/protobuf"),
        ({"ce_time": b"yesterday"}, "ce_time is not an RFC 3339 time"),
        ({"ce_time": b"2026-03-09T08:30:15"}, "ce_time has no time zone"),
        ({"ce_version": b"-1"}, "ce_version is not a whole number"),
        ({"ce_version": b"9" * 40}, "ce_version is not a whole number"),
        ({"ce_id": b"x" * 300}, "ce_id is longer"),
        ({"ce_id": b"two\nlines"}, "not printable"),
        ({"ce_subject": b"\xff"}, "not UTF-8"),
        ({"ce_subject": b"x" * 5000}, "longer than 4096 characters"),
    ],
)
def test_what_is_no_event_of_ours_is_refused_with_the_reason(changes: dict[str, bytes | None], reason: str) -> None:
    with pytest.raises(events.Unreadable, match=reason):
        events.decode(headers(**changes), b"")


def test_bodies_and_headers_are_bounded() -> None:
    with pytest.raises(events.Unreadable, match="more than 64 headers"):
        events.decode([*headers(), *[(f"x{number}", b"") for number in range(64)]], b"")
    with pytest.raises(events.Unreadable, match="body of 900001 bytes"):
        events.decode(headers(), b"x" * 900_001)
    with pytest.raises(events.Unreadable, match="no body"):
        events.decode(headers(), None)


@given(st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=50)), max_size=10), st.binary(max_size=100))
def test_garbage_is_refused_and_never_crashes(found: list[tuple[str, bytes]], body: bytes) -> None:
    with pytest.raises(events.Unreadable):
        events.decode(found, body)


@given(st.binary(max_size=60))
def test_a_body_either_parses_or_is_refused(body: bytes) -> None:
    try:
        events.parse(NAME, body)
    except events.Unreadable as refusal:
        assert str(refusal) == f"body is not a {NAME}"


def test_a_type_nobody_knows_is_refused() -> None:
    with pytest.raises(events.Unreadable, match="ce_type is not a message of ours"):
        events.parse("joinedup.later.v9.NotYetInvented", b"")


def test_topics_come_from_the_label_or_the_package() -> None:
    assert events.topic(events_pb2.SharingDecisionRecorded.DESCRIPTOR) == "governance.events.v1"
    assert events.topic(events_pb2.DisclosureRecorded.DESCRIPTOR) == "disclosures.v1"
    assert events.topic(common_pb2.RelationshipEnded.DESCRIPTOR, "caseworker") == "caseworker.events.v1"
    with pytest.raises(ValueError, match="not labelled as an event"):
        events.topic(common_pb2.PageRequest.DESCRIPTOR)
