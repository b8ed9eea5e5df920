"""Whether the wire types still speak to what was released: buf breaking against the last release or commit."""

import shutil
import subprocess
import sys
from pathlib import Path

from devstack.paths import CHECKOUT


def base() -> str:
    """What to compare with: the last release tag, else the commit before this one; empty when there is neither."""
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v*")
    for candidate in (tag, "HEAD~1"):
        if candidate and _git("cat-file", "-t", f"{candidate}:protos") == "tree":
            return candidate
    return ""


def main() -> int:
    """Compare; the exit code is buf's."""
    against = base()
    if not against:
        sys.stderr.write("buf breaking: no release tag and no earlier commit with protos/: nothing to compare with\n")
        return 0
    sys.stderr.write(f"buf breaking: against {against}\n")
    buf = Path(sys.executable).with_name("buf")
    # The full reference: buf reads a bare name as a branch.
    commit = _git("rev-parse", f"{against}^{{commit}}")
    return subprocess.run([buf, "breaking", "--against", f".git#ref={commit}"], cwd=CHECKOUT, check=False).returncode  # noqa: S603


def _git(*words: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    answer = subprocess.run([git, *words], cwd=CHECKOUT, capture_output=True, text=True, check=False)  # noqa: S603
    return answer.stdout.strip() if answer.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main())
