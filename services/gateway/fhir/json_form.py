"""FHIR JSON to a tree of plain values, refusing what JSON allows and FHIR does not (HL7 FHIR R4, 2.6.1)."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from services.gateway.fhir.issues import IssueCode, Unreadable

# PostgreSQL keeps no NUL, and half of a surrogate pair cannot be written as UTF-8 again.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_FORBIDDEN_NAMES = {"resource_type", "fhir_comments"}


class _TwiceError(ValueError):
    """A member stands twice in one object: which one counts would depend on who reads it."""


def parse(text: str, depth: int) -> dict[str, Any]:
    """The document as nested dicts and lists. Raises Unreadable, with line and column where it is no JSON at all."""
    try:
        tree = json.loads(text, parse_float=Decimal, parse_constant=_constant, object_pairs_hook=_members)
    except json.JSONDecodeError as wrong:
        place = f"line {wrong.lineno}, column {wrong.colno}"
        raise Unreadable.at("Bundle", f"the message is not JSON: {wrong.msg} at {place}", IssueCode.INVALID) from None
    except RecursionError:
        raise Unreadable.at("Bundle", "the message nests too deeply", IssueCode.TOO_COSTLY) from None
    except ValueError as wrong:
        raise Unreadable.at("Bundle", f"the message is not JSON: {wrong}", IssueCode.INVALID) from None
    root = tree.get("resourceType")
    if not isinstance(root, str) or not root.isalpha():
        raise Unreadable.at("Bundle.resourceType", "the resource does not say of what type it is", IssueCode.REQUIRED)
    _check(tree, root, depth)
    return dict(tree)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(
            f"the member {next(name for name in names if names.count(name) > 1)[:80]!r} stands twice in one object"
        )
    return members


def _check(value: Any, path: str, depth: int) -> None:
    """Refuses nulls, unstorable characters and too deep a nesting, with their place."""
    if depth < 0:
        raise Unreadable.at(path, "the message nests too deeply", IssueCode.TOO_COSTLY)
    if isinstance(value, dict):
        for name, member in value.items():
            if _UNSTORABLE.search(name) or name in _FORBIDDEN_NAMES:
                raise Unreadable.at(path, "a member has a name that FHIR does not know")
            if member is None:
                raise Unreadable.at(f"{path}.{name}", "null stands where FHIR wants the member left out")
            _check(member, f"{path}.{name}", depth - 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _check(item, f"{path}[{number}]", depth - 1)
    elif isinstance(value, str) and _UNSTORABLE.search(value):
        raise Unreadable.at(path, "the text holds a character that cannot be kept", IssueCode.VALUE)
