"""What no request may hold, whatever it asks: texts, ids and lists without end, codes and moments that do not exist.

Services are stricter where they know better. What passes here fits into a table and an index, and a handler may take
every code and every moment in it for one that there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
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
    violations: list[errors.Violation] = []
    _look(message, "", violations)
    if violations:
        raise errors.Invalid(*violations[:_MOST_TOLD])


def _look(message: Any, prefix: str, found: list[errors.Violation]) -> None:
    problems = _problems(message.DESCRIPTOR)
    for field, value in message.ListFields():
        name = field.name
        problem, is_repeated = problems[name]
        if not is_repeated:
            _ask(problem, prefix, name, value, found)
        elif len(value) > MOST_ENTRIES:
            found.append(errors.Violation(f"{prefix}{name}", f"has {len(value)} entries; at most {MOST_ENTRIES} fit"))
        else:
            for place, each in value.items() if hasattr(value, "items") else enumerate(value):
                _ask(problem, prefix, f"{name}[{str(place)[:LONGEST_ID]}]", each, found)
        if len(found) >= _MOST_TOLD:
            return


def _ask(problem: _Problem | None, prefix: str, name: str, value: Any, found: list[errors.Violation]) -> None:
    if problem is None:
        _look(value, f"{prefix}{name}.", found)
    elif told := problem(value):
        found.append(errors.Violation(f"{prefix}{name}", told))


@cache
def _problems(descriptor: Descriptor) -> Mapping[str, tuple[_Problem | None, bool]]:
    """What to ask of the values of each field (None for messages, whose own fields are asked); whether it is a list."""
    return {field.name: (_problem(field), field.is_repeated) for field in descriptor.fields}


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
