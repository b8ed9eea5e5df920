"""Contract: no event reaches a personal field, every event has a known topic, and one about a person names it."""

from __future__ import annotations

import re

import pytest
from google.protobuf.descriptor import Descriptor

from chassis import events
from chassis.disclosure import labels
from tests.contract import wire_descriptors

EVENTS = [message for message in wire_descriptors.messages() if labels.is_event(message)]
TOPICS = frozenset(
    {
        "identity.events.v1",
        "referrals.events.v1",
        "caseworker.events.v1",
        "notify.events.v1",
        "governance.events.v1",
        "insight.events.v1",
        "encounters.events.v1",
        "disclosures.v1",
    }
)
# Published by several services, each on its own topic.
SHARED = "joinedup.common.v1"


def test_events_are_found() -> None:
    assert len(EVENTS) >= 10


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.full_name)
def test_an_event_reaches_no_personal_field(event: Descriptor) -> None:
    personal = [
        f"{held.full_name}.{leaf.name}"
        for held in labels.reachable(event)
        for leaf in labels.shape(held).leaves
        if leaf.is_personal
    ]
    assert personal == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.full_name)
def test_an_event_travels_on_a_known_topic(event: Descriptor) -> None:
    service = "referrals" if event.file.package == SHARED else ""
    assert events.topic(event, service) in TOPICS


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.full_name)
def test_an_event_that_carries_a_person_id_names_it_as_its_subject(event: Descriptor) -> None:
    if "person_id" in event.fields_by_name:
        assert labels.shape(event).subject == "person_id"


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.full_name)
def test_an_event_is_named_in_the_past_tense(event: Descriptor) -> None:
    assert re.search(r"(ed|Made|Begun|Sent|Given|Lost|Found|Broken)$", event.name)


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: one.full_name)
def test_an_event_is_no_answer_of_an_rpc(event: Descriptor) -> None:
    answers = {method.output_type.full_name for one in wire_descriptors.services() for method in one.methods}
    assert event.full_name not in answers
