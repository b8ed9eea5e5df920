"""Every proto under gen/, loaded, so that a contract test meets each service and message without a list to keep."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FileDescriptor, ServiceDescriptor

GEN = Path(__file__).parents[2] / "gen"


def files() -> list[FileDescriptor]:
    """The descriptor of every generated file."""
    modules = (path.relative_to(GEN).with_suffix("") for path in sorted(GEN.rglob("*_pb2.py")))
    return [importlib.import_module(".".join(module.parts)).DESCRIPTOR for module in modules]


def services() -> list[ServiceDescriptor]:
    """Every service."""
    return [service for file in files() for service in file.services_by_name.values()]


def messages() -> list[Descriptor]:
    """Every message, nested ones included, but not the entries of maps."""
    return [message for file in files() for top in file.message_types_by_name.values() for message in _inside(top)]


def _inside(message: Descriptor) -> Iterator[Descriptor]:
    if not message.GetOptions().map_entry:
        yield message
    for nested in message.nested_types:
        yield from _inside(nested)
