"""What the command reads of others: who sends a message, what the gateway answered, what stands on the log."""

from __future__ import annotations

import base64
import datetime
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from chassis import events
from cli import log, referring, sender
from devstack import paths
from devstack.place import bars
from devstack.place.place import Place
from joinedup.gateway.v1 import events_pb2, gateway_pb2

PLACE = Place(people=1, until=datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC))
BUNDLE = bars.bundle(PLACE.seeding, bars.protagonist_referral(PLACE))


@pytest.mark.parametrize("message", [bars.as_xml(BUNDLE), bars.as_json(BUNDLE)], ids=["xml", "json"])
def test_the_sender_is_read_from_both_forms(message: bytes) -> None:
    assert sender.ods_code(message) == "ZWA"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{",
        b"<",
        b"[]",
        b"\xff\xfe",
        b'{"entry": []}',
        b'{"entry": [{"resource": {"resourceType": "MessageHeader"}}]}',
        b'<Bundle xmlns="http://hl7.org/fhir"/>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Bundle xmlns="http://hl7.org/fhir">&e;</Bundle>',
    ],
)
def test_a_message_that_does_not_say_who_sends_it_is_from_nobody(message: bytes) -> None:
    assert sender.ods_code(message) == ""


def test_a_refusal_tells_each_issue_with_its_element() -> None:
    refusal = referring.Refused(
        400,
        {
            "issue": [
                {"severity": "error", "code": "required", "expression": ["Bundle.entry"], "diagnostics": "is missing"},
                {"severity": "error", "code": "value", "details": {"text": "is wrong"}},
            ]
        },
    )
    assert [issue.expression for issue in refusal.issues] == ["Bundle.entry", ""]
    assert str(refusal) == "refused (HTTP 400): is missing; is wrong"


def _record(
    value: bytes | None, headers: Mapping[str, str], key: bytes | None = b"p-1"
) -> ConsumerRecord[bytes, bytes]:
    sent = [(name, text.encode()) for name, text in headers.items()]
    return ConsumerRecord("encounters.events.v1", 2, 17, 1_772_442_000_000, 0, key, value, None, 0, 0, sent)


def _headers(event: Any) -> dict[str, str]:
    envelope = events.Envelope(
        id="e-1",
        type=event.DESCRIPTOR.full_name,
        source="/joinedup/gateway",
        time=datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC),
        subject="p-1",
    )
    return {name: value.decode() for name, value in events.encode(envelope, b"")[0]}


def test_a_record_is_told_with_its_place_headers_and_its_body_by_its_type() -> None:
    event = events_pb2.EncounterRecorded(
        encounter_id="n-1", person_id="p-1", encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY
    )
    told = log.described(_record(event.SerializeToString(), _headers(event)))
    assert (told["topic"], told["partition"], told["offset"], told["key"]) == ("encounters.events.v1", 2, 17, "p-1")
    assert told["headers"]["ce_type"] == "joinedup.gateway.v1.EncounterRecorded"
    assert told["body"] == {
        "encounter_id": "n-1",
        "person_id": "p-1",
        "encounter_class": "ENCOUNTER_CLASS_EMERGENCY",
    }


def test_a_record_that_cannot_be_read_says_why_and_is_told_as_it_is() -> None:
    event = events_pb2.EncounterRecorded(encounter_id="n-1")
    told = log.described(_record(b"\xff\x00garbage", _headers(event), b"\xff"))
    assert told["body"] is None
    assert told["problem"] == "body is not a joinedup.gateway.v1.EncounterRecorded"
    assert base64.b64decode(told["body_base64"]) == b"\xff\x00garbage"
    assert base64.b64decode(told["key_base64"]) == b"\xff"
    assert log.described(_record(None, {}, None))["problem"] == "no ce_specversion, ce_id, ce_source, ce_type, ce_time"


def test_every_generated_event_is_known() -> None:
    log.know_every_type()
    modules = [name for name in sys.modules if name.startswith("joinedup.") and name.endswith(".events_pb2")]
    assert len(modules) == len(list((paths.CHECKOUT / "protos").rglob("events.proto")))
    for module in modules:
        for message in sys.modules[module].DESCRIPTOR.message_types_by_name.values():
            assert events.message_class(message.full_name).DESCRIPTOR is message
