"""Checks what is deployed, without a cluster: drift, schemas of every kind and field, the Dockerfile, compose.yaml."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import kubernetes_validate  # type: ignore[import-untyped]
import yaml

from deploy import edges, generate

Document = dict[str, Any]

OVERLAYS = ("dev", "production")
# The oldest Kubernetes that the manifests mean to run on (deploy/README.md), and the newest there are schemas for.
KUBERNETES = ("1.33", "1.37")

_SCHEMAS = edges.ROOT / "schemas"
_TOOLS = Path(sys.executable).parent


class Refused(Exception):
    """Something would not be accepted where it is meant to run; the text says what and where."""


def rendered(overlay: str) -> tuple[Document, ...]:
    """Every document of an overlay as `kubectl apply -k` would send it; raises Refused when it cannot be built."""
    path = edges.ROOT / "k8s" / "overlays" / overlay
    return tuple(document for document in yaml.safe_load_all(_run("kubectl", "kustomize", str(path))) if document)


def validate(document: Document) -> None:
    """Raises Refused for a kind that no schema is known for, and for a field its schema does not declare."""
    name = f"{document.get('kind')} {document.get('metadata', {}).get('name')}"
    try:
        custom = _custom(document["apiVersion"], document["kind"])
        if custom is not None:
            custom.validate(document)
            return
        for version in KUBERNETES:
            kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.SchemaNotFoundError as unknown:
        raise Refused(f"{name}: no schema for {unknown.api_version} {unknown.kind}") from unknown
    except (jsonschema.ValidationError, KeyError) as problem:
        path = ".".join(str(step) for step in getattr(problem, "absolute_path", ()))
        raise Refused(f"{name}: {path}: {getattr(problem, 'message', problem)}") from problem


def problems() -> Iterator[str]:
    """Everything that is wrong, a line each."""
    yield from (f"{path} has drifted: run python -m deploy.generate" for path in generate.drifted())
    documents = {json.dumps(document): (overlay, document) for overlay in OVERLAYS for document in rendered(overlay)}
    for overlay, document in documents.values():
        try:
            validate(document)
        except Refused as refused:
            yield f"{overlay}: {refused}"
    try:
        validate_compose(yaml.safe_load((edges.ROOT / "compose.yaml").read_text()))
        _run("hadolint", str(edges.ROOT / "Dockerfile"))
    except Refused as refused:
        yield str(refused)


def validate_compose(document: Document) -> None:
    """Raises Refused for what schemas/compose.json, the part of the Compose format in use here, does not declare."""
    try:
        jsonschema.Draft202012Validator(_schema(_SCHEMAS / "compose.json")).validate(document)
    except jsonschema.ValidationError as problem:
        raise Refused(f"compose.yaml: {'.'.join(map(str, problem.absolute_path))}: {problem.message}") from problem


def main() -> int:
    """Prints what is wrong; answers the exit code."""
    found = list(problems())
    sys.stderr.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


@cache
def _custom(api_version: str, kind: str) -> jsonschema.Draft202012Validator | None:
    path = _SCHEMAS / f"{api_version.replace('/', '_')}_{kind}.json"
    return jsonschema.Draft202012Validator(_schema(path)) if path.exists() else None


def _schema(path: Path) -> Document:
    schema: Document = json.loads(path.read_text())
    return schema


def _run(tool: str, *arguments: str) -> str:
    done = subprocess.run([_TOOLS / tool, *arguments], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    if done.returncode != 0:
        raise Refused(f"{tool}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
