"""The event catalogue: every event, its topic and its fields, from the protos."""

from collections import defaultdict
from collections.abc import Iterator

from google.protobuf import descriptor_pb2

from devstack.reference import descriptors

INTRODUCTION = """# Event catalogue

Every event that Joinedup puts on Kafka. CloudEvents 1.0 in binary mode: the headers carry `ce_id`, `ce_type` (the full
name below), `ce_source`, `ce_time`, `ce_subject` (the person id) and `traceparent`; the body is the protobuf message.
The record's key is the person id, so that everything about one person keeps its order. No event carries personal data:
whoever needs a name or a narrative asks the owner, and that release is decided and recorded.
"""


def page() -> str:
    """The page docs/reference/events.md."""
    by_topic: dict[str, list[str]] = defaultdict(list)
    for file in descriptors.files():
        for message in descriptors.messages(file):
            topic = descriptors.topic(file, message.descriptor)
            if topic is not None:
                by_topic[topic].append("\n".join(_event(message)))
    sections = [f"## {topic}\n\n" + "\n\n".join(events) for topic, events in sorted(by_topic.items())]
    return INTRODUCTION + "\n" + "\n\n".join(sections) + "\n"


def _event(message: descriptors.Commented[descriptor_pb2.DescriptorProto]) -> Iterator[str]:
    yield f"### {message.name}\n"
    if message.comment:
        yield f"{message.comment}\n"
    yield "| field | type |\n|---|---|"
    for field in message.descriptor.field:
        yield f"| `{field.name}` | {descriptors.field_type(field)} |"
