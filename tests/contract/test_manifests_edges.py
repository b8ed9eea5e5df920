"""The map of edges against code and manifests, both ways: every edge has a rule, and no rule is without an edge."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import FileDescriptor

import joinedup
from deploy import check, edges
from joinedup.options.v1 import options_pb2
from tests.contract import manifests

ROOT = edges.ROOT.parent
EDGES = edges.load()
RPC, PROBE = EDGES.ports["rpc"], EDGES.ports["probe"]


@pytest.mark.parametrize("overlay", check.OVERLAYS)
def test_everything_is_denied_both_ways_unless_allowed(overlay: str) -> None:
    denials = [
        policy["spec"]
        for policy in manifests.of_kind(overlay, "NetworkPolicy")
        if policy["metadata"]["name"] == "default-deny"
    ]
    assert denials == [{"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}]


@pytest.mark.parametrize("overlay", check.OVERLAYS)
def test_rpc_flows_along_the_edges_and_along_no_other_way(overlay: str) -> None:
    wanted = {(service.name, callee) for service in EDGES.services for callee in service.calls}
    leaving: set[tuple[str, str]] = set()
    arriving: set[tuple[str, str]] = set()
    for policy in manifests.of_kind(overlay, "NetworkPolicy"):
        own = policy["spec"]["podSelector"].get("matchLabels", {}).get("app.kubernetes.io/name")
        for direction, peers, found in (("egress", "to", leaving), ("ingress", "from", arriving)):
            for rule in policy["spec"].get(direction, []):
                if RPC in {port["port"] for port in rule["ports"]}:
                    others = [peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for peer in rule[peers]]
                    found |= {(own, other) if direction == "egress" else (other, own) for other in others}
    assert leaving == wanted
    assert arriving == wanted


@pytest.mark.parametrize("overlay", check.OVERLAYS)
def test_each_database_answers_its_service_and_its_own_instances_only(overlay: str) -> None:
    for cluster in manifests.of_kind(overlay, "Cluster"):
        name = cluster["metadata"]["name"]
        [policy] = [p for p in manifests.of_kind(overlay, "NetworkPolicy") if p["metadata"]["name"] == name]
        peers = [peer["podSelector"]["matchLabels"] for rule in policy["spec"]["ingress"] for peer in rule["from"]]
        assert peers == [{"app.kubernetes.io/name": name.removesuffix("-postgres")}, {"cnpg.io/cluster": name}]


@pytest.mark.parametrize("overlay", check.OVERLAYS)
def test_no_rule_lets_just_anybody_in(overlay: str) -> None:
    for policy in manifests.of_kind(overlay, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            assert rule["from"], manifests.name(policy)
            assert rule["ports"], manifests.name(policy)
            assert all("ipBlock" not in peer for peer in rule["from"]), manifests.name(policy)
        for rule in policy["spec"].get("egress", []):
            assert rule["to"], manifests.name(policy)
            assert rule["ports"], manifests.name(policy)


def test_probes_and_metrics_are_reached_from_the_observability_namespace_only() -> None:
    rules = [
        rule
        for policy in manifests.of_kind("production", "NetworkPolicy")
        for rule in policy["spec"].get("ingress", [])
        if PROBE in {port["port"] for port in rule["ports"]}
    ]
    assert [rule["from"] for rule in rules] == [
        [{"namespaceSelector": {"matchLabels": {"joinedup/door": "observability"}}}]
    ]


@pytest.mark.parametrize("overlay", check.OVERLAYS)
def test_there_is_a_topic_for_each_event_and_for_each_consumers_dead_letters(overlay: str) -> None:
    declared = {topic["metadata"]["name"] for topic in manifests.of_kind(overlay, "KafkaTopic")}
    dead = {topic for service in EDGES.services for topic in service.dead_letters}
    own = {topic for service in EDGES.services for topic in service.changelogs}
    own |= {f"{group}-leader" for service in EDGES.services for group in service.streams}
    assert declared == set(_topics_of_the_protos().values()) | dead | own


def test_on_kafka_a_service_may_write_what_it_publishes_and_read_what_it_consumes() -> None:
    users = {user["metadata"]["name"]: user for user in manifests.of_kind("production", "KafkaUser")}
    for service in EDGES.services:
        if not service.writes and not service.reads:
            assert service.name not in users
            continue
        acls = users[service.name]["spec"]["authorization"]["acls"]
        allowed = {
            operation: {
                acl["resource"]["name"]
                for acl in acls
                if acl["resource"]["type"] == "topic" and operation in acl["operations"]
            }
            for operation in ("Read", "Write")
        }
        for names in allowed.values():
            names -= {f"{group}-" for group in service.streams}
        assert allowed == {"Read": set(service.reads), "Write": set(service.writes)}
    assert all(
        acl.get("type", "allow") == "allow" for user in users.values() for acl in user["spec"]["authorization"]["acls"]
    )


@pytest.mark.parametrize("service", EDGES.services, ids=lambda service: service.name)
def test_the_map_names_the_calls_that_the_code_makes(service: edges.Service) -> None:
    """A call needs a stub, and a stub is made in one way: `channels.stub(IdentityStub, "identity")`."""
    peers = {
        node.args[1].value
        for node in _nodes(service.name)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "stub"
        and len(node.args) == 2
        and isinstance(node.args[1], ast.Constant)
    }
    assert set(service.calls) == peers


@pytest.mark.parametrize("service", EDGES.services, ids=lambda service: service.name)
def test_the_map_names_the_topics_whose_events_the_code_handles(service: edges.Service) -> None:
    from chassis import consumer

    topics = _topics_of_the_protos()
    handled = {
        topics[name]
        for part in ("consumers", "counting")
        for node in _nodes(service.name, part)
        if (name := getattr(node, "attr", getattr(node, "id", ""))) in topics
    }
    frame = {f"{name}.events.v1" for name in consumer.RELATING} if "consume" in service.roles else set()
    assert set(service.consumes) == handled | frame


@pytest.mark.parametrize("service", EDGES.services, ids=lambda service: service.name)
def test_the_map_names_the_topics_that_the_code_watches(service: edges.Service) -> None:
    from chassis import consumer

    topics = _topics_of_the_protos()
    watched = {topics[name] for node in _nodes(service.name, "watch") if (name := getattr(node, "attr", "")) in topics}
    frame = {f"{name}.events.v1" for name in consumer.RELATING} if watched else set()
    assert {topic for listed in service.watches.values() for topic in listed} == watched | frame


@pytest.mark.parametrize("service", EDGES.services, ids=lambda service: service.name)
def test_the_map_names_the_roles_and_groups_that_the_code_has(service: edges.Service) -> None:
    declared = manifests.asked(_DECLARED, service.name)
    assert set(service.roles) == set(declared["roles"])
    assert declared["groups"] == list(service.groups)
    assert bool(declared["package"]) is service.database


def test_the_map_names_every_service_there_is() -> None:
    there = {path.parent.name for path in (ROOT / "services").glob("*/__main__.py")}
    assert there == {service.name for service in EDGES.services}


def _nodes(service: str, part: str = "") -> Iterator[ast.AST]:
    """The syntax of a service's code, or of one part of it (consumers.py, consumers/)."""
    folder = ROOT / "services" / service
    paths = [*folder.glob(f"{part}.py"), *(folder / part).rglob("*.py")] if part else folder.rglob("*.py")
    for path in paths:
        yield from ast.walk(ast.parse(path.read_text()))


_DECLARED = """
import importlib, json, sys
from chassis import process
module = importlib.import_module(f"services.{sys.argv[1]}.__main__")
[it] = [value for value in vars(module).values() if isinstance(value, process.Service)]
print(json.dumps({"roles": list(it.roles), "groups": list(it.groups), "package": it.package}))
"""


def _topics_of_the_protos() -> dict[str, str]:
    """The topic of each message marked as an event, by its name; common.v1 has none of its own."""
    topics = {}
    for descriptor in _files():
        for message in descriptor.message_types_by_name.values():
            options = message.GetOptions()
            package = descriptor.package.split(".")[1]
            if options.HasExtension(options_pb2.event) and package != "common":
                topics[message.name] = options.Extensions[options_pb2.event].topic or f"{package}.events.v1"
    return topics


def _files() -> Iterator[FileDescriptor]:
    for path in joinedup.__path__:
        for file in Path(path).rglob("*_pb2.py"):
            name = ".".join(file.relative_to(Path(path).parent).with_suffix("").parts)
            yield importlib.import_module(name).DESCRIPTOR
