"""Events on the wire: CloudEvents 1.0 in the binary mode of the Kafka protocol binding, with a protobuf body."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from joinedup.options.v1 import options_pb2

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/protobuf"
MOST_HEADERS = 64
MOST_HEADER_LENGTH = 4096
MOST_BODY_BYTES = 900_000
_REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")

Headers = Sequence[tuple[str, bytes]]


class Unreadable(Exception):
    """A record that is not an event of ours; the text says what is wrong and quotes nothing of it."""


class Envelope(NamedTuple):
    """The attributes of one event; `subject` is the person id, `time` aware UTC, `version` that of the aggregate."""

    id: str
    type: str
    source: str
    time: datetime
    subject: str = ""
    traceparent: str = ""
    partition_key: str = ""
    aggregate: str = ""
    version: int = 0


def source(service: str) -> str:
    """The `ce_source` of a service's events."""
    return f"/joinedup/{service}"


def encode(envelope: Envelope, body: bytes) -> tuple[list[tuple[str, bytes]], bytes]:
    """Headers and value of the Kafka record that carries an event; attributes that are empty are left out."""
    headers = [
        ("content-type", b"application/protobuf"),
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_time", stamp(envelope.time).encode()),
    ]
    optional = (
        ("ce_subject", envelope.subject),
        ("ce_partitionkey", envelope.partition_key),
        ("ce_aggregate", envelope.aggregate),
        ("ce_version", str(envelope.version) if envelope.version else ""),
        ("traceparent", envelope.traceparent),
    )
    headers.extend((name, value.encode()) for name, value in optional if value)
    return headers, body


def decode(headers: Headers, value: bytes | None) -> Envelope:
    """The attributes of a record, checked; raises Unreadable. The body is parsed by `parse`, by those who want it."""
    found = _texts(headers)
    if not all(map(found.get, _REQUIRED)):
        raise Unreadable(f"no {', '.join(name for name in _REQUIRED if not found.get(name))}")
    if found["ce_specversion"] != SPEC_VERSION:
        raise Unreadable("ce_specversion is not 1.0")
    if found.get("content-type", CONTENT_TYPE) != CONTENT_TYPE:
        raise Unreadable(f"content-type is not {CONTENT_TYPE}")
    if value is None or len(value) > MOST_BODY_BYTES:
        raise Unreadable(
            "no body" if value is None else f"body of {len(value)} bytes, at most {MOST_BODY_BYTES} allowed"
        )
    return Envelope(
        id=_id(found["ce_id"]),
        type=found["ce_type"],
        source=found["ce_source"],
        time=_time(found["ce_time"]),
        subject=found.get("ce_subject", ""),
        traceparent=found.get("traceparent", "") or found.get("ce_traceparent", ""),
        partition_key=found.get("ce_partitionkey", ""),
        aggregate=found.get("ce_aggregate", ""),
        version=_version(found.get("ce_version", "0")),
    )


def parse(name: str, value: bytes) -> Message:
    """The body of an event of the type with this full name; raises Unreadable when unknown or malformed."""
    try:
        return message_class(name).FromString(value)
    except KeyError as failure:
        raise Unreadable("ce_type is not a message of ours") from failure
    except DecodeError as failure:
        raise Unreadable(f"body is not a {name}") from failure


@cache
def message_class(name: str) -> type[Message]:
    """The generated class of the message with this full name; raises KeyError."""
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))


@cache
def topic(event: Descriptor, service: str = "") -> str:
    """The topic an event travels on: the one its proto names, else that of the service (by default its package's).

    Raises ValueError for a message that is not labelled as an event.
    """
    options = event.GetOptions()
    if not options.HasExtension(options_pb2.event):
        raise ValueError(f"{event.full_name} is not labelled as an event")
    named = options.Extensions[options_pb2.event].topic
    return named or f"{service or event.full_name.split('.')[1]}.events.v1"


def stamp(moment: datetime) -> str:
    """RFC 3339 text of an aware time, in the UTC notation with Z that CloudEvents shows."""
    return moment.isoformat().replace("+00:00", "Z")


def _texts(headers: Sequence[tuple[str, bytes]]) -> dict[str, str]:
    if len(headers) > MOST_HEADERS:
        raise Unreadable(f"more than {MOST_HEADERS} headers")
    try:
        found = {name: value.decode() for name, value in headers}
    except UnicodeDecodeError as failure:
        raise Unreadable("a header that is not UTF-8") from failure
    except AttributeError as failure:
        raise Unreadable("a header that is null") from failure
    if max(map(len, found.values()), default=0) > MOST_HEADER_LENGTH:
        raise Unreadable(f"a header longer than {MOST_HEADER_LENGTH} characters")
    return found


def _id(text: str) -> str:
    # Longer ids are legal in CloudEvents, but ours are UUIDs, and the inbox keys on them.
    if len(text) > 255 or not text.isprintable():
        raise Unreadable("ce_id is longer than 255 characters or not printable")
    return text


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as failure:
        raise Unreadable("ce_time is not an RFC 3339 time") from failure
    if moment.tzinfo is None:
        raise Unreadable("ce_time has no time zone")
    return moment


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Unreadable("ce_version is not a whole number")
    return int(text)
