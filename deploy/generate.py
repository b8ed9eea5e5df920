"""Writes what follows from edges.yaml and from the lock file, or with --check names the files that have drifted."""

import argparse
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy import edges, runtime_lock
from deploy.manifests import Resource, availability, kafka, network, postgres, workloads

K8S = edges.ROOT / "k8s"
_NOTICE = "# Made by `python -m deploy.generate`, mostly from deploy/k8s/edges.yaml; edit that, not this.\n"


def files() -> dict[Path, str]:
    """Every generated file with the text it should have."""
    everything = edges.load()
    made = {
        K8S / "base" / "services" / f"{service.name}.yaml": _service(service, everything)
        for service in everything.services
    }
    stored = [service for service in everything.services if service.database]
    schedules = [postgres.backup_schedule(service, minute=3 * place) for place, service in enumerate(stored)]
    made |= {
        K8S / "base/kafka/topics.yaml": _documents(kafka.topics(everything)),
        K8S / "base/migrations/jobs.yaml": _documents([workloads.migration(service) for service in stored]),
        # A Job cannot be changed, so each release has its own.
        K8S / "base/migrations/kustomization.yaml": _kustomization(
            "Kustomization", "v1beta1", nameSuffix="-" + version().replace(".", "-"), resources=["jobs.yaml"]
        ),
        K8S / "base/release/kustomization.yaml": _kustomization(
            "Component", "v1alpha1", images=[{"name": "joinedup", "newTag": version()}]
        ),
        K8S / "components/mutual-tls/users.yaml": _documents(
            [
                *(kafka.user(service) for service in everything.services if service.writes or service.reads),
                kafka.operator(everything),
            ]
        ),
        K8S / "components/availability/budgets.yaml": _documents(
            [budget for service in everything.services for budget in availability.budgets(service)]
        ),
        K8S / "components/availability/scaling.yaml": _documents(
            [scaler for service in everything.services for scaler in availability.scaling(service)]
        ),
        K8S / "components/backups/schedules.yaml": _documents(schedules),
        runtime_lock.FILE: runtime_lock.text(),
    }
    return made


def version() -> str:
    """The version of this checkout, as pyproject.toml has it."""
    return str(tomllib.loads((edges.ROOT.parent / "pyproject.toml").read_text())["project"]["version"])


def drifted() -> list[str]:
    """What differs from what it should be, by path; a generated file that nothing generates any more counts too."""
    made = files()
    stale = [path for path in (K8S / "base" / "services").glob("*.yaml") if path not in made]
    changed = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    return sorted(str(path.relative_to(edges.ROOT.parent)) for path in (*stale, *changed))


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the files, or checks them; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file has drifted")
    if parser.parse_args(arguments).check:
        for path in drifted():
            sys.stderr.write(f"{path} has drifted: run python -m deploy.generate\n")
        return 1 if drifted() else 0
    for target, text in files().items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return 0


def _service(service: edges.Service, everything: edges.Edges) -> str:
    resources = workloads.of(service, everything.ports)
    resources.extend(workloads.redrive(service, group) for group in service.groups)
    if service.database:
        resources.append(postgres.cluster(service))
    return _documents([*resources, *network.of(service, everything)])


def _kustomization(kind: str, api: str, **body: Any) -> str:
    return _NOTICE + _yaml({"apiVersion": f"kustomize.config.k8s.io/{api}", "kind": kind, **body})


def _documents(resources: Sequence[Resource]) -> str:
    return _NOTICE + "---\n".join(_yaml(resource) for resource in resources)


class _Plain(yaml.SafeDumper):
    """Writes repeated parts out instead of pointing at them with anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _yaml(data: Any) -> str:
    return yaml.dump(data, Dumper=_Plain, sort_keys=False, width=120, default_flow_style=None)


if __name__ == "__main__":
    sys.exit(main())
