"""Redaction: a withheld field never leaks, a released one is never lost, an operational one is never touched."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.disclosure import decision, labels, redaction, whereabouts
from chassis.disclosure.decision import Decision, Released, Withheld
from joinedup.caseworker.v1 import caseworker_pb2, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2
from tests.unit import made_messages as made

CANARY = "canary"


def decided(released: frozenset[int]) -> Decision:
    """A decision that releases just these classes."""
    outcomes: dict[int, decision.Outcome] = {
        one: Released("a", 1, "r", "law") if one in released else Withheld("no_agreement", "because")
        for one in labels.PERSONAL_CLASSES
    }
    return Decision(outcomes, (), is_stranger=False)


def whole_case(person_id: str = "p1") -> Any:
    """A case with every field filled; text of a personal field names its class."""
    note = made.CASE["Note"]

    def one_note(name: str) -> Any:
        return note(id=name, words=f"{CANARY}-HEALTH", written=Timestamp(seconds=7), replies=[])

    def one_place() -> Any:
        return made.CASE["Place"](lines=[f"{CANARY}-CONTACT"], code=f"{CANARY}-CONTACT")

    first = one_note("n1")
    first.replies.append(one_note("n2"))
    case = made.CASE["Case"](
        person_id=person_id,
        version=4,
        name=f"{CANARY}-IDENTIFYING",
        wish=f"{CANARY}-VOICE",
        risk=True,
        place=one_place(),
        places=[one_place(), one_place()],
        notes=[first],
        markers={f"{CANARY}-HEALTH": f"{CANARY}-HEALTH"},
        friend=made.CASE["Friend"](friend_id="p2", name=f"{CANARY}-IDENTIFYING"),
    )
    case.notes_by_agency["police"].CopyFrom(one_note("n3"))
    case.places_by_friend[f"{CANARY}-IDENTIFYING"].CopyFrom(one_place())
    return case


CLASSES = st.frozensets(st.sampled_from(labels.PERSONAL_CLASSES))
TEXT = st.text(max_size=5)


def messages(name: str, depth: int = 2) -> st.SearchStrategy[Any]:
    """Any message of a made type."""
    return _filled(made.descriptor(name), depth).map(lambda values: made.CASE[name](**values))


def _filled(descriptor: Any, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    fields = {}
    for field in descriptor.fields:
        if field.name != "withheld" and not (depth == 0 and field.message_type is not None):
            fields[field.name] = _value(field, depth)
    return st.fixed_dictionaries({}, optional=fields)


def _value(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        value = field.message_type.fields_by_name["value"]
        return st.dictionaries(TEXT, _one(value, depth), max_size=2)
    one = _one(field, depth)
    return st.lists(one, max_size=2) if field.is_repeated else one


def _one(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        if field.message_type.full_name == Timestamp.DESCRIPTOR.full_name:
            return st.integers(0, 9).map(lambda seconds: Timestamp(seconds=seconds))
        return messages(field.message_type.name, depth - 1)
    if field.name.endswith("_id"):
        return st.sampled_from(["p1", "p2", "p3"])
    return {
        FieldDescriptor.TYPE_STRING: TEXT,
        FieldDescriptor.TYPE_INT32: st.integers(0, 9),
        FieldDescriptor.TYPE_BOOL: st.booleans(),
    }[field.type]


def held(message: Message, person_id: str = "") -> list[tuple[str, int, str]]:
    """(person, class, value) of every filled leaf, walked by descriptors independently of the code under test."""
    found: list[tuple[str, int, str]] = []
    shape = labels.shape(message.DESCRIPTOR)
    if shape.subject:
        person_id = getattr(message, shape.subject)
    default = message.DESCRIPTOR.GetOptions().Extensions[options_pb2.default_data_class]
    for field, value in message.ListFields():
        if field.name == "withheld":
            continue
        data_class = field.GetOptions().Extensions[options_pb2.data_class] or default
        mapped = field.message_type is not None and field.message_type.GetOptions().map_entry
        if mapped:
            found.extend((person_id, data_class, f"{field.name}:{key}") for key in value)
        values = list(value.values()) if mapped else list(value) if field.is_repeated else [value]
        for one in values:
            if isinstance(one, Message) and one.DESCRIPTOR.file.package != "google.protobuf":
                found.extend(held(one, person_id))
            else:
                found.append((person_id, data_class, f"{field.name}:{one}"))
    return found


@settings(deadline=None)
@given(message=messages("Cases", 3), known=st.dictionaries(st.sampled_from(["p1", "p2", "p3", ""]), CLASSES))
def test_what_is_left_is_what_was_released(message: Any, known: dict[str, frozenset[int]]) -> None:
    before = held(message)
    redaction.redact(redaction.subjects(message), lambda person_id: decided(known.get(person_id, frozenset())))
    after = held(message)
    allowed = [
        (person_id, data_class, value)
        for person_id, data_class, value in before
        if data_class == made.OPERATIONAL or data_class in known.get(person_id, frozenset())
    ]
    # A map whose keys are withheld goes as a whole: its values may be lost with it, and nothing else may.
    lost = [one for one in allowed if one not in after]
    assert all(data_class == made.CONTACT and value.split(":")[0] in ("lines", "code") for _, data_class, value in lost)
    assert all(one in allowed for one in after)
    if not any(data_class == made.IDENTIFYING for _, data_class, _ in before):
        assert sorted(after) == sorted(allowed)


@settings(deadline=None)
@given(message=messages("Case"), released=CLASSES)
def test_markers_depend_on_the_decision_and_not_on_the_content(message: Any, released: frozenset[int]) -> None:
    empty = made.CASE["Case"](person_id=message.person_id)
    for one in (message, empty):
        redaction.redact(redaction.subjects(one), lambda _: decided(released))
    assert list(message.withheld) == list(empty.withheld)
    assert {(marker.field, marker.data_class) for marker in message.withheld} == {
        (path, data_class) for path, data_class in labels.paths(made.descriptor("Case")) if data_class not in released
    }


@settings(deadline=None)
@given(message=messages("Cases", 3), known=st.dictionaries(st.sampled_from(["p1", "p2", "p3"]), CLASSES))
def test_redacting_twice_changes_nothing_more(message: Any, known: dict[str, frozenset[int]]) -> None:
    redaction.redact(redaction.subjects(message), lambda person_id: decided(known.get(person_id, frozenset())))
    once = message.SerializeToString(deterministic=True)
    redaction.redact(redaction.subjects(message), lambda person_id: decided(known.get(person_id, frozenset())))
    assert message.SerializeToString(deterministic=True) == once


@settings(deadline=None)
@given(released=CLASSES)
def test_no_byte_of_a_withheld_class_remains(released: frozenset[int]) -> None:
    case = whole_case()
    redaction.redact(redaction.subjects(case), lambda _: decided(released))
    sent = case.SerializeToString().decode("latin-1")
    for data_class in labels.PERSONAL_CLASSES:
        name = options_pb2.DataClass.Name(options_pb2.DataClass.ValueType(data_class)).removeprefix("DATA_CLASS_")
        if data_class not in released:
            assert f"{CANARY}-{name}" not in sent


def test_an_answer_that_is_wholly_released_is_left_as_it_is() -> None:
    case = whole_case()
    before = case.SerializeToString(deterministic=True)
    redaction.redact(redaction.subjects(case), lambda _: decided(frozenset(labels.PERSONAL_CLASSES)))
    assert case.SerializeToString(deterministic=True) == before


def test_operational_fields_in_a_withheld_list_stay() -> None:
    case = whole_case()
    redaction.redact(redaction.subjects(case), lambda _: decided(frozenset()))
    assert (case.person_id, case.version, case.notes[0].id, case.notes[0].replies[0].id) == ("p1", 4, "n1", "n2")
    assert list(case.notes_by_agency) == ["police"]
    assert not case.HasField("place")
    assert not case.places
    assert case.friend.friend_id == "p2"


def test_each_person_in_a_message_is_decided_alone() -> None:
    case = whole_case()
    accounts = redaction.redact(
        redaction.subjects(case),
        lambda person: decided(frozenset({made.IDENTIFYING}) if person == "p2" else frozenset()),
    )
    assert case.name == ""
    assert case.friend.name == f"{CANARY}-IDENTIFYING"
    assert {one.person_id for one in redaction.subjects(case)} == {"p1", "p2"}
    assert {account.person_id: dict(account.fields) for account in accounts} == {
        "p1": {made.IDENTIFYING: 2, made.VOICE: 1, made.POLICE: 4, made.CONTACT: 8, made.HEALTH: 4},
        "p2": {made.IDENTIFYING: 1},
    }


def test_markers_that_a_message_brings_along_are_kept() -> None:
    marker = common_pb2.Withheld(field="name", data_class=made.IDENTIFYING, reason="restricted", because="earlier")
    case = made.CASE["Case"](person_id="p1", withheld=[marker])
    redaction.redact(redaction.subjects(case), lambda _: decided(frozenset()))
    assert case.withheld[0] == marker
    assert [one.field for one in case.withheld].count("name") == 1


def restricted(released: frozenset[int]) -> Decision:
    """The same about somebody whose whereabouts are protected."""
    return replace(decided(released - {made.CONTACT}), restricted=True)


def _restricted(released: frozenset[int], _person_id: str) -> Decision:
    return restricted(released)


NOT_CONTACT = frozenset(labels.PERSONAL_CLASSES) - {made.CONTACT}


def test_with_whom_a_restricted_person_had_contact_is_withheld_and_counted_as_a_contact_detail() -> None:
    for released in (NOT_CONTACT, NOT_CONTACT - {made.POLICE}):
        entry = caseworker_pb2.ChronologyEntry(person_id="p1")
        entry.narrative.health, entry.contact_with.health = "Seen in general practice", "Fellgate Surgery"
        (account,) = redaction.redact(redaction.subjects(entry), functools.partial(_restricted, released))
        assert entry.narrative.health == "Seen in general practice"
        assert not entry.HasField("contact_with")
        marks = {mark.field: (mark.reason, mark.data_class) for mark in entry.withheld}
        assert marks["contact_with.health"] == ("restricted", made.CONTACT)
        police = ("restricted", made.CONTACT) if made.POLICE in released else ("no_agreement", made.POLICE)
        assert marks["contact_with.police"] == police
        assert (account.fields[made.CONTACT], account.fields[made.HEALTH]) == (1, 1)


def test_a_text_about_a_restricted_person_loses_its_places_and_nothing_else() -> None:
    plan = plan_pb2.Plan(person_id="p1")
    plan.content.strengths = "Cooks at 12 Sparrowhawk Lane, QX41 7ZB, and sings"
    plan.content.contingency_plans.add(
        trigger_factors=["A call from 01632 960451", "A letter"], who_should_be_contacted="Her sister"
    )
    plan.content.needs.add().need.housing = "Write to linnet@canary.example"
    (account,) = redaction.redact(redaction.subjects(plan), lambda _: restricted(NOT_CONTACT))
    assert plan.content.strengths == f"Cooks at {whereabouts.MARK}, and sings"
    assert list(plan.content.contingency_plans[0].trigger_factors) == [f"A call from {whereabouts.MARK}", "A letter"]
    assert plan.content.needs[0].need.housing == f"Write to {whereabouts.MARK}"
    assert [mark.field for mark in plan.withheld] == ["content.contingency_plans.who_should_be_contacted"]
    assert account.fields[made.CONTACT] == 4


def test_texts_of_a_map_are_looked_through_and_so_are_its_keys() -> None:
    case = made.CASE["Case"](person_id="p1", markers={"QX41 7ZB": "a", "b": "ring 01632 960451", "c": "Cooks"})
    redaction.redact(redaction.subjects(case), lambda _: restricted(NOT_CONTACT))
    assert dict(case.markers) == {"b": f"ring {whereabouts.MARK}", "c": "Cooks"}


def test_a_text_that_is_withheld_anyway_is_not_told_to_hold_a_place() -> None:
    case = made.CASE["Case"](person_id="p1", wish="Back to QX41 7ZB")
    redaction.redact(redaction.subjects(case), lambda _: restricted(NOT_CONTACT - {made.VOICE}))
    assert not case.HasField("wish")


@settings(deadline=None)
@given(message=messages("Cases", 3), known=st.dictionaries(st.sampled_from(["p1", "p2", "p3"]), CLASSES))
def test_of_a_restricted_person_never_more_is_told(message: Any, known: dict[str, frozenset[int]]) -> None:
    other = type(message)()
    other.CopyFrom(message)
    redaction.redact(
        redaction.subjects(message), lambda person_id: decided(known.get(person_id, frozenset()) - {made.CONTACT})
    )
    redaction.redact(redaction.subjects(other), lambda person_id: restricted(known.get(person_id, frozenset())))
    assert other == message
