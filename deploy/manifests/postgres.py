"""PostgreSQL by CloudNativePG: a cluster for each service, with an owning role and an application role."""

from deploy import edges
from deploy.manifests import Resource, labels, resource


def name_of(service: edges.Service) -> str:
    """The name of the cluster that holds the database of `service`."""
    return f"{service.name}-postgres"


def cluster(service: edges.Service) -> Resource:
    """The cluster; base/postgres.yaml adds what all clusters have in common, overlays their size.

    The application role owns nothing and cannot step around row-level security. It may become the one that searches,
    whom policies show everybody, and inherits nothing of it.
    """
    search = {"name": f"{service.name}_search", "ensure": "present", "login": False, "bypassrls": False}
    app = {
        "name": f"{service.name}_app",
        "ensure": "present",
        "login": True,
        "inherit": False,
        "inRoles": [search["name"]],
        "bypassrls": False,
        "passwordSecret": {"name": f"{service.name}-database-app"},
    }
    initdb = {
        "database": service.name,
        "owner": f"{service.name}_owner",
        "secret": {"name": f"{service.name}-database-owner"},
        "dataChecksums": True,
    }
    return resource(
        "postgresql.cnpg.io/v1",
        "Cluster",
        name_of(service),
        labels(service.name, "postgres"),
        spec={"instances": 1, "bootstrap": {"initdb": initdb}, "managed": {"roles": [search, app]}},
    )


def backup_schedule(service: edges.Service, minute: int) -> Resource:
    """A base backup every night at two, clusters one after the other; the WAL is archived all day."""
    return resource(
        "postgresql.cnpg.io/v1",
        "ScheduledBackup",
        name_of(service),
        labels(service.name, "postgres"),
        spec={
            "cluster": {"name": name_of(service)},
            "schedule": f"0 {minute} 2 * * *",  # six fields: the first is seconds
            "method": "plugin",
            "pluginConfiguration": {"name": "barman-cloud.cloudnative-pg.io"},
            "backupOwnerReference": "self",
            "target": "prefer-standby",
        },
    )
