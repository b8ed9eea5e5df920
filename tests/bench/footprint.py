"""What the stack takes: resident memory of each idle service, and the time of a second start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from devstack import layout, stack
from tests.bench import measure

MOST_MEMORY_MB = 150
MOST_START_SECONDS = 20


def memory(root: Path) -> Iterator[measure.Row]:
    """A row for each service, against the size that architecture allows."""
    parts = stack.status(root)["parts"]
    for name in layout.SERVICES:
        bound = f"{MOST_MEMORY_MB} MB resident"
        yield measure.Row(f"memory of {name}", parts[name]["resident_mb"], MOST_MEMORY_MB, "MB", 1, False, bound)


def second_start(root: Path) -> measure.Row:
    """Down and up again, with data and everything installed."""
    stack.down(root)
    begun = time.perf_counter()
    stack.up(root, any_ports=True, owned=True)
    seconds = time.perf_counter() - begun
    return measure.Row(
        "second start of the whole stack", seconds, MOST_START_SECONDS, "s", 1, False, f"{MOST_START_SECONDS} s"
    )
