"""Whether requirements.lock is what pyproject.toml asks for: `python -m devstack.lock`; `--write` brings it up to date.

The versions in the lock are preferred, so a check never asks for an upgrade: it fails when a dependency was added,
removed or bounded so that the lock no longer fits.
"""

import argparse
import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from devstack.paths import CHECKOUT

LOCK = CHECKOUT / "requirements.lock"
COMMAND = ("pip", "compile", "--generate-hashes", "--universal", "--python-version", "3.11", "--extra", "dev")


class LockError(RuntimeError):
    """The dependencies cannot be resolved."""


def resolved() -> str:
    """The lock as it should be, the present one's versions kept where they still fit. Raises LockError."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / LOCK.name
        shutil.copy(LOCK, output)  # uv prefers what it finds in the output file
        uv = str(Path(sys.executable).with_name("uv"))
        # Written into the head of the file in place of the real command, which names a folder of this machine.
        environment = os.environ | {
            "UV_CUSTOM_COMPILE_COMMAND": f"uv {' '.join(COMMAND)} pyproject.toml -o {LOCK.name}"
        }
        answer = subprocess.run(  # noqa: S603 - the command is ours
            [uv, *COMMAND, "--quiet", "pyproject.toml", "-o", str(output)],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise LockError(answer.stderr.strip())
        return output.read_text()


def main() -> int:
    """Check or write; the exit code says whether the lock fits."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--write", action="store_true")
    wanted = resolved()
    if reader.parse_args().write:
        LOCK.write_text(wanted)
        return 0
    change = list(difflib.unified_diff(LOCK.read_text().splitlines(), wanted.splitlines(), "is", "should be", n=0))
    if change:
        sys.stderr.write("requirements.lock does not fit pyproject.toml: run make lock\n")
        sys.stderr.write("\n".join(change[:40]) + "\n")
    return 1 if change else 0


if __name__ == "__main__":
    sys.exit(main())
