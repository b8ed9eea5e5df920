"""NetworkPolicies: one rule for each edge of the map, on top of base/network.yaml, which denies everything."""

from typing import Any

from deploy import edges
from deploy.manifests import Resource, labels, postgres, resource

POSTGRES_PORT = 5432
KAFKA_PORT = 9093
_OUTSIDE_PORTS = {"smtp": 587, "web": 443}
_EVERYWHERE = [{"ipBlock": {"cidr": "0.0.0.0/0"}}, {"ipBlock": {"cidr": "::/0"}}]
_DOORS = {"ingress": {"namespaceSelector": {"matchLabels": {"joinedup/door": "ingress"}}}}


def of(service: edges.Service, everything: edges.Edges) -> list[Resource]:
    """The policies of `service`: what its pods may reach, who may reach them, who may reach its database."""
    policies = [_policy(service.name, labels(service.name), egress=_egress(service, everything))]
    if "rpc" in service.roles and everything.callers_of(service.name):
        callers = [_pods({"app.kubernetes.io/name": name}) for name in everything.callers_of(service.name)]
        policies.append(_answers(service, "rpc", callers, everything))
    if service.doors:
        policies.append(_answers(service, "http", [_DOORS[door] for door in service.doors], everything))
    operators = ["redrive"] if service.groups else []
    speaking = (*everything.kafka_roles, *service.watches)
    to_kafka = [role for role in (*service.roles, *operators) if role in speaking]
    if to_kafka:
        brokers = [_pods({"strimzi.io/name": "joinedup-kafka"})]
        policies.append(_leaves(service, "kafka", to_kafka, brokers, KAFKA_PORT))
    for door, roles in service.outside.items():
        policies.append(_leaves(service, door, roles, _EVERYWHERE, _OUTSIDE_PORTS[door]))
    if service.database:
        policies.append(_postgres(service))
    return policies


def _egress(service: edges.Service, everything: edges.Edges) -> list[dict[str, Any]]:
    rules = [
        {"to": [_pods(labels(callee, "rpc"))], "ports": [_port(everything.ports["rpc"])]} for callee in service.calls
    ]
    if service.database:
        rules.append({"to": [_pods({"cnpg.io/cluster": postgres.name_of(service)})], "ports": [_port(POSTGRES_PORT)]})
    return rules


def _leaves(service: edges.Service, name: str, roles: list[str], to: list[Any], port: int) -> Resource:
    """What only some roles of a service may reach."""
    expression = {"key": "app.kubernetes.io/component", "operator": "In", "values": roles}
    spec = {
        "podSelector": {"matchLabels": labels(service.name), "matchExpressions": [expression]},
        "policyTypes": ["Egress"],
        "egress": [{"to": to, "ports": [_port(port)]}],
    }
    return resource("networking.k8s.io/v1", "NetworkPolicy", f"{service.name}-{name}", labels(service.name), spec=spec)


def _postgres(service: edges.Service) -> Resource:
    """Instances meet their service and one another (replication on 5432, the instance manager on 8000)."""
    own = {"cnpg.io/cluster": postgres.name_of(service)}
    among = [_port(POSTGRES_PORT), _port(8000)]
    return _policy(
        postgres.name_of(service),
        own,
        ingress=[
            {"from": [_pods({"app.kubernetes.io/name": service.name})], "ports": [_port(POSTGRES_PORT)]},
            {"from": [_pods(own)], "ports": among},
        ],
        egress=[{"to": [_pods(own)], "ports": among}],
    )


def _answers(service: edges.Service, role: str, callers: list[Any], everything: edges.Edges) -> Resource:
    rules = [{"from": callers, "ports": [_port(everything.ports[role])]}]
    return _policy(f"{service.name}-answers-{role}", labels(service.name, role), ingress=rules)


def _policy(name: str, selector: dict[str, str], **rules: list[dict[str, Any]]) -> Resource:
    kinds = [kind.capitalize() for kind, given in rules.items() if given]
    spec = {"podSelector": {"matchLabels": selector}, "policyTypes": kinds, **{k: v for k, v in rules.items() if v}}
    owner = selector.get("app.kubernetes.io/name", name)
    return resource("networking.k8s.io/v1", "NetworkPolicy", name, labels(owner), spec=spec)


def _pods(selector: dict[str, str]) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": selector}}


def _port(number: int) -> dict[str, Any]:
    return {"protocol": "TCP", "port": number}
