"""Resources as plain data, made from the map of edges; deploy.generate writes them to files."""

from typing import Any

Resource = dict[str, Any]


def labels(service: str, role: str = "") -> dict[str, str]:
    """The labels that say whose a resource is; selectors use the same words. Kustomize adds what all have in common."""
    component = {"app.kubernetes.io/component": role} if role else {}
    return {"app.kubernetes.io/name": service, **component}


def resource(api_version: str, kind: str, name: str, marks: dict[str, str], **body: Any) -> Resource:
    """A resource with its frame; `body` holds what stands beside metadata."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "labels": marks}, **body}
