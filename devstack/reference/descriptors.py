"""Reads the protos with their comments: one place where the wire is walked for the reference pages."""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from google.protobuf import descriptor_pb2
from grpc_tools import protoc

from joinedup.options.v1 import options_pb2

D = TypeVar("D")

PROTOS = Path(__file__).resolve().parents[2] / "protos"


@dataclass(frozen=True)
class Commented(Generic[D]):
    """A descriptor with the full name and the comment that stands above it in its proto."""

    name: str
    comment: str
    descriptor: D


def files() -> list[descriptor_pb2.FileDescriptorProto]:
    """Every Joinedup proto file, sorted by name, with source locations."""
    paths = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
        out = Path(folder) / "protos.binpb"
        arguments = ["protoc", f"-I{PROTOS}", f"-I{Path(protoc.__file__).parent / '_proto'}"]
        status = protoc.main([*arguments, "--include_source_info", f"--descriptor_set_out={out}", *paths])
        if status != 0:
            raise RuntimeError(f"protoc answered {status}; run `make gen` to see its complaint")
        found = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    return list(found.file)


def _comments(file: descriptor_pb2.FileDescriptorProto) -> dict[tuple[int, ...], str]:
    return {
        tuple(location.path): " ".join(location.leading_comments.split()) for location in file.source_code_info.location
    }


def messages(file: descriptor_pb2.FileDescriptorProto) -> Iterator[Commented[descriptor_pb2.DescriptorProto]]:
    """The top-level messages of a file in the order they are written."""
    comments = _comments(file)
    for index, message in enumerate(file.message_type):
        yield Commented(f"{file.package}.{message.name}", comments.get((4, index), ""), message)


def methods(file: descriptor_pb2.FileDescriptorProto) -> Iterator[Commented[descriptor_pb2.MethodDescriptorProto]]:
    """The RPCs of a file in the order they are written; the name is "package.Service/Method"."""
    comments = _comments(file)
    for outer, service in enumerate(file.service):
        for inner, method in enumerate(service.method):
            name = f"{file.package}.{service.name}/{method.name}"
            yield Commented(name, comments.get((6, outer, 2, inner), ""), method)


def topic(file: descriptor_pb2.FileDescriptorProto, message: descriptor_pb2.DescriptorProto) -> str | None:
    """The Kafka topic of an event, or None for a message that is no event.

    An event that names no topic travels on its publisher's own, "<service>.events.v1".
    """
    if not message.options.HasExtension(options_pb2.event):
        return None
    named = message.options.Extensions[options_pb2.event].topic
    if named:
        return named
    package = file.package.split(".")[1]
    return "each publisher's own" if package == "common" else f"{package}.events.v1"


def field_type(field: descriptor_pb2.FieldDescriptorProto) -> str:
    """A field's type as a reader would write it: "string", "repeated Narrative"."""
    scalar = descriptor_pb2.FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    name = field.type_name.rsplit(".", 1)[-1] if field.type_name else scalar
    return f"repeated {name}" if field.label == field.LABEL_REPEATED else name
