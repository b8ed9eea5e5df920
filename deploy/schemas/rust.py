"""Reads the types that kopium generated from a CustomResourceDefinition back into a strict JSON schema."""

import re
from typing import Any

from deploy.schemas import document

_ITEM = re.compile(r"^pub (struct|enum) (\w+)\s*\{(?:\}|\n(.*?)^\})", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(
    r"((?:^ {4}#\[.*?\]\n)*)^ {4}pub (?:r#)?(\w+):\s+(.+?),\n(?= {4}(?:#|pub )|\Z)", re.MULTILINE | re.DOTALL
)
_VARIANT = re.compile(r"((?:^ {4}#\[.*?\]\n)*)^ {4}(?:r#)?(\w+),$", re.MULTILINE | re.DOTALL)
_RENAMED = re.compile(r'rename = "([^"]*)"')
_GENERIC = re.compile(r"^(Option|Vec|BTreeMap)<(.+)>$")
_PLAIN: dict[str, dict[str, Any]] = {
    "String": {"type": "string"},
    "bool": {"type": "boolean"},
    "i32": {"type": "integer"},
    "i64": {"type": "integer"},
    "IntOrString": {"type": ["integer", "string"]},
}


def schema_of(source: str, group: str, version: str, kind: str) -> dict[str, Any]:
    """The strict schema of `kind` from its module's text; raises LookupError for a type that is not in it."""
    without_prose = re.sub(r"^ *///.*\n", "", source, flags=re.MULTILINE)
    items = {name: (sort, body) for sort, name, body in _ITEM.findall(without_prose)}
    return document.resource(group, version, kind, _item(f"{kind}Spec", items))


def _item(name: str, items: dict[str, tuple[str, str]]) -> dict[str, Any]:
    if name not in items:
        raise LookupError(f"{name} is not declared in this module")
    sort, body = items[name]
    if sort == "enum":
        return {"type": "string", "enum": [_wire_name(attributes, word) for attributes, word in _VARIANT.findall(body)]}
    if not body:
        return {"type": "object"}  # kopium writes an open-ended object (an embedded metadata) as an empty struct
    properties: dict[str, Any] = {}
    required = []
    fields = _FIELD.findall(body)
    if len(fields) != len(re.findall(r"^ {4}pub ", body, re.MULTILINE)):
        raise LookupError(f"{name} has a field that could not be read")
    for attributes, word, spread in fields:
        wire = _wire_name(attributes, word)
        written = re.sub(r",?\s*>", ">", re.sub(r"<\s+", "<", spread))  # a long type is spread over several lines
        properties[wire] = _type(written, items)
        if not written.startswith("Option<"):
            required.append(wire)
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": required} if required else schema


def _type(written: str, items: dict[str, tuple[str, str]]) -> dict[str, Any]:
    if written in _PLAIN:
        return _PLAIN[written]
    generic = _GENERIC.match(written)
    if generic is None:
        return _item(written, items)
    outer, inner = generic.groups()
    if outer == "Option":
        return _type(inner, items)
    if outer == "Vec":
        return {"type": "array", "items": _type(inner, items)}
    return {"type": "object", "additionalProperties": _type(inner.removeprefix("String, "), items)}


def _wire_name(attributes: str, word: str) -> str:
    renamed = _RENAMED.search(attributes)
    return renamed.group(1) if renamed else word
