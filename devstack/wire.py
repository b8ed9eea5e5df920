"""The Python made from protos/: `python -m devstack.wire` writes gen/, `--check` says where it has drifted."""

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from devstack.paths import CHECKOUT

PROTOS = CHECKOUT / "protos"
GENERATED = CHECKOUT / "gen"
PLUGINS = ("python", "mypy", "grpc_python", "mypy_grpc")


class WireError(RuntimeError):
    """The compiler refused the protos."""


def write() -> list[str]:
    """Bring gen/ up to date, touching only what changes; answers which files did. Raises WireError."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        compile_into(fresh)
        changed = _differing(fresh)
        for name in changed:
            target = GENERATED / name
            if (fresh / name).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(fresh / name, target)
            else:
                target.unlink()
    return changed


def drifted() -> list[str]:
    """Files of gen/ that are not what protos/ makes: changed, missing or left over. Raises WireError."""
    with tempfile.TemporaryDirectory() as scratch:
        compile_into(Path(scratch))
        return _differing(Path(scratch))


def compile_into(target: Path) -> None:
    """Compile every proto into an empty folder. Raises WireError."""
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I."]
    command += [f"--{plugin}_out={target}" for plugin in PLUGINS]
    # protoc looks for the mypy plugins on PATH.
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])}
    answer = subprocess.run(  # noqa: S603 - the command is ours
        [*command, *sources], cwd=PROTOS, env=environment, capture_output=True, text=True, check=False
    )
    if answer.returncode != 0:
        raise WireError(answer.stderr.strip())


def _differing(fresh: Path) -> list[str]:
    _, changed, absent = filecmp.cmpfiles(fresh, GENERATED, _files(fresh) | _files(GENERATED), shallow=False)
    return sorted([*changed, *absent])


def _files(directory: Path) -> set[str]:
    found = (path.relative_to(directory) for path in directory.rglob("*.py*") if path.suffix in (".py", ".pyi"))
    return {str(path) for path in found}


def main() -> int:
    """Generate, or check; the exit code says whether all is well."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--check", action="store_true")
    if not reader.parse_args().check:
        for name in write():
            sys.stderr.write(f"gen/{name}\n")
        return 0
    wrong = drifted()
    for name in wrong:
        sys.stderr.write(f"gen/{name} is not what protos/ makes: run make gen\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
