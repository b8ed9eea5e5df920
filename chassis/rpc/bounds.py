"""What no request may hold, whatever it asks: texts, ids and lists without end, codes and moments that do not exist.

Services are stricter where they know better. What passes here fits into a table and an index, and a handler may take
every code and every moment in it for one that there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from chassis import errors

LONGEST_TEXT = 20_000
# PostgreSQL keeps no more than 2,704 bytes in an index, and ids stand in several together.
LONGEST_ID = 200
MOST_ENTRIES = 1_000
_MOST_TOLD = 20
_ID_NAMES = ("id", "ids")
# google.protobuf.Timestamp: years 1 to 9999.
_SECONDS = range(-62_135_596_800, 253_402_300_800)
_NANOS = range(1_000_000_000)
_TIMESTAMP = "google.protobuf.Timestamp"

_Problem = Callable[[Any], str]


def check(message: Message) -> None:
    """Invalid, naming each field that is out of bounds (the first twenty)."""
    violations = tuple(islice(_violations(message, ""), _MOST_TOLD))
    if violations:
        raise errors.Invalid(*violations)


def _violations(message: Any, prefix: str) -> Iterator[errors.Violation]:
    problems = _problems(message.DESCRIPTOR)
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}"
        if not field.is_repeated:
            yield from _one(problems[field.name], path, value)
        elif len(value) > MOST_ENTRIES:
            yield errors.Violation(path, f"has {len(value)} entries; at most {MOST_ENTRIES} fit")
        else:
            for place, each in value.items() if hasattr(value, "items") else enumerate(value):
                yield from _one(problems[field.name], f"{path}[{str(place)[:LONGEST_ID]}]", each)


def _one(problem: _Problem | None, path: str, value: Any) -> Iterator[errors.Violation]:
    if problem is None:
        yield from _violations(value, f"{path}.")
    elif found := problem(value):
        yield errors.Violation(path, found)


@cache
def _problems(descriptor: Descriptor) -> Mapping[str, _Problem | None]:
    """What to ask of each value of each field; None for a message, whose own fields are asked."""
    return {field.name: _problem(field) for field in descriptor.fields}


def _problem(field: FieldDescriptor) -> _Problem | None:
    held = field.message_type
    if held is not None and held.GetOptions().map_entry:
        return _problem(held.fields_by_name["value"])
    if held is not None:
        return _moment if held.full_name == _TIMESTAMP else None
    if field.enum_type is not None:
        known = frozenset(field.enum_type.values_by_number)
        return lambda number: "" if number in known else f"{number} is not a code that there is"
    if field.type == FieldDescriptor.TYPE_STRING:
        return _id if field.name.rpartition("_")[2] in _ID_NAMES else _text
    return _nothing


def _id(text: str) -> str:
    if len(text) <= LONGEST_ID and text.isprintable():
        return ""
    return f"is longer than {LONGEST_ID} characters, or has unprintable ones"


def _text(text: str) -> str:
    return "" if len(text) <= LONGEST_TEXT else f"is longer than {LONGEST_TEXT} characters"


def _moment(moment: Any) -> str:
    return "" if moment.seconds in _SECONDS and moment.nanos in _NANOS else "is not a moment of the years 1 to 9999"


def _nothing(_value: object) -> str:
    return ""
