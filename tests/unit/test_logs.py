"""Logs: whatever a careless line hands over, no personal value comes out."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from chassis import attributes, logs, settings, telemetry
from chassis.disclosure import labels
from joinedup.identity.v1 import identity_pb2
from joinedup.referrals.v1 import referrals_pb2

CANARY = "Margaret-Canary-9990000018"
CONFIG = settings.ServiceSettings(service="identity", instance="here")


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a configured process writes to stderr."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    logs.configure(CONFIG)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    """The lines written, each of them JSON."""
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_line_is_json_with_its_service_and_request(stream: io.StringIO) -> None:
    with logs.bound(request_id="r1"), telemetry.span(attributes.SERVE, "x") as span:
        structlog.get_logger("services.identity").info("registered", referral_id="abc")
    (line,) = lines(stream)
    assert line["event"] == "registered"
    assert (line["service"], line["instance"], line["level"]) == ("identity", "here", "info")
    assert (line["request_id"], line["trace_id"], line["referral_id"]) == ("r1", span.trace_id, "abc")
    assert line["time"].endswith("Z")


def test_a_message_is_named_and_never_shown(stream: io.StringIO) -> None:
    person = identity_pb2.Person(demographics=identity_pb2.Demographics(nhs_number=CANARY))
    log = structlog.get_logger()
    log.info("got", person=person, people=[person], answer={"person": person})
    assert CANARY not in stream.getvalue()
    assert lines(stream)[0]["person"] == "(joinedup.identity.v1.Person)"


@pytest.mark.parametrize("key", ["nhs_number", "family", "given", "birth_date", "postcode", "telephone"])
def test_a_value_under_the_name_of_a_personal_field_is_withheld(stream: io.StringIO, key: str) -> None:
    structlog.get_logger().info("got", **{key: CANARY}, nested={"deep": [{key: CANARY}]})
    assert CANARY not in stream.getvalue()
    assert lines(stream)[0][key] == "(withheld)"


def test_every_labelled_personal_field_is_known_by_name() -> None:
    known = logs.personal_names()
    for file in (identity_pb2.DESCRIPTOR, referrals_pb2.DESCRIPTOR):
        for message in file.message_types_by_name.values():
            for leaf in labels.shape(message).leaves:
                assert not leaf.is_personal or leaf.name in known


def test_the_text_of_an_exception_stays_out(stream: io.StringIO) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("services.identity").exception("failed too")
    assert CANARY not in stream.getvalue()
    for line in lines(stream):
        assert line["exception"].startswith("ValueError at ")
        assert "test_logs.py:" in line["exception"]


def test_lines_of_the_standard_library_pass_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("services.identity").warning("registered %s", "abc", extra={"nhs_number": CANARY})
    assert lines(stream)[0]["event"] == "registered abc"
    assert CANARY not in stream.getvalue()


def test_a_message_given_to_the_standard_librarys_formatting_is_named_only(stream: io.StringIO) -> None:
    person = identity_pb2.Person(demographics=identity_pb2.Demographics(nhs_number=CANARY))
    logging.getLogger("services.identity").warning("got %s", person)
    logging.getLogger("services.identity").warning("got %(who)s", {"who": person})
    logging.getLogger("services.identity").warning("failed: %s", ValueError(CANARY))
    logging.getLogger("services.identity").warning(person)
    assert CANARY not in stream.getvalue()
    assert lines(stream)[0]["event"] == "got (joinedup.identity.v1.Person)"


def test_libraries_are_quiet_below_a_warning(stream: io.StringIO) -> None:
    logging.getLogger("aiokafka.conn").info("connected")
    logging.getLogger("services.identity").debug("detail")
    assert stream.getvalue() == ""
