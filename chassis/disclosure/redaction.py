"""Takes out of a message what was not released and says so in its place: withheld never looks like empty.

Every personal field of a withheld class is marked, whether it held a value or not: the marker must not tell that there
is, say, police information about somebody. Operational fields are never touched.

Of somebody whose whereabouts are protected, fields that tell them are withheld whatever their class, and texts that are
released lose what looks like a place: a mark stands for it in the text itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from chassis.disclosure import labels, whereabouts, words
from chassis.disclosure.decision import RESTRICTED, Decision, Withheld
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2


@dataclass(frozen=True, slots=True)
class Account:
    """What an answer held about one person before redaction: how many filled fields of each class, and how decided.

    A place that was taken out of a text counts as a contact detail.
    """

    person_id: str
    decision: Decision
    fields: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Subject:
    """A message inside an answer that can hold personal fields about a person; "" where it is not said about whom."""

    message: Any
    shape: labels.Shape
    person_id: str


def subjects(message: Message) -> list[Subject]:
    """Each message inside that is about somebody and can hold personal fields of them, outermost first."""
    return list(_about(message))


def redact(held: Collection[Subject], decide: Callable[[str], Decision]) -> list[Account]:
    """Redact messages in place by the decision for each person in them, and give an account for each person."""
    counts: dict[str, dict[int, int]] = {}
    decisions: dict[str, Decision] = {}
    for one in held:
        count = counts.get(one.person_id)
        if count is None:
            count = counts[one.person_id] = {}
            decisions[one.person_id] = decide(one.person_id)
        # Classes that the message type can hold count even when nothing is filled: a withholding is told either way.
        for data_class in _classes(one.shape.descriptor):
            count.setdefault(data_class, 0)
        _clear(one.message, one.shape, decisions[one.person_id], count)
        _mark(one.message, one.shape, decisions[one.person_id])
    return [Account(person_id, decisions[person_id], count) for person_id, count in counts.items()]


def whereabouts_withheld(field: str) -> common_pb2.Withheld:
    """The marker of a field that a service left out by itself, since it tells where a restricted person is.

    For what is operational of everybody else, such as who takes part in the support.
    """
    return common_pb2.Withheld(
        field=field,
        data_class=options_pb2.DATA_CLASS_CONTACT,
        reason=RESTRICTED,
        because=words.restricted(),
    )


def _about(message: Message) -> Iterator[Subject]:
    shape = labels.shape(message.DESCRIPTOR)
    if shape.subject and labels.paths(shape.descriptor):
        yield Subject(message, shape, getattr(message, shape.subject))
    for child in shape.personal_children:
        for held in labels.values(message, child):
            yield from _about(held)


def _clear(message: Any, shape: labels.Shape, decision: Decision, count: dict[int, int]) -> None:
    for leaf in shape.personal:
        if leaf.is_filled(message):
            counted = _counted_as(leaf, decision)
            count[counted] = count.get(counted, 0) + 1
    # Nested messages before this one's own fields: a map goes as a whole, and only when its keys are withheld.
    for child in shape.personal_children:
        if child.shape.subject:
            continue
        for held in labels.values(message, child):
            _clear(held, child.shape, decision, count)
        if not child.keyed and _is_wholly_withheld(child.descriptor, decision):
            message.ClearField(child.name)
    for leaf in shape.personal:
        if not decision.releases(leaf):
            message.ClearField(leaf.name)
    if decision.restricted:
        _clear_places(message, shape, count)


def _counted_as(leaf: labels.Leaf, decision: Decision) -> int:
    """The class that a field counts as: what is withheld for where it tells somebody is, is a contact detail."""
    if decision.restricted and leaf.data_class in decision.released and not decision.releases(leaf):
        return options_pb2.DATA_CLASS_CONTACT
    return leaf.data_class


def _clear_places(message: Any, shape: labels.Shape, count: dict[int, int]) -> None:
    """Take out of what is left whatever looks like a place."""
    for leaf in shape.prose:
        if places := _look_through(message, leaf):
            count[options_pb2.DATA_CLASS_CONTACT] = count.get(options_pb2.DATA_CLASS_CONTACT, 0) + places


def _look_through(message: Any, leaf: labels.Leaf) -> int:
    """Take the places out of a text, or of several; answers with how many there were."""
    held = getattr(message, leaf.name)
    if leaf.is_map:
        return _look_through_map(held, texts=not leaf.has_messages)
    texts = list(held) if leaf.field.is_repeated else [held]
    found = [whereabouts.parts(text) for text in texts]
    places = sum(len(withheld) for _, withheld in found)
    if places:
        shown = [whereabouts.MARK.join(seen) for seen, _ in found]
        if leaf.field.is_repeated:
            held[:] = shown
        else:
            setattr(message, leaf.name, shown[0])
    return places


def _look_through_map(held: Any, *, texts: bool) -> int:
    """The same of a map: an entry whose key names a place goes, values that are texts are looked through."""
    places = 0
    for key in list(held):
        if isinstance(key, str) and (named := whereabouts.parts(key)[1]):
            places += len(named)
            del held[key]
        elif texts and isinstance(held[key], str):
            shown, withheld = whereabouts.parts(held[key])
            places += len(withheld)
            held[key] = whereabouts.MARK.join(shown)
    return places


def _is_wholly_withheld(descriptor: Descriptor, decision: Decision) -> bool:
    """Whether nothing of a nested message remains, so that its very presence would tell something."""
    if not _is_only_personal(descriptor):
        return False
    if decision.restricted:
        return not any(decision.releases(leaf) for _, leaf in labels.leaves(descriptor))
    return decision.released.isdisjoint(_classes(descriptor))


@cache
def _is_only_personal(descriptor: Descriptor) -> bool:
    """Whether a message holds personal fields about the subject above it and nothing else."""
    held = [labels.shape(one) for one in labels.reachable(descriptor)]
    return not any(one.subject for one in held) and all(leaf.is_personal for one in held for leaf in one.leaves)


@cache
def _classes(descriptor: Descriptor) -> frozenset[int]:
    return frozenset(data_class for _, data_class in labels.paths(descriptor))


def _mark(message: Any, shape: labels.Shape, decision: Decision) -> None:
    # A service may pass on an answer that was already redacted once; its markers stay, and are not repeated.
    if decision.released >= _classes(shape.descriptor) and not decision.restricted:
        return
    marked = {marker.field for marker in message.withheld}
    markers = _markers(shape.descriptor, decision)
    message.withheld.extend([one for one in markers if one.field not in marked] if marked else markers)


def _markers(descriptor: Descriptor, decision: Decision) -> list[common_pb2.Withheld]:
    """A marker for each personal field that a decision withholds; made once, and copied into each message."""
    found: list[common_pb2.Withheld] | None = decision.memory.get(descriptor)
    if found is None:
        outcomes = [(path, leaf, decision.of_leaf(leaf)) for path, leaf in labels.leaves(descriptor)]
        found = decision.memory[descriptor] = [
            common_pb2.Withheld(
                field=path,
                data_class=options_pb2.DataClass.ValueType(_counted_as(leaf, decision)),
                reason=outcome.reason,
                because=outcome.because,
            )
            for path, leaf, outcome in outcomes
            if isinstance(outcome, Withheld)
        ]
    return found
