"""Contract: no answer of any service tells where a restricted person is, whichever of its fields holds it."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from chassis.disclosure import labels, redaction
from chassis.disclosure.decision import RESTRICTED, Decision, Released, Withheld
from joinedup.options.v1 import options_pb2
from tests.contract import wire_descriptors

CONTACT = options_pb2.DATA_CLASS_CONTACT
# In words: what may stand in any text. As a value: the practice, the landlord's record, the organisation's id.
WORDS = (
    "Moved to 12 Sparrowhawk Lane, QX41 7ZB: ring 01632 960451 or write to linnet@canary.example, says Fellgate Surgery"
)
VALUE = "canary-surgery"
CANARIES = ("Sparrowhawk", "QX41", "7ZB", "960451", "linnet", "Fellgate", VALUE)
ANSWERS = sorted(
    {
        held.full_name: held
        for service in wire_descriptors.services()
        for method in service.methods
        for held in labels.reachable(method.output_type)
        if labels.shape(held).subject and labels.paths(held)
    }.items()
)
# The texts that are not looked through, each because it names no place and would be spoilt.
PLAIN = {
    "joinedup.identity.v1.Name.given",
    "joinedup.identity.v1.Name.family",
    "joinedup.identity.v1.Demographics.nhs_number",
    "joinedup.identity.v1.FormerNumber.nhs_number",
    "joinedup.identity.v1.FormerNumber.replaced_by",
    "joinedup.identity.v1.ReviewedPerson.nhs_number",
    "joinedup.identity.v1.ReviewedRecord.other_families",
    "joinedup.identity.v1.ReviewedRecord.other_nhs_numbers",
}
# Names of fields that could hold a place or somebody who knows one.
SUSPECT = ("address", "postcode", "telephone", "phone", "mail", "source", "organisation", "practice", "site")
# Which public purse pays, in words; looked through like any text.
NO_PLACE = {"joinedup.caseworker.v1.Plan: content.care_funding_source"}


def everything(restricted: bool) -> Decision:
    """Whoever may know all there is, of somebody restricted or not."""
    outcomes: dict[int, Any] = dict.fromkeys(labels.PERSONAL_CLASSES, Released("a", 1, "r", "law"))
    if restricted:
        outcomes[CONTACT] = Withheld(RESTRICTED, "because")
    return Decision(outcomes, (1,), is_stranger=False, restricted=restricted)


def filled(descriptor: Descriptor, entered: tuple[str, ...] = ()) -> Any:
    """A message with canaries in every personal text, at every depth."""
    message = message_factory.GetMessageClass(descriptor)()
    shape = labels.shape(descriptor)
    for leaf in shape.personal:
        if leaf.field.type == FieldDescriptor.TYPE_STRING and leaf.whereabouts != options_pb2.WHEREABOUTS_NONE:
            text = VALUE if leaf.tells_whereabouts else WORDS
            if leaf.field.is_repeated:
                getattr(message, leaf.name).extend([text, text])
            else:
                setattr(message, leaf.name, text)
    for child in shape.children:
        if child.descriptor.full_name not in entered and child.name != labels.WITHHELD_FIELD:
            held = filled(child.descriptor, (*entered, descriptor.full_name))
            _put(message, child, held)
    if shape.subject:
        setattr(message, shape.subject, "p")
    return message


def _put(message: Any, child: labels.Child, held: Any) -> None:
    if child.keyed:
        getattr(message, child.name)["key"].CopyFrom(held)
    elif child.repeated:
        getattr(message, child.name).append(held)
    else:
        getattr(message, child.name).CopyFrom(held)


@pytest.mark.parametrize(("name", "answer"), ANSWERS, ids=[name for name, _ in ANSWERS])
def test_no_field_of_an_answer_tells_where_somebody_is(name: str, answer: Descriptor) -> None:
    message = filled(answer)
    before = message.SerializeToString()
    assert any(text.encode() in before for text in CANARIES) or not _texts(answer)
    redaction.redact(redaction.subjects(message), lambda _: everything(restricted=True))
    sent = message.SerializeToString()
    assert [text for text in CANARIES if text.encode() in sent] == []


@pytest.mark.parametrize(("name", "answer"), ANSWERS, ids=[name for name, _ in ANSWERS])
def test_of_everybody_else_it_is_told_as_it_is(name: str, answer: Descriptor) -> None:
    message = filled(answer)
    before = message.SerializeToString(deterministic=True)
    redaction.redact(redaction.subjects(message), lambda _: everything(restricted=False))
    assert message.SerializeToString(deterministic=True) == before


def _texts(descriptor: Descriptor) -> list[str]:
    return [
        f"{held.full_name}.{leaf.name}"
        for held in labels.reachable(descriptor)
        for leaf in labels.shape(held).personal
        if leaf.field.type == FieldDescriptor.TYPE_STRING and leaf.whereabouts != options_pb2.WHEREABOUTS_NONE
    ]


def test_every_text_that_is_not_looked_through_is_known() -> None:
    found = {
        f"{message.full_name}.{leaf.name}"
        for message in wire_descriptors.messages()
        for leaf in labels.shape(message).personal
        if leaf.field.type == FieldDescriptor.TYPE_STRING and leaf.whereabouts == options_pb2.WHEREABOUTS_NONE
    }
    assert found == PLAIN


def test_what_is_called_after_a_place_is_withheld_as_one() -> None:
    """A new field of such a name is a contact detail, or gets a label that says what it tells."""
    told = {
        f"{answer.full_name}: {path}"
        for _, answer in ANSWERS
        for path, leaf in labels.leaves(answer)
        if any(word in path.rpartition(".")[2] for word in SUSPECT)
        and leaf.data_class != CONTACT
        and not leaf.tells_whereabouts
    }
    assert told == NO_PLACE
