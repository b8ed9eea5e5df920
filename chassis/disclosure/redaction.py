"""Takes out of a message what was not released and says so in its place: withheld never looks like empty.

Every personal field of a withheld class is marked, whether it held a value or not: the marker must not tell that there
is, say, police information about somebody. Operational fields are never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from chassis.disclosure import labels
from chassis.disclosure.decision import Decision, Withheld
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2


@dataclass(frozen=True, slots=True)
class Account:
    """What an answer held about one person before redaction: how many filled fields of each class, and how decided."""

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


def _about(message: Message) -> Iterator[Subject]:
    shape = labels.shape(message.DESCRIPTOR)
    if shape.subject and labels.paths(shape.descriptor):
        yield Subject(message, shape, getattr(message, shape.subject))
    for child in shape.personal_children:
        for held in labels.values(message, child):
            yield from _about(held)


def _clear(message: Any, shape: labels.Shape, decision: Decision, count: dict[int, int]) -> None:
    released = decision.released
    for leaf in shape.personal:
        if leaf.is_filled(message):
            count[leaf.data_class] = count.get(leaf.data_class, 0) + 1
    # Nested messages before this one's own fields: a map goes as a whole, and only when its keys are withheld.
    for child in shape.personal_children:
        if child.shape.subject:
            continue
        for held in labels.values(message, child):
            _clear(held, child.shape, decision, count)
        if not child.keyed and _is_wholly_withheld(child.descriptor, decision):
            message.ClearField(child.name)
    for leaf in shape.personal:
        if leaf.data_class not in released:
            message.ClearField(leaf.name)


def _is_wholly_withheld(descriptor: Descriptor, decision: Decision) -> bool:
    """Whether nothing of a nested message remains, so that its very presence would tell something."""
    return _is_only_personal(descriptor) and decision.released.isdisjoint(_classes(descriptor))


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
    if decision.released >= _classes(shape.descriptor):
        return
    marked = {marker.field for marker in message.withheld}
    markers = _markers(shape.descriptor, decision)
    message.withheld.extend([one for one in markers if one.field not in marked] if marked else markers)


def _markers(descriptor: Descriptor, decision: Decision) -> list[common_pb2.Withheld]:
    """A marker for each personal field that a decision withholds; made once, and copied into each message."""
    found: list[common_pb2.Withheld] | None = decision.memory.get(descriptor)
    if found is None:
        outcomes = [(path, data_class, decision.of(data_class)) for path, data_class in labels.paths(descriptor)]
        found = decision.memory[descriptor] = [
            common_pb2.Withheld(
                field=path,
                data_class=options_pb2.DataClass.ValueType(data_class),
                reason=outcome.reason,
                because=outcome.because,
            )
            for path, data_class, outcome in outcomes
            if isinstance(outcome, Withheld)
        ]
    return found
