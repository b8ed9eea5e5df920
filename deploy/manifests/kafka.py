"""Kafka by Strimzi: the topics, and for each service a user that may do on them what the map says and no more."""

from typing import Any

from deploy import edges
from deploy.manifests import Resource, labels, resource

CLUSTER = {"strimzi.io/cluster": "joinedup"}
_DAY = 24 * 60 * 60 * 1000  # milliseconds


def topics(everything: edges.Edges) -> list[Resource]:
    """A KafkaTopic for each topic; dead letters have one partition, since nothing rests on their order."""
    return [_topic(name, everything) for name in everything.topics]


def user(service: edges.Service) -> Resource:
    """The user whose certificate bears the service's name (CN); an idempotent producer needs no right beyond Write."""
    group = {"type": "group", "name": f"{service.name}.", "patternType": "prefix"}
    acls = [
        *(_allow({"type": "topic", "name": topic}, "Write", "Describe") for topic in service.writes),
        *(_allow({"type": "topic", "name": topic}, "Read", "Describe") for topic in service.consumes),
        _allow(group, "Read", "Describe"),
    ]
    return _user(service.name, labels(service.name, "kafka"), acls)


def operator(everything: edges.Edges) -> Resource:
    """The user that sends dead letters back: it reads those topics, marks them, and writes to where they came from."""
    dead = [service.dead_letters for service in everything.services if "consume" in service.roles]
    origins = sorted({topic for service in everything.services for topic in service.consumes})
    acls = [
        *(_allow({"type": "topic", "name": topic}, "Read", "Write", "Describe") for topic in dead),
        *(_allow({"type": "topic", "name": topic}, "Write", "Describe") for topic in origins),
    ]
    return _user("operator", labels("operator", "kafka"), acls)


def _user(name: str, marks: dict[str, str], acls: list[dict[str, Any]]) -> Resource:
    spec = {"authentication": {"type": "tls-external"}, "authorization": {"type": "simple", "acls": acls}}
    return resource("kafka.strimzi.io/v1", "KafkaUser", name, {**marks, **CLUSTER}, spec=spec)


def _allow(target: dict[str, str], *operations: str) -> dict[str, Any]:
    return {"resource": {"patternType": "literal", **target}, "operations": list(operations)}


def _topic(name: str, everything: edges.Edges) -> Resource:
    dead = name.endswith(".dlq.v1")
    days = -1 if name in everything.keep_forever or dead else everything.retention_days
    return resource(
        "kafka.strimzi.io/v1",
        "KafkaTopic",
        name,
        CLUSTER,
        spec={
            "partitions": 1 if dead else everything.partitions,
            "replicas": 3,
            "config": {
                "min.insync.replicas": 2,
                "cleanup.policy": "delete",
                "retention.ms": days * _DAY if days > 0 else -1,
            },
        },
    )
