"""The part of requirements.lock that the services need to run, for the image: same versions, same hashes, no tools."""

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "deploy" / "requirements.lock"

_ENTRY = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)


def text() -> str:
    """The lock of the runtime dependencies, a subset of requirements.lock line by line.

    What a package depends on is read from the packages installed from that lock, so nothing is asked of a registry.
    Raises LookupError when a dependency is not in the lock.
    """
    locked = _entries((ROOT / "requirements.lock").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = _closure(project["dependencies"])
    missing = sorted(name for name in wanted if name not in locked)
    if missing:
        raise LookupError(f"not in requirements.lock: {', '.join(missing)}")
    head = "# Made by `python -m deploy.generate` from requirements.lock, without what only developers need.\n"
    return head + "".join(locked[name] for name in sorted(wanted))


def _entries(lock: str) -> dict[str, str]:
    """Each package's lines without the comments, by canonical name; lines for other interpreters stay beside theirs."""
    entries: dict[str, str] = {}
    for entry in _ENTRY.split(lock)[1:]:
        lines = [line for line in entry.splitlines() if not line.lstrip().startswith("#")]
        name = canonicalize_name(re.split(r"[=\s\[]", entry, maxsplit=1)[0])
        entries[name] = entries.get(name, "") + "\n".join(lines).rstrip() + "\n"
    return entries


def _closure(requirements: list[str]) -> set[str]:
    """The names reached from these requirements on this interpreter."""
    names: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(requirement) for requirement in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting.extend(_dependencies(name, extra))
        names.add(name)
    return names


def _dependencies(name: str, extra: str) -> Iterator[Requirement]:
    for written in metadata.distribution(name).requires or ():
        requirement = Requirement(written)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement
