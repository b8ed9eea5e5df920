"""What production adds so that one lost node is not noticed: disruption budgets, and more answers under load."""

from deploy import edges
from deploy.manifests import Resource, labels, resource


def budgets(service: edges.Service) -> list[Resource]:
    """At most one pod of each Deployment may be taken away on purpose at a time."""
    return [
        resource(
            "policy/v1",
            "PodDisruptionBudget",
            f"{service.name}-{role}",
            labels(service.name, role),
            spec={
                "maxUnavailable": 1,
                "unhealthyPodEvictionPolicy": "AlwaysAllow",
                "selector": {"matchLabels": labels(service.name, role)},
            },
        )
        for role in service.roles
    ]


def scaling(service: edges.Service) -> list[Resource]:
    """Between two and six pods for what answers calls, by processor use; consumers scale by partitions, by hand."""
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    return [
        resource(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            f"{service.name}-{role}",
            labels(service.name, role),
            spec={
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"{service.name}-{role}"},
                "minReplicas": 2,
                "maxReplicas": 6,
                "metrics": [metric],
            },
        )
        for role in service.roles
        if role in ("rpc", "http")
    ]
