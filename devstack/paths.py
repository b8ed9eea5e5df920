"""Where things of the local stack lie: under `.local/` of the checkout, each stack in a folder of its own."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LOCAL = CHECKOUT / ".local"
KAFKA = LOCAL / "kafka"
"""Kafka's jars and class archive; shared by every stack of this checkout."""
STACK = LOCAL / "stack"
"""The demo's stack: its data, keys and logs."""
TEST = LOCAL / "test"
"""Stacks and servers of test sessions, one folder a session."""


def private_directory(path: Path) -> Path:
    """Make `path` readable by its owner alone."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path
