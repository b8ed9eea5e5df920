"""Who a BaRS message says its sender is: read just far enough to choose the key that signs for it."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
_FHIR = "http://hl7.org/fhir"


def ods_code(message: bytes) -> str:
    """The sender's ODS code; empty when the message does not say, or cannot be read: the gateway says why then."""
    try:
        return _in_xml(message) if message.lstrip()[:1] == b"<" else _in_json(message)
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration, etree.XMLSyntaxError):
        return ""


def _in_json(message: bytes) -> str:
    entries: list[dict[str, Any]] = json.loads(message)["entry"]
    by_url = {str(entry.get("fullUrl", "")): entry["resource"] for entry in entries}
    header = next(resource for resource in by_url.values() if resource["resourceType"] == "MessageHeader")
    identifiers = _resolved(by_url, header["sender"]["reference"])["identifier"]
    return next((str(one["value"]) for one in identifiers if _same(one.get("system", ""))), "")


def _resolved(by_url: dict[str, dict[str, Any]], reference: str) -> dict[str, Any]:
    return next(resource for url, resource in by_url.items() if url == reference or url.endswith(f"/{reference}"))


def _in_xml(message: bytes) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(message, parser)
    reference = _value(root, "entry/resource/MessageHeader/sender/reference")
    for entry in _all(root, "entry"):
        url = _value(entry, "fullUrl")
        if url == reference or url.endswith(f"/{reference}"):
            for one in _all(entry, "resource/Organization/identifier"):
                if _same(_value(one, "system")):
                    return _value(one, "value")
    return ""


def _all(element: Any, path: str) -> Any:
    return element.iterfind("/".join(f"{{{_FHIR}}}{name}" for name in path.split("/")))


def _value(element: Any, path: str) -> str:
    return next((str(found.get("value", "")) for found in _all(element, path)), "")


def _same(system: str) -> bool:
    return system.rstrip("/").lower() == ODS_CODE.lower()
