"""What the proto labels say of a message: which fields are personal, of which class, and about whom.

Descriptors are walked once for each message type; everything on the path of a call reads the finished Shape.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message

from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2

OPERATIONAL = options_pb2.DATA_CLASS_OPERATIONAL
PERSONAL_CLASSES: tuple[int, ...] = tuple(
    number
    for number in options_pb2.DataClass.values()
    if number not in (options_pb2.DATA_CLASS_UNSPECIFIED, OPERATIONAL)
)
WITHHELD_FIELD = "withheld"
_TOLD = options_pb2.WHEREABOUTS_TOLD


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that holds a value: a scalar, an enum, a map, or one of protobuf's own messages such as Timestamp."""

    name: str
    data_class: int
    field: FieldDescriptor = dataclasses.field(repr=False)
    whereabouts: int = options_pb2.WHEREABOUTS_UNSPECIFIED

    @property
    def is_personal(self) -> bool:
        """Whether it says something about a person; an unlabelled field counts as if it did."""
        return self.data_class != OPERATIONAL

    @property
    def tells_whereabouts(self) -> bool:
        """Whether the value itself tells where a person is, whatever its class."""
        return self.whereabouts == _TOLD

    @property
    def is_prose(self) -> bool:
        """Whether it is text about a person that may name an address; nothing is known of it unless a label says so."""
        holds_text = self.field.type == FieldDescriptor.TYPE_STRING or self.is_map
        return self.is_personal and holds_text and self.whereabouts == options_pb2.WHEREABOUTS_UNSPECIFIED

    @property
    def is_map(self) -> bool:
        """Whether it holds values by key."""
        held = self.field.message_type
        return held is not None and bool(held.GetOptions().map_entry)

    @property
    def has_messages(self) -> bool:
        """Whether what it holds by key are messages, which are looked at as children."""
        entry = self.field.message_type if self.is_map else None
        return entry is not None and entry.fields_by_name["value"].message_type is not None

    def is_filled(self, message: Any) -> bool:
        """Whether it holds anything: is present, or differs from the default where presence is not kept."""
        if self.field.has_presence:
            return bool(message.HasField(self.name))
        # Empty for a list, a map or a text; otherwise zero or no.
        return bool(getattr(message, self.name))


@dataclass(frozen=True)
class Child:
    """A field that holds a message of ours, several (`repeated`), or several by key (`keyed`)."""

    name: str
    descriptor: Descriptor
    repeated: bool = False
    keyed: bool = False

    @cached_property
    def shape(self) -> Shape:
        """The shape of the message it holds."""
        return shape(self.descriptor)


@dataclass(frozen=True)
class Shape:
    """One message type as its labels describe it; `subject` names the field with the person id, empty if none."""

    descriptor: Descriptor
    subject: str
    withheld: bool
    leaves: tuple[Leaf, ...]
    children: tuple[Child, ...]

    @cached_property
    def personal(self) -> tuple[Leaf, ...]:
        """The leaves that say something about a person."""
        return tuple(leaf for leaf in self.leaves if leaf.is_personal)

    @cached_property
    def telling(self) -> tuple[Leaf, ...]:
        """The personal leaves that tell where a person is."""
        return tuple(leaf for leaf in self.personal if leaf.tells_whereabouts)

    @cached_property
    def prose(self) -> tuple[Leaf, ...]:
        """The personal leaves whose text may name an address."""
        return tuple(leaf for leaf in self.leaves if leaf.is_prose)

    @cached_property
    def personal_children(self) -> tuple[Child, ...]:
        """The children below which something is personal."""
        return tuple(child for child in self.children if reaches_personal(child.descriptor))


@dataclass(frozen=True, slots=True)
class Rule:
    """What an RPC's labels demand of its caller."""

    method: str
    requires: str
    is_query: bool
    withholds_from_strangers: bool
    request: Descriptor
    response: Descriptor


@cache
def shape(descriptor: Descriptor) -> Shape:
    """The shape of a message type."""
    default = descriptor.GetOptions().Extensions[options_pb2.default_data_class]
    told = descriptor.GetOptions().Extensions[options_pb2.default_whereabouts]
    leaves: list[Leaf] = []
    children: list[Child] = []
    subject = ""
    for field in descriptor.fields:
        data_class = field.GetOptions().Extensions[options_pb2.data_class] or default
        child = _child(field)
        if field.GetOptions().Extensions[options_pb2.subject]:
            subject = field.name
        if child is not None:
            children.append(child)
        if child is None or (child.keyed and data_class != OPERATIONAL):
            # The keys of a map have a class too: where it is personal the whole map goes with it.
            whereabouts = field.GetOptions().Extensions[options_pb2.whereabouts] or told
            leaves.append(Leaf(field.name, data_class, field, whereabouts))
    return Shape(descriptor, subject, _has_withheld(descriptor), tuple(leaves), tuple(children))


def _child(field: FieldDescriptor) -> Child | None:
    """The messages of ours in a field; None when the field is a leaf."""
    held = field.message_type
    if held is None:
        return None
    if held.GetOptions().map_entry:
        value = held.fields_by_name["value"].message_type
        return None if value is None or _is_wellknown(value) else Child(field.name, value, keyed=True)
    return None if _is_wellknown(held) else Child(field.name, held, repeated=field.is_repeated)


def _is_wellknown(descriptor: Descriptor) -> bool:
    return descriptor.file.package == "google.protobuf"


def _has_withheld(descriptor: Descriptor) -> bool:
    field = descriptor.fields_by_name.get(WITHHELD_FIELD)
    marker: Descriptor = common_pb2.Withheld.DESCRIPTOR
    return field is not None and field.is_repeated and field.message_type is marker


@cache
def reachable(descriptor: Descriptor) -> tuple[Descriptor, ...]:
    """The message types that a message can hold at any depth, itself first."""
    found: dict[str, Descriptor] = {}
    waiting = [descriptor]
    while waiting:
        current = waiting.pop()
        if current.full_name not in found:
            found[current.full_name] = current
            waiting.extend(child.descriptor for child in shape(current).children)
    return tuple(found.values())


@cache
def reaches_personal(descriptor: Descriptor) -> bool:
    """Whether a message can hold a personal field at any depth."""
    return any(leaf.is_personal for held in reachable(descriptor) for leaf in shape(held).leaves)


@cache
def paths(descriptor: Descriptor) -> tuple[tuple[str, int], ...]:
    """Path and class of each personal leaf about this message's subject; another subject's message is not entered."""
    return tuple((path, leaf.data_class) for path, leaf in leaves(descriptor))


@cache
def leaves(descriptor: Descriptor) -> tuple[tuple[str, Leaf], ...]:
    """The same leaves with their paths."""
    return tuple(_paths(descriptor, "", ()))


def _paths(descriptor: Descriptor, prefix: str, entered: tuple[str, ...]) -> Iterator[tuple[str, Leaf]]:
    # A message type that holds itself is described once: the paths inside the repetition say nothing new.
    if descriptor.full_name in entered:
        return
    here = shape(descriptor)
    for leaf in here.leaves:
        if leaf.is_personal:
            yield prefix + leaf.name, leaf
    for child in here.children:
        if not child.shape.subject:
            yield from _paths(child.descriptor, f"{prefix}{child.name}.", (*entered, descriptor.full_name))


@cache
def method_rule(method: MethodDescriptor) -> Rule:
    """What the labels of an RPC say; ValueError when it names no permission."""
    options = method.GetOptions()
    requires = options.Extensions[options_pb2.requires]
    if not requires:
        raise ValueError(f"{method.full_name}: no permission (option `requires`)")
    service = method.containing_service
    return Rule(
        method=f"{service.full_name}/{method.name}",
        requires=requires,
        is_query=options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        withholds_from_strangers=options.Extensions[options_pb2.stranger] == options_pb2.STRANGER_WITHHOLD,
        request=method.input_type,
        response=method.output_type,
    )


@cache
def names_subjects(descriptor: Descriptor) -> bool:
    """Whether a message can name a subject at any depth."""
    return any(shape(held).subject for held in reachable(descriptor))


def subjects(message: Message) -> tuple[str, ...]:
    """The people whom a message names as subject, at any depth, each once; empty names are left out."""
    return tuple(dict.fromkeys(filter(None, _subjects(message))))


def _subjects(message: Any) -> Iterator[str]:
    here = shape(message.DESCRIPTOR)
    if here.subject:
        yield getattr(message, here.subject)
    for child in here.children:
        if names_subjects(child.descriptor):
            for held in values(message, child):
                yield from _subjects(held)


def values(message: Any, child: Child) -> tuple[Message, ...]:
    """The messages that a field holds; none when it is unset."""
    held = getattr(message, child.name)
    if child.keyed:
        return tuple(held.values())
    if child.repeated:
        return tuple(held)
    return (held,) if message.HasField(child.name) else ()


def is_event(descriptor: Descriptor) -> bool:
    """Whether a message travels on the log."""
    return bool(descriptor.GetOptions().HasExtension(options_pb2.event))


def personal_fields(descriptors: Mapping[str, Descriptor]) -> frozenset[str]:
    """Names of the personal fields in these messages."""
    return frozenset(leaf.name for one in descriptors.values() for leaf in shape(one).leaves if leaf.is_personal)


def problems(service: ServiceDescriptor) -> list[str]:
    """Everything that is missing or contradictory in the labels of a service, a sentence each; empty when complete."""
    found: list[str] = []
    for method in service.methods:
        if not method.GetOptions().Extensions[options_pb2.requires]:
            found.append(f"{method.full_name}: no permission (option `requires`)")
        for root in (method.input_type, method.output_type):
            found.extend(problem for held in reachable(root) for problem in message_problems(held))
        found.extend(_unanswerable(method.output_type, method.full_name, frozenset()))
    return list(dict.fromkeys(found))


def message_problems(descriptor: Descriptor) -> Iterator[str]:
    """What is wrong with the labels of one message type by itself."""
    here = shape(descriptor)
    for leaf in here.leaves:
        if leaf.data_class == options_pb2.DATA_CLASS_UNSPECIFIED:
            yield f"{descriptor.full_name}.{leaf.name}: no data class, and the message declares no default"
        if leaf.tells_whereabouts and not leaf.is_personal:
            yield f"{descriptor.full_name}.{leaf.name}: tells where a person is, and is of the operational class"
    for child in here.children:
        labelled = descriptor.fields_by_name[child.name].GetOptions().Extensions[options_pb2.data_class]
        if labelled and not child.keyed:
            yield f"{descriptor.full_name}.{child.name}: a class on a message field has no effect; label its fields"
    subjects = [field for field in descriptor.fields if field.GetOptions().Extensions[options_pb2.subject]]
    if len(subjects) > 1:
        yield f"{descriptor.full_name}: more than one subject"
    for field in subjects:
        if field.type != FieldDescriptor.TYPE_STRING or field.is_repeated:
            yield f"{descriptor.full_name}.{field.name}: a subject must be a single string"
        if any(leaf.name == field.name and leaf.is_personal for leaf in here.leaves):
            yield f"{descriptor.full_name}.{field.name}: a subject must be of the operational class"


def _unanswerable(descriptor: Descriptor, method: str, entered: frozenset[str]) -> Iterator[str]:
    """Personal fields of an answer that nobody could decide about, or whose withholding could not be said."""
    if descriptor.full_name in entered:
        return
    here = shape(descriptor)
    personal = paths(descriptor) if here.subject else ()
    if personal and not here.withheld:
        yield f"{descriptor.full_name}: personal fields about a subject, but no `repeated common.v1.Withheld withheld`"
    if not here.subject:
        for leaf in here.leaves:
            if leaf.is_personal:
                yield f"{descriptor.full_name}.{leaf.name}: personal in the answer of {method}, but about no subject"
    for child in here.children:
        for target in _outside_scope(child.descriptor, covered=bool(here.subject), entered=frozenset()):
            yield from _unanswerable(target, method, entered | {descriptor.full_name})


def _outside_scope(descriptor: Descriptor, *, covered: bool, entered: frozenset[str]) -> Iterator[Descriptor]:
    """The messages below that a subject above does not speak for: those with a subject of their own."""
    if not covered or shape(descriptor).subject:
        yield descriptor
        return
    if descriptor.full_name in entered:
        return
    for child in shape(descriptor).children:
        yield from _outside_scope(child.descriptor, covered=True, entered=entered | {descriptor.full_name})
