"""Event types made for one test each, on a topic of their own, so that tests share a Kafka without meeting."""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from joinedup.options.v1 import options_pb2

PACKAGE = "joinedup.frame.v1"


@cache
def event(topic: str) -> Any:
    """A message class for events {person_id, number, mood} that travel on `topic`; its name follows from the topic."""
    name = "".join(part.capitalize() for part in topic.replace("-", ".").split(".")) + "Happened"
    file = descriptor_pb2.FileDescriptorProto(
        name=f"joinedup/frame/v1/{name}.proto",
        package=PACKAGE,
        syntax="proto3",
        dependency=["joinedup/options/v1/options.proto"],
    )
    message = file.message_type.add(name=name)
    message.options.Extensions[options_pb2.event].topic = topic
    kinds = {
        "person_id": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
        "number": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
        "mood": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    }
    for number, (field, kind) in enumerate(kinds.items(), start=1):
        message.field.add(
            name=field, number=number, type=kind, label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
        )
    pool = descriptor_pool.Default()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
