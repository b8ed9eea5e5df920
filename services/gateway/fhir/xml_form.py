"""FHIR XML to the same tree that its JSON would give, without entities, document types, comments or networks."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from services.gateway.fhir import specification
from services.gateway.fhir.issues import IssueCode, Unreadable

NAMESPACE = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"
_DECLARED_TYPE = re.compile(r"<!(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)")
_DECLARATION = re.compile(r"^<\?xml[^>]*\?>")
_WHOLE = {"integer", "positiveInt", "unsignedInt", "integer64"}
# A value, and for a primitive the extensions beside it.
Held = tuple[Any, dict[str, Any] | None]
_DIGITS = re.compile(r"[+-]?\d{1,18}")


def parse(text: str, depth: int) -> dict[str, Any]:
    """The document as nested dicts and lists. Raises Unreadable, with line and column where it is no XML at all."""
    if _DECLARED_TYPE.search(text):
        raise Unreadable.at("Bundle", "a document type or entity declaration is not allowed", IssueCode.INVALID)
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        # The text is UTF-8 already, whatever its declaration says.
        root = etree.fromstring(_DECLARATION.sub("", text).encode("utf-8"), parser)
    except etree.XMLSyntaxError as wrong:
        raise Unreadable.at("Bundle", f"the message is not XML: {wrong.msg}", IssueCode.INVALID) from None
    name = _name(root, "Bundle")
    if not specification.is_resource(name):
        raise Unreadable.at("Bundle", "FHIR R4 knows no resource of the type that it claims to be")
    return _resource(root, name, depth)


def _resource(node: Any, path: str, depth: int) -> dict[str, Any]:
    name = _name(node, path)
    if not specification.is_resource(name):
        raise Unreadable.at(path, "FHIR R4 knows no resource of this type")
    return {"resourceType": name} | _members(node, name, path, depth)


def _members(node: Any, type_name: str, path: str, depth: int) -> dict[str, Any]:
    """The children and attributes of a complex element, as its type has them."""
    if depth < 0:
        raise Unreadable.at(path, "the message nests too deeply", IssueCode.TOO_COSTLY)
    if (node.text or "").strip():
        raise Unreadable.at(path, "text stands outside a value")
    known = specification.slots(type_name)
    tree: dict[str, Any] = {}
    for attribute, value in node.attrib.items():
        if attribute not in {"id", "url"} or attribute not in known:
            raise Unreadable.at(path, f"the attribute {attribute[:80]} does not belong here")
        tree[str(attribute)] = str(value)
    for child in node:
        name = _name(child, path)
        if name not in known or (child.tail or "").strip():
            raise Unreadable.at(f"{path}.{name}", "is not an element of this type")
        slot = known[name]
        place = f"{path}.{name}[{len(tree.get(name, []))}]" if slot.many else f"{path}.{name}"
        _keep(tree, name, slot, _value(child, slot, place, depth - 1), place)
    return tree


def _keep(tree: dict[str, Any], name: str, slot: specification.Slot, held: Held, path: str) -> None:
    """Puts a value where JSON has it, and what a primitive holds besides under its name with an underscore."""
    value, extra = held
    if not slot.many:
        if name in tree or f"_{name}" in tree:
            raise Unreadable.at(path, "stands more than once")
        tree.update({key: each for key, each in ((name, value), (f"_{name}", extra)) if each is not None})
        return
    values = tree.setdefault(name, [])
    values.append(value)
    if extra is not None:
        extras = tree.setdefault(f"_{name}", [])
        extras += [None] * (len(values) - 1 - len(extras)) + [extra]


def _value(node: Any, slot: specification.Slot, path: str, depth: int) -> Held:
    """What the element holds, and for a primitive its id and extensions where it has any."""
    if slot.type_name == "xhtml":
        return etree.tostring(node, encoding="unicode", with_tail=False), None
    if slot.type_name == "Resource":
        held = list(node)
        if len(held) != 1:
            raise Unreadable.at(path, "exactly one resource must stand here")
        return _resource(held[0], path, depth), None
    if not slot.primitive:
        return _members(node, slot.type_name, path, depth), None
    return _primitive(node, slot.type_name, path, depth)


def _primitive(node: Any, type_name: str, path: str, depth: int) -> Held:
    if (node.text or "").strip() or set(node.attrib) - {"value", "id"}:
        raise Unreadable.at(path, "a value stands in the attribute of that name, and nothing else does")
    extensions = [
        _members(child, "Extension", f"{path}.extension", depth) for child in node if _is_extension(child, path)
    ]
    extra = {"extension": extensions} if extensions else None
    text = node.get("value")
    if text is None and not extra:
        raise Unreadable.at(path, "has no value", IssueCode.REQUIRED)
    return (None if text is None else _typed(text, type_name)), extra


def _is_extension(node: Any, path: str) -> bool:
    if _name(node, path) != "extension":
        raise Unreadable.at(path, "a value can hold extensions only")
    return True


def _typed(text: str, type_name: str) -> Any:
    """The value as JSON would have it; what does not fit stays text, and the specification then refuses it."""
    if type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if type_name in _WHOLE:
        return int(text) if _DIGITS.fullmatch(text) else text
    if type_name == "decimal":
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return text


def _name(node: Any, path: str) -> str:
    if not isinstance(node.tag, str):
        raise Unreadable.at(path, "an entity reference is not allowed", IssueCode.INVALID)
    name = etree.QName(node)
    if name.namespace not in {NAMESPACE, XHTML}:
        raise Unreadable.at(path, f"an element is not of the namespace {NAMESPACE}")
    return str(name.localname)
