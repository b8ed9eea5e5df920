"""Puts a derived schema on paper: the frame every resource has, and repeated parts written once."""

import hashlib
import json
from collections import Counter
from typing import Any

_WORTH_SHARING = 200  # characters: below this a reference saves nothing


def resource(group: str, version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The schema of a whole resource; what is in `metadata` is checked by the name rules of `deploy.check`."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": f"{group}/{version}"},
            "kind": {"const": kind},
            "metadata": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"},
                    "namespace": {"type": "string"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            "spec": spec,
        },
    }


def compact(schema: dict[str, Any]) -> str:
    """One line of JSON in which each part that occurs more than once stands in `$defs`."""
    seen: Counter[str] = Counter()
    _count(schema, seen)
    definitions: dict[str, Any] = {}
    shared = _share(schema, seen, definitions)
    assert isinstance(shared, dict)
    shared["$defs"] = dict(sorted(definitions.items()))
    return json.dumps(shared, sort_keys=True, separators=(",", ":")) + "\n"


def _text(node: Any) -> str:
    return json.dumps(node, sort_keys=True, separators=(",", ":"))


def _count(node: Any, seen: Counter[str]) -> None:
    if isinstance(node, dict) and "type" in node:
        seen[_text(node)] += 1
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _count(child, seen)


def _share(node: Any, seen: Counter[str], definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_share(child, seen, definitions) for child in node]
    if not isinstance(node, dict):
        return node
    text = _text(node)
    name = hashlib.sha256(text.encode()).hexdigest()[:8]
    written = {key: _share(child, seen, definitions) for key, child in node.items()}
    if seen[text] < 2 or len(text) < _WORTH_SHARING:
        return written
    definitions[name] = written
    return {"$ref": f"#/$defs/{name}"}
