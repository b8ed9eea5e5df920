"""Bytes to a checked FHIR document: size, encoding, JSON or XML, depth, and then the specification."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.fhir import json_form, specification, xml_form
from services.gateway.fhir.element import Element
from services.gateway.fhir.issues import IssueCode, Unreadable

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be, how deep its elements may nest, and how many issues one answer tells."""

    octets: int = 2 * 1024 * 1024
    depth: int = 48
    issues: int = 20


def parse(data: bytes, limits: Limits | None = None) -> Element:
    """The document's root, safe to walk but not yet checked against FHIR. Raises Unreadable.

    The form is told by the first character, whatever a header says: `{` is JSON and `<` is XML.
    """
    limits = limits or Limits()
    if len(data) > limits.octets:
        raise Unreadable.at("Bundle", f"the message is larger than {limits.octets} bytes", IssueCode.TOO_COSTLY)
    text = _decoded(data)
    if text.startswith("<"):
        tree = xml_form.parse(text, limits.depth)
    elif text.startswith("{"):
        tree = json_form.parse(text, limits.depth)
    else:
        raise Unreadable.at("Bundle", "the message is neither FHIR JSON nor FHIR XML", IssueCode.INVALID)
    return Element(str(tree["resourceType"]), tree)


def check(root: Element, limits: Limits | None = None) -> None:
    """Holds a parsed document against FHIR R4. Raises Unreadable with every fault found, up to `limits.issues`."""
    issues = specification.check(root.value)
    if issues:
        raise Unreadable(*issues[: (limits or Limits()).issues])


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8").removeprefix(BYTE_ORDER_MARK).strip()
    except UnicodeDecodeError as wrong:
        # FHIR R4 2.6: both forms are UTF-8.
        raise Unreadable.at("Bundle", f"byte {wrong.start} is not UTF-8", IssueCode.INVALID) from None
