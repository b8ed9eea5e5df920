"""What a stack says of itself: the file beside its folder, written by its supervisor and read by everybody else."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from devstack import processes

Phase = Literal["starting", "ready", "stopping", "stopped", "failed"]
PartPhase = Literal["waiting", "starting", "ready", "done", "restarting", "held", "stopped", "failed"]


@dataclass
class PartState:
    """One part: its process (0 when it has none), how often it was restarted, seconds from start to ready."""

    name: str
    phase: PartPhase = "waiting"
    pid: int = 0
    began: str = ""
    restarts: int = 0
    seconds: float = 0.0
    log: str = ""
    ports: dict[str, int] = field(default_factory=dict)


@dataclass
class State:
    """The whole stack. `began` with a pid names one process for ever (processes.start_time)."""

    root: str
    phase: Phase = "starting"
    reason: str = ""
    pid: int = 0
    began: str = ""
    tls: bool = False
    seconds: float = 0.0
    ports: dict[str, int] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    parts: dict[str, PartState] = field(default_factory=dict)

    def supervised(self) -> bool:
        """Does its supervisor live?"""
        return processes.is_alive(self.pid, self.began)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)


def file_of(root: Path) -> Path:
    """`.local/stack` -> `.local/stack.json`."""
    return root.with_name(root.name + ".json")


def read(root: Path) -> State | None:
    """The state as last written; None when there never was a stack here."""
    try:
        kept: Mapping[str, Any] = json.loads(file_of(root).read_text())
    except FileNotFoundError:
        return None
    parts = {name: PartState(**part) for name, part in kept["parts"].items()}
    return State(**{**kept, "parts": parts})


def write(root: Path, state: State) -> None:
    """Replace the file in one step, so that no reader sees half of it."""
    file = file_of(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_text(json.dumps(state.as_dict(), indent=1) + "\n")
    new.replace(file)
