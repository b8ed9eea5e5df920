"""FHIR R4 itself, as `fhir.resources` (R4B) models it: what an element may hold, and whether a document keeps to it.

The only module that imports the library, which costs 32 MB and a third of a second; resource types load as they come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pydantic
from fhir.resources.R4B import get_fhir_model_class
from fhir_core.utils import get_fhir_type_name, is_list_type, is_primitive_type

from services.gateway.fhir.issues import Issue, IssueCode

_VERSION = "R4."
# How the library names its own faults, in our words.
_FAULTS = {
    "missing": (IssueCode.REQUIRED, "is required and missing"),
    "model_field_validation.missing": (IssueCode.REQUIRED, "is required and missing"),
    "extra_forbidden": (IssueCode.INVALID, "is not an element of this type"),
    "fhir-validation-wrong-resource-type": (IssueCode.INVALID, "is of another type than must stand here"),
}
_NAMES = {"resource_type": "resourceType"}
_INSTANCE = re.compile(r"expected from the instance of (\w+)")


@dataclass(frozen=True, slots=True)
class Slot:
    """What stands under a name: `type_name` of a primitive or of a complex type; `many` where it repeats."""

    type_name: str
    primitive: bool
    many: bool


@lru_cache(maxsize=256)
def is_resource(name: str) -> bool:
    """Whether FHIR R4 knows a resource of that name."""
    if not name.isalpha():
        return False
    try:
        return bool(get_fhir_model_class(name).has_resource_base())
    except (ValueError, KeyError, AttributeError):
        return False


@lru_cache(maxsize=1024)
def slots(type_name: str) -> dict[str, Slot]:
    """The elements of a type, complex or resource, by name."""
    model = get_fhir_model_class(type_name)
    found = {}
    for name, field_name in model.get_alias_mapping().items():
        field = model.model_fields[field_name]
        found[name] = Slot(get_fhir_type_name(field, prefix=_VERSION), is_primitive_type(field), is_list_type(field))
    return found


def prepare(names: Iterable[str]) -> None:
    """Read these types' models now, which takes a third of a second, rather than while a sender waits."""
    for name in names:
        slots(name)


def check(tree: dict[str, Any]) -> list[Issue]:
    """Everything in which the document breaks the specification; a sound document has none."""
    root = tree["resourceType"]
    if not is_resource(root):
        return [Issue.error(IssueCode.INVALID, "Bundle", "FHIR R4 knows no resource of the type that it claims to be")]
    if issues := list(_misplaced(tree, root)):
        return issues
    try:
        get_fhir_model_class(root).model_validate(tree)
    except pydantic.ValidationError as refused:
        return [_issue(root, error) for error in refused.errors(include_url=False, include_input=False)]
    # Strange values make the library stumble in its own validators; that is a fault of the document all the same.
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError, ArithmeticError):
        return [Issue.error(IssueCode.INVALID, root, "the resource does not keep to FHIR R4")]
    return []


def _misplaced(holder: dict[str, Any], path: str, holder_name: str = "") -> Iterator[Issue]:
    """Resources of an unknown type, or none where one must stand: the library stumbles over them without a place."""
    for name, member in holder.items():
        must = name == "contained" or (name == "resource" and holder_name == "entry")
        items = member if isinstance(member, list) else [member]
        for number, item in enumerate(items):
            place = f"{path}.{name}[{number}]" if isinstance(member, list) else f"{path}.{name}"
            if must and not _typed_resource(item):
                yield Issue.error(IssueCode.INVALID, place, "a resource of a type that FHIR R4 knows must stand here")
            elif isinstance(item, dict):
                yield from _misplaced(item, place, name)


def _typed_resource(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("resourceType"), str) and is_resource(item["resourceType"])


def _issue(root: str, error: Any) -> Issue:
    path = root
    for part in error["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{_NAMES.get(part, part)}"
    code, said = _FAULTS.get(error["type"], (IssueCode.VALUE, ""))
    return Issue.error(code, path.removesuffix(".root"), said or _said(str(error["msg"])))


def _said(message: str) -> str:
    if wanted := _INSTANCE.search(message):
        return f"must be one {wanted[1]}"
    message = message.removeprefix("Value error, ").strip()
    return message[:1].lower() + message[1:300]
