"""FHIR JSON to FHIR XML (HL7 FHIR R4, 2.6.2), for resources whose keys stand in the order of the specification."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

_NAMESPACE = "http://hl7.org/fhir"
# Members that XML carries as attributes of their parent.
_ATTRIBUTES = {"url"}


def to_xml(resource: Mapping[str, Any]) -> bytes:
    """The resource as an indented UTF-8 document. Narrative (`div`) and ids of elements are not supported."""
    root = ElementTree.Element(resource["resourceType"], xmlns=_NAMESPACE)
    _members(root, resource)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _members(parent: ElementTree.Element, value: Mapping[str, Any]) -> None:
    for name, member in value.items():
        if name == "resourceType":
            continue
        for item in member if isinstance(member, list | tuple) else (member,):
            _member(parent, name, item)


def _member(parent: ElementTree.Element, name: str, item: object) -> None:
    if isinstance(item, Mapping):
        element = ElementTree.SubElement(parent, name)
        if "resourceType" in item:
            element = ElementTree.SubElement(element, item["resourceType"])
        _members(element, item)
    elif name in _ATTRIBUTES and parent.tag == "extension":
        parent.set(name, str(item))
    else:
        ElementTree.SubElement(parent, name, value=_text(item))


def _text(item: object) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    return str(item)
