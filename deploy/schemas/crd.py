"""Turns a CustomResourceDefinition into the strict JSON schema of one of its versions."""

from typing import Any

from deploy.schemas import document

_DROPPED = {"description", "default", "example", "format", "status"}


def schema_of(definition: dict[str, Any], version: str) -> dict[str, Any]:
    """The strict schema of `version`; raises LookupError when the definition does not serve it."""
    for candidate in definition["spec"]["versions"]:
        if candidate["name"] == version and candidate["served"]:
            spec = _strict(candidate["schema"]["openAPIV3Schema"]["properties"]["spec"])
            names = definition["spec"]
            return document.resource(names["group"], version, names["names"]["kind"], spec)
    raise LookupError(f"{definition['metadata']['name']} does not serve {version}")


def _strict(node: dict[str, Any]) -> dict[str, Any]:
    """The same node without prose, in which a field that is not declared is an error, as on a strict API server."""
    open_ended = node.get("x-kubernetes-preserve-unknown-fields", False)
    if node.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    kept: dict[str, Any] = {
        key: value for key, value in node.items() if key not in _DROPPED and not key.startswith("x-kubernetes-")
    }
    if "properties" in node:
        kept["properties"] = {name: _strict(child) for name, child in node["properties"].items()}
        if not open_ended:
            kept["additionalProperties"] = False
    elif isinstance(node.get("additionalProperties"), dict):
        kept["additionalProperties"] = _strict(node["additionalProperties"])
    if "items" in node:
        kept["items"] = _strict(node["items"])
    for key in ("oneOf", "anyOf", "allOf"):
        if key in node:
            # Branches only narrow what `properties` above already closed; closing each would refuse everything.
            kept[key] = [{k: v for k, v in branch.items() if k not in _DROPPED} for branch in node[key]]
    return kept
