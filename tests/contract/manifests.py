"""What the tests of the manifests share: the documents of an overlay, rendered once, and ways to pick from them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from deploy import check, edges

Document = dict[str, Any]

_ROOT = edges.ROOT.parent
_SETTINGS = """
import importlib, importlib.util, json, sys
from chassis import settings
known = {row.variable for row in settings.describe()}
name = f"services.{sys.argv[1]}.settings"
if importlib.util.find_spec(name):
    for kind in vars(importlib.import_module(name)).values():
        if isinstance(kind, type) and issubclass(kind, settings.ServiceSettings):
            known |= {row.variable for row in settings.describe(kind)}
print(json.dumps(sorted(known)))
"""

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


@cache
def settings_of(service: str) -> frozenset[str]:
    """The variables that a service reads: those of the chassis and those of its own settings.py, if it has one.

    Asked in a process of its own: tables of two services may share a name.
    """
    return frozenset(asked(_SETTINGS, service))


def asked(question: str, service: str) -> Any:
    """What a program prints as JSON when it is run on the name of a service, in a fresh process."""
    environment = {**os.environ, "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'gen'}"}
    command = [sys.executable, "-c", question, service]
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
