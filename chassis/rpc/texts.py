"""Text that no request may hold: PostgreSQL cannot store the NUL character, so it is refused at the door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from chassis import errors

_PROBLEM = "must not contain the NUL character"


def check(message: Message, wire: bytes) -> None:
    """Invalid, naming each field with a NUL character in its text; `wire` is the message as it was received."""
    # Only one request in many has such a byte at all, mostly as part of a number.
    if b"\x00" in wire:
        violations = [errors.Violation(path, _PROBLEM) for path in _offending(message, "")]
        if violations:
            raise errors.Invalid(*violations)


def _offending(message: Message, prefix: str) -> Iterator[str]:
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        for key, one in _each(field, value):
            if isinstance(key, str) and "\x00" in key:
                yield path
            if isinstance(one, Message):
                yield from _offending(one, f"{path}.")
            elif isinstance(one, str) and "\x00" in one:
                yield path


def _each(field: FieldDescriptor, value: Any) -> list[tuple[Any, Any]]:
    """Each value of a field, with its key if it is in a map."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return list(value.items())
    return [(None, one) for one in (value if field.is_repeated else [value])]
