"""Writes the schemas beside this file from the packages that the operators publish (see README.md here)."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import yaml

from deploy.schemas import crd, document, rust

_HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> None:
    """Derives every schema anew; the two folders are what the packages of README.md unpack or generate to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strimzi", type=Path, required=True, help="folder of generated Strimzi definitions (YAML)")
    parser.add_argument("--cloudnativepg", type=Path, required=True, help="folder of the crate's src")
    chosen = parser.parse_args(arguments)
    for path in sorted(chosen.strimzi.glob("*.yaml")):
        definition = yaml.safe_load(path.read_text())
        kind = definition["spec"]["names"]["kind"]
        (_HERE / f"kafka.strimzi.io_v1_{kind}.json").write_text(document.compact(crd.schema_of(definition, "v1")))
    for kind, module in (("Cluster", "clusters.rs"), ("ScheduledBackup", "scheduledbackups.rs")):
        schema = rust.schema_of((chosen.cloudnativepg / module).read_text(), "postgresql.cnpg.io", "v1", kind)
        (_HERE / f"postgresql.cnpg.io_v1_{kind}.json").write_text(document.compact(schema))


if __name__ == "__main__":
    main()
