"""Kafka by Strimzi: the topics, and for each service a user that may do on them what the map says and no more."""

from typing import Any

from deploy import edges
from deploy.manifests import Resource, labels, resource

CLUSTER = {"strimzi.io/cluster": "joinedup"}
_DAY = 24 * 60 * 60 * 1000  # milliseconds


def topics(everything: edges.Edges) -> list[Resource]:
    """A KafkaTopic for each topic; dead letters have one partition, since nothing rests on their order."""
    logs = [_changelog(name, everything) for service in everything.services for name in service.changelogs]
    leaders = [_leader(group) for service in everything.services for group in service.streams]
    return [*(_event_topic(name, everything) for name in everything.topics), *logs, *leaders]


def user(service: edges.Service) -> Resource:
    """The user whose certificate bears the service's name (CN); an idempotent producer needs no right beyond Write."""
    group = {"type": "group", "name": f"{service.name}.", "patternType": "prefix"}
    acls = [
        *(_allow({"type": "topic", "name": topic}, "Write", "Describe") for topic in service.writes),
        *(_allow({"type": "topic", "name": topic}, "Read", "Describe") for topic in service.reads),
        *(_allow(_own(group), "Read", "Write", "Create", "Describe") for group in service.streams),
        _allow(group, "Read", "Describe"),
    ]
    return _user(service.name, labels(service.name, "kafka"), acls)


def operator(everything: edges.Edges) -> Resource:
    """The user that sends dead letters back: it reads those topics, marks them, and writes to where they came from."""
    dead = [topic for service in everything.services for topic in service.dead_letters]
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


def _own(group: str) -> dict[str, str]:
    # Faust declares its topics at start, and is told that they exist; to be told it must be allowed to ask.
    return {"type": "topic", "name": f"{group}-", "patternType": "prefix"}


def _event_topic(name: str, everything: edges.Edges) -> Resource:
    dead = name.endswith(".dlq.v1")
    kept = dead or name in everything.keep_forever
    retention = -1 if kept else everything.retention_days * _DAY
    partitions = 1 if dead else everything.partitions
    return _topic(name, partitions, {"cleanup.policy": "delete", "retention.ms": retention})


def _changelog(name: str, everything: edges.Edges) -> Resource:
    """As many partitions as the topics that the table is made from: Faust recovers them side by side."""
    return _topic(name, everything.partitions, {"cleanup.policy": "compact"})


def _leader(group: str) -> Resource:
    """The topic by which the workers of a Faust application agree on a leader; its name no resource may have."""
    found = _topic(f"{group}-leader", 1, {"cleanup.policy": "delete", "retention.ms": _DAY})
    found["spec"]["topicName"] = f"{group}-__assignor-__leader"
    return found


def _topic(name: str, partitions: int, config: dict[str, Any]) -> Resource:
    config = {"min.insync.replicas": 2, **config}
    spec = {"partitions": partitions, "replicas": 3, "config": config}
    return resource("kafka.strimzi.io/v1", "KafkaTopic", name, CLUSTER, spec=spec)
