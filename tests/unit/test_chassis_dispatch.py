"""What is decided without Kafka: topics, partitions, who is meant, and what may be told of an error."""

from types import SimpleNamespace
from typing import Any

import pytest

from chassis import consumer, deadletter, errors, events, kafka
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2


def record(*headers: tuple[str, bytes]) -> Any:
    """A Kafka record with these headers."""
    return SimpleNamespace(topic="t", partition=2, offset=7, key=b"ada", value=b"body", headers=headers)


def test_topics_follow_from_the_handlers() -> None:
    assert consumer.topics([events_pb2.SharingDecisionRecorded]) == {"governance.events.v1"}
    assert consumer.topics([common_pb2.RelationshipEstablished]) == {
        "identity.events.v1",
        "referrals.events.v1",
        "caseworker.events.v1",
        "governance.events.v1",
    }


@pytest.mark.parametrize(("key", "slot"), [(b"21", -973932308 & 0x7FFFFFFF), (b"foobar", -790332482 & 0x7FFFFFFF)])
def test_keys_fall_where_the_java_client_puts_them(key: bytes, slot: int) -> None:
    """Values of org.apache.kafka.common.utils.UtilsTest.testMurmur2."""
    assert kafka.slot(key) == slot


def test_a_redriven_record_is_meant_for_its_group_alone() -> None:
    plain, redriven = record(), record((deadletter.REDRIVE_GROUP, b"referrals.consume"))
    assert deadletter.meant_for(plain, "referrals.consume")
    assert deadletter.meant_for(redriven, "referrals.consume")
    assert not deadletter.meant_for(redriven, "notify.consume")


def raised(failure: Exception) -> Exception:
    """The failure as it is after it was raised."""
    try:
        raise failure
    except Exception as caught:  # noqa: BLE001
        return caught


def test_an_error_is_told_by_kind_and_place_and_never_by_its_text() -> None:
    told = deadletter.where(raised(ValueError("Ada Lovelace, 943 476 5919")))
    assert told.startswith("ValueError at test_chassis_dispatch.py:")
    assert "Ada" not in told
    invalid = deadletter.where(raised(errors.Invalid.of("nhs_number", "943 476 5918 fails")))
    assert invalid.startswith("Invalid nhs_number at ")
    assert deadletter.where(events.Unreadable("no ce_id")) == "Unreadable: no ce_id"


def test_a_dead_letter_is_the_record_with_where_it_came_from() -> None:
    from datetime import UTC, datetime

    moment = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
    source = record(("ce_id", b"1"), (deadletter.REDRIVE_GROUP, b"g"))
    letter = deadletter.letter("g", source, ValueError("x"), 5, moment)
    assert (letter.topic, letter.key, letter.value) == ("g.dlq.v1", b"ada", b"body")
    assert dict(letter.headers) == {
        "ce_id": b"1",
        "joinedup_dead_group": b"g",
        "joinedup_dead_topic": b"t",
        "joinedup_dead_partition": b"2",
        "joinedup_dead_offset": b"7",
        "joinedup_dead_error": b"ValueError",
        "joinedup_dead_attempts": b"5",
        "joinedup_dead_at": b"2026-03-09T08:00:00Z",
    }
