"""Starts one program of the local stack on free loopback ports for a test, and ends it by its own id."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
READY_SECONDS = 20


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    module: str, environment: Mapping[str, str], livez: str, *arguments: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m module ARGUMENTS` until the block ends; on SIGTERM it must then stop by itself, exit code 0."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JOINEDUP_")}
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=ROOT, env=inherited | dict(environment))
    try:
        _wait_until_alive(process, livez)
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until_alive(process: subprocess.Popen[bytes], livez: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, f"it ended with {process.returncode}"
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(livez).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{livez} did not answer in {READY_SECONDS} s")
