"""What the tests of the manifests share: the documents of an overlay, rendered once, and ways to pick from them."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from deploy import check

Document = dict[str, Any]

rendered = cache(check.rendered)


def of_kind(overlay: str, *kinds: str) -> list[Document]:
    """The documents of these kinds."""
    return [document for document in rendered(overlay) if document["kind"] in kinds]


def name(document: Document) -> str:
    """Kind and name, for a message."""
    return f"{document['kind']}/{document['metadata']['name']}"


def pod(document: Document) -> Document:
    """The pod's specification of a Deployment, Job or CronJob."""
    spec: Document = document["spec"]
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found: Document = spec["template"]["spec"]
    return found


def workloads(overlay: str) -> list[Document]:
    """Everything that runs our image."""
    return of_kind(overlay, "Deployment", "Job", "CronJob")


def containers(document: Document) -> list[Document]:
    """Every container of a workload."""
    spec = pod(document)
    return [*spec.get("initContainers", []), *spec["containers"]]


def mentioned(node: Any, key: str) -> Iterator[Any]:
    """Every value that stands under `key`, however deep."""
    if isinstance(node, dict):
        for word, value in node.items():
            if word == key:
                yield value
            yield from mentioned(value, key)
    elif isinstance(node, list):
        for child in node:
            yield from mentioned(child, key)
