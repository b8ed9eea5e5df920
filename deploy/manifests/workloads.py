"""Processes: a ServiceAccount, a Service where something answers, and one Deployment for each role."""

from collections.abc import Sequence
from typing import Any

from deploy import edges
from deploy.manifests import Resource, labels, postgres, resource

_OPERATOR_TLS = {"secret": {"name": "operator-tls", "optional": True}}


def of(service: edges.Service, ports: dict[str, int]) -> list[Resource]:
    """Everything of `service` that runs or leads to what runs; base/restricted.yaml adds what all have in common."""
    account = resource("v1", "ServiceAccount", service.name, labels(service.name), automountServiceAccountToken=False)
    doors = [_door(service, role, ports) for role in ("rpc", "http") if role in service.roles]
    return [account, *doors, *(_deployment(service, role, ports) for role in service.roles)]


def redrive(service: edges.Service, group: str) -> Resource:
    """A Job in waiting that sends the dead letters of a group back; `kubectl create job --from` starts it."""
    # An operator's act, with an operator's certificate: no service may write to the topics of another.
    pod = _pod(service, ["redrive", "--group", group], [_OPERATOR_TLS], restartPolicy="Never")
    marks = labels(service.name, "redrive")
    job = {"backoffLimit": 0, "template": {"metadata": {"labels": marks}, "spec": pod}}
    never = "0 0 31 2 *"  # suspended as well; a CronJob must name a time
    spec = {"suspend": True, "schedule": never, "jobTemplate": {"spec": job}}
    return resource("batch/v1", "CronJob", f"{group.replace('.', '-')}-redrive", marks, spec=spec)


def migration(service: edges.Service) -> Resource:
    """The Job that brings the database of `service` to this version, as the role that owns the tables."""
    env = _database(service.name, "owner", "JOINEDUP_MIGRATION_DATABASE_URL")
    pod = _pod(service, ["migrate"], [_postgres_ca(service)], env=env, restartPolicy="OnFailure")
    return resource(
        "batch/v1",
        "Job",
        f"{service.name}-migrate",
        labels(service.name, "migrate"),
        spec={"template": {"metadata": {"labels": labels(service.name, "migrate")}, "spec": pod}},
    )


def _door(service: edges.Service, role: str, ports: dict[str, int]) -> Resource:
    # Headless for gRPC: one long connection to a cluster address would pin each caller to a single pod.
    headless = {"clusterIP": "None"} if role == "rpc" else {}
    name = service.name if role == "rpc" else f"{service.name}-http"
    return resource(
        "v1",
        "Service",
        name,
        labels(service.name, role),
        spec={
            **headless,
            "selector": labels(service.name, role),
            "ports": [{"name": "grpc" if role == "rpc" else "http", "port": ports[role], "targetPort": role}],
        },
    )


def _deployment(service: edges.Service, role: str, ports: dict[str, int]) -> Resource:
    marks = labels(service.name, role)
    listening = [{"name": role, "containerPort": ports[role]}] if role in ports else []
    own: list[dict[str, Any]] = [
        {
            "secret": {
                "name": f"{service.name}-signing-key",
                "items": [{"key": "private.json", "path": "signing-key.json"}],
            }
        },
        {"secret": {"name": f"{service.name}-tls", "optional": True}},  # there where mutual TLS is on
    ]
    if service.database:
        own.append(_postgres_ca(service))
    if role == "pds":
        own.append({"secret": {"name": f"{service.name}-pds", "optional": True}})  # there where there is a PDS to ask
    env = _database(service.name, "app", "JOINEDUP_DATABASE_URL") if service.database else []
    pod = _pod(service, [role], own, env=env, ports=[*listening, {"name": "probe", "containerPort": ports["probe"]}])
    return resource(
        "apps/v1",
        "Deployment",
        f"{service.name}-{role}",
        marks,
        spec={"selector": {"matchLabels": marks}, "template": {"metadata": {"labels": marks}, "spec": pod}},
    )


def _pod(
    service: edges.Service,
    arguments: list[str],
    own: list[dict[str, Any]],
    *,
    env: Sequence[dict[str, Any]] = (),
    ports: Sequence[dict[str, Any]] = (),
    **policy: str,
) -> dict[str, Any]:
    """One container, and what is its own (keys, certificates) as files under /etc/joinedup/own."""
    container: dict[str, Any] = {"name": "service", "image": "joinedup"}
    container["args"] = [f"services.{service.name}", *arguments]
    container |= {"ports": list(ports)} if ports else {}
    # Later ones win: what all share, then what a site says for this service, if it does.
    container["envFrom"] = [
        {"configMapRef": {"name": "settings"}},
        {"configMapRef": {"name": f"{service.name}-settings", "optional": True}},
        {"secretRef": {"name": f"{service.name}-settings", "optional": True}},
    ]
    container |= {"env": list(env)} if env else {}
    container["volumeMounts"] = [{"name": "own", "mountPath": "/etc/joinedup/own", "readOnly": True}]
    files = {"name": "own", "projected": {"defaultMode": 0o440, "sources": own}}
    return {"serviceAccountName": service.name, **policy, "containers": [container], "volumes": [files]}


def _postgres_ca(service: edges.Service) -> dict[str, Any]:
    # Made by CloudNativePG with the cluster; of its two parts only the certificate goes to a service.
    items = [{"key": "ca.crt", "path": "postgres-ca.crt"}]
    return {"secret": {"name": f"{postgres.name_of(service)}-ca", "items": items}}


def _database(service: str, role: str, variable: str) -> list[dict[str, Any]]:
    password = {"secretKeyRef": {"name": f"{service}-database-{role}", "key": "password"}}
    return [
        {"name": "DATABASE_PASSWORD", "valueFrom": password},
        {
            "name": variable,
            "value": f"postgresql://{service}_{role}:$(DATABASE_PASSWORD)@{service}-postgres-rw:5432/{service}",
        },
    ]
