"""Message types made for the tests of labels and redaction: nested, repeated, keyed, shared between two people."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor

from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2

PACKAGE = "joinedup.made.v1"
_Field = descriptor_pb2.FieldDescriptorProto
_KINDS = {"string": _Field.TYPE_STRING, "int32": _Field.TYPE_INT32, "bool": _Field.TYPE_BOOL}
OPERATIONAL = options_pb2.DATA_CLASS_OPERATIONAL
IDENTIFYING = options_pb2.DATA_CLASS_IDENTIFYING
HEALTH = options_pb2.DATA_CLASS_HEALTH
POLICE = options_pb2.DATA_CLASS_POLICE
CONTACT = options_pb2.DATA_CLASS_CONTACT
VOICE = options_pb2.DATA_CLASS_VOICE
WITHHELD = common_pb2.Withheld.DESCRIPTOR.full_name


def made(name: str, messages: dict[str, dict[str, tuple[Any, ...]]], defaults: dict[str, int] | None = None) -> Any:
    """Message classes by name. A field is (kind, data class, "repeated" | "map" | "optional" | "subject" | "told")."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"joinedup/made/v1/{name}.proto",
        package=f"{PACKAGE}.{name}",
        syntax="proto3",
        dependency=[
            "joinedup/options/v1/options.proto",
            "joinedup/common/v1/common.proto",
            "google/protobuf/timestamp.proto",
        ],
    )
    for title, fields in messages.items():
        message = file.message_type.add(name=title)
        default = options_pb2.DataClass.ValueType((defaults or {}).get(title, 0))
        message.options.Extensions[options_pb2.default_data_class] = default
        for number, (field, (kind, data_class, *marks)) in enumerate(fields.items(), start=1):
            _add(message, f".{file.package}", message.field.add(name=field, number=number), kind, marks)
            if data_class:
                message.field[-1].options.Extensions[options_pb2.data_class] = data_class
    pool = descriptor_pool.Default()
    pool.Add(file)
    return {
        title: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{title}"))
        for title in messages
    }


def _add(message: Any, package: str, field: Any, kind: str, marks: list[str]) -> None:
    name = field.name
    field.label = _Field.LABEL_REPEATED if {"repeated", "map"} & set(marks) else _Field.LABEL_OPTIONAL
    _type(field, package, kind)
    if "map" in marks:
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL)
        value = entry.field.add(name="value", number=2, label=_Field.LABEL_OPTIONAL)
        _type(value, package, kind)
        field.type, field.type_name = _Field.TYPE_MESSAGE, f"{package}.{message.name}.{entry.name}"
    if "optional" in marks:
        field.proto3_optional = True
        field.oneof_index = len(message.oneof_decl)
        message.oneof_decl.add(name=f"_{name}")
    if "told" in marks:
        field.options.Extensions[options_pb2.whereabouts] = options_pb2.WHEREABOUTS_TOLD
    if "subject" in marks:
        field.options.Extensions[options_pb2.subject] = True


def _type(field: Any, package: str, kind: str) -> None:
    if kind in _KINDS:
        field.type = _KINDS[kind]
    else:
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".{kind}" if "." in kind else f"{package}.{kind}"


CASE = made(
    "redaction",
    {
        "Note": {
            "id": ("string", OPERATIONAL),
            "words": ("string", HEALTH),
            "replies": ("Note", 0, "repeated"),
            "written": ("google.protobuf.Timestamp", POLICE),
        },
        "Place": {"lines": ("string", CONTACT, "repeated"), "code": ("string", CONTACT)},
        "Friend": {
            "friend_id": ("string", OPERATIONAL, "subject"),
            "name": ("string", IDENTIFYING),
            "withheld": (WITHHELD, 0, "repeated"),
        },
        "Case": {
            "person_id": ("string", OPERATIONAL, "subject"),
            "version": ("int32", OPERATIONAL),
            "name": ("string", IDENTIFYING),
            "wish": ("string", VOICE, "optional"),
            "risk": ("bool", POLICE),
            "place": ("Place", 0),
            "places": ("Place", 0, "repeated"),
            "notes": ("Note", 0, "repeated"),
            "notes_by_agency": ("Note", OPERATIONAL, "map"),
            "places_by_friend": ("Place", IDENTIFYING, "map"),
            "markers": ("string", HEALTH, "map"),
            "friend": ("Friend", 0),
            "withheld": (WITHHELD, 0, "repeated"),
        },
        "Cases": {"cases": ("Case", 0, "repeated"), "token": ("string", OPERATIONAL)},
    },
)


def descriptor(name: str) -> Descriptor:
    """The descriptor of one of the redaction types."""
    found: Descriptor = CASE[name].DESCRIPTOR
    return found
