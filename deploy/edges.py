"""The map of who runs and who may talk to whom, read from deploy/k8s/edges.yaml."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent
FILE = ROOT / "k8s" / "edges.yaml"


@dataclass(frozen=True)
class Service:
    """One service: its processes and every edge that begins at it, those of the frame included."""

    name: str
    roles: tuple[str, ...]
    calls: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()
    streams: dict[str, list[str]] = field(default_factory=dict)
    watches: dict[str, list[str]] = field(default_factory=dict)
    outside: dict[str, list[str]] = field(default_factory=dict)
    doors: tuple[str, ...] = ()
    database: bool = True

    @property
    def groups(self) -> tuple[str, ...]:
        """Its consumer groups: that of its consumer, and one for each stream application."""
        return (f"{self.name}.consume", *self.streams) if "consume" in self.roles else ()

    @property
    def dead_letters(self) -> tuple[str, ...]:
        """The topics to which its groups set aside what failed for good, one each."""
        return tuple(f"{group}.dlq.v1" for group in self.groups)

    @property
    def changelogs(self) -> tuple[str, ...]:
        """The topics that bring the tables of its stream applications back after a crash."""
        return tuple(f"{group}-{table}-changelog" for group, tables in self.streams.items() for table in tables)

    @property
    def reads(self) -> tuple[str, ...]:
        """Every topic its processes read events from, in a group or in none."""
        watched = [topic for topics in self.watches.values() for topic in topics if topic not in self.consumes]
        return (*self.consumes, *watched)

    @property
    def writes(self) -> tuple[str, ...]:
        """Every topic its processes write to, but for what is a stream application's own."""
        return (*self.publishes, *self.dead_letters)


@dataclass(frozen=True)
class Edges:
    """The whole map."""

    ports: dict[str, int]
    kafka_roles: tuple[str, ...]
    partitions: int
    retention_days: int
    keep_forever: tuple[str, ...]
    services: tuple[Service, ...]

    def service(self, name: str) -> Service:
        """The service of that name; raises LookupError."""
        for service in self.services:
            if service.name == name:
                return service
        raise LookupError(f"no service {name} in {FILE.name}")

    def callers_of(self, name: str) -> tuple[str, ...]:
        """Who calls `name` over gRPC."""
        return tuple(service.name for service in self.services if name in service.calls)

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that events travel on, dead letters included, sorted."""
        return tuple(sorted({topic for service in self.services for topic in (*service.writes, *service.consumes)}))


def load(path: Path = FILE) -> Edges:
    """Reads the map; raises TypeError for a word it does not know and LookupError for a call to nobody."""
    data = yaml.safe_load(path.read_text())
    services = tuple(_service(name, entry, data["frame"]) for name, entry in data["services"].items())
    edges = Edges(
        ports=data["ports"],
        kafka_roles=tuple(data["kafka_roles"]),
        partitions=data["topics"]["partitions"],
        retention_days=data["topics"]["retention_days"],
        keep_forever=tuple(data["topics"]["keep_forever"]),
        services=services,
    )
    for service in services:
        for callee in service.calls:
            if "rpc" not in edges.service(callee).roles:
                raise LookupError(f"{service.name} calls {callee}, which answers no RPC")
    return edges


def _service(name: str, entry: dict[str, Any], frame: dict[str, list[str]]) -> Service:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    service = Service(name=name, **given)
    return replace(
        service,
        publishes=(*service.publishes, *frame["publishes"]) if "relay" in service.roles else service.publishes,
        consumes=(*frame["consumes"], *service.consumes) if "consume" in service.roles else service.consumes,
    )
