"""What every workload in the manifests keeps to, on each overlay, whatever is added later."""

import re
from typing import Any

import pytest

from deploy import check, edges
from tests.contract import manifests

OVERLAYS = check.OVERLAYS
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}

pytestmark = pytest.mark.parametrize("overlay", OVERLAYS)


def test_the_namespace_admits_only_restricted_pods(overlay: str) -> None:
    [namespace] = manifests.of_kind(overlay, "Namespace")
    for mode in ("enforce", "audit", "warn"):
        assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_every_deployment_is_probed_on_the_port_that_serves_health_only(overlay: str) -> None:
    for deployment in manifests.of_kind(overlay, "Deployment"):
        [container] = manifests.containers(deployment)
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports["probe"] == edges.load().ports["probe"], manifests.name(deployment)
        for probe, path in (("startupProbe", "/livez"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
            assert container[probe]["httpGet"] == {"path": path, "port": "probe"}, manifests.name(deployment)


def test_every_container_runs_restricted_with_a_writable_tmp_only(overlay: str) -> None:
    for workload in manifests.workloads(overlay):
        spec = manifests.pod(workload)
        assert spec["securityContext"]["runAsNonRoot"] is True, manifests.name(workload)
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, manifests.name(workload)
        assert spec["automountServiceAccountToken"] is False, manifests.name(workload)
        assert spec["serviceAccountName"] != "default", manifests.name(workload)
        writable = {volume["name"] for volume in spec["volumes"] if "emptyDir" in volume}
        assert all("hostPath" not in volume for volume in spec["volumes"])
        for container in manifests.containers(workload):
            assert container["securityContext"] == RESTRICTED, manifests.name(workload)
            mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
            assert mounts["tmp"]["mountPath"] == "/tmp"
            assert all(mount.get("readOnly") for volume, mount in mounts.items() if volume not in writable)


def test_every_container_states_its_resources(overlay: str) -> None:
    for workload in manifests.workloads(overlay):
        for container in manifests.containers(workload):
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), manifests.name(workload)
            assert "memory" in container["resources"]["limits"], manifests.name(workload)


def test_a_pod_is_given_longer_to_stop_than_a_process_takes_to_drain(overlay: str) -> None:
    for deployment in manifests.of_kind(overlay, "Deployment"):
        [container] = manifests.containers(deployment)
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        drain = float(_settings(overlay)["JOINEDUP_DRAIN_SECONDS"])
        assert manifests.pod(deployment)["terminationGracePeriodSeconds"] > pause + drain


def test_pods_of_one_deployment_are_spread_over_nodes_and_zones(overlay: str) -> None:
    for deployment in manifests.of_kind(overlay, "Deployment"):
        constraints = manifests.pod(deployment)["topologySpreadConstraints"]
        assert {constraint["topologyKey"] for constraint in constraints} == {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }
        for constraint in constraints:
            assert "app.kubernetes.io/component" in constraint["matchLabelKeys"]


def test_what_runs_more_than_once_has_a_disruption_budget_that_selects_it(overlay: str) -> None:
    scaled = {
        scaler["spec"]["scaleTargetRef"]["name"] for scaler in manifests.of_kind(overlay, "HorizontalPodAutoscaler")
    }
    budgets = [
        budget["spec"]["selector"]["matchLabels"] for budget in manifests.of_kind(overlay, "PodDisruptionBudget")
    ]
    for deployment in manifests.of_kind(overlay, "Deployment"):
        several = deployment["spec"].get("replicas", 1) > 1 or deployment["metadata"]["name"] in scaled
        assert several is (overlay == "production"), manifests.name(deployment)
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        guarding = [budget for budget in budgets if budget.items() <= labels.items()]
        assert len(guarding) == (1 if several else 0), manifests.name(deployment)


def test_a_scaled_deployment_leaves_its_number_of_pods_to_the_scaler(overlay: str) -> None:
    deployments = {
        deployment["metadata"]["name"]: deployment for deployment in manifests.of_kind(overlay, "Deployment")
    }
    for scaler in manifests.of_kind(overlay, "HorizontalPodAutoscaler"):
        assert "replicas" not in deployments[scaler["spec"]["scaleTargetRef"]["name"]]["spec"]


def test_no_image_floats(overlay: str) -> None:
    images = set(manifests.mentioned(list(manifests.rendered(overlay)), "image"))
    images |= set(manifests.mentioned(list(manifests.rendered(overlay)), "imageName"))
    assert images
    for image in images:
        assert "@sha256:" in image or re.search(r":[^/]*\d[^/]*$", image), image
        assert not image.endswith(":latest"), image


def test_selectors_choose_their_own_pods_and_no_others(overlay: str) -> None:
    deployments = manifests.of_kind(overlay, "Deployment")
    for service in manifests.of_kind(overlay, "Service"):
        selector = service["spec"]["selector"]
        chosen = [
            deployment
            for deployment in deployments
            if selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert len(chosen) == 1, manifests.name(service)
        [container] = manifests.containers(chosen[0])
        [port] = service["spec"]["ports"]
        assert port["targetPort"] in {named["name"] for named in container["ports"]}


def test_secrets_are_referred_to_and_never_written_down(overlay: str) -> None:
    assert not manifests.of_kind(overlay, "Secret")
    readme = (edges.ROOT / "README.md").read_text()
    for wanted in _secrets(overlay):
        # Per service in the table of deploy/README.md: `<service>-tls` stands for identity-tls.
        generic = re.sub(
            "^(" + "|".join(service.name for service in edges.load().services) + ")-", "<service>-", wanted
        )
        assert f"`{wanted}`" in readme or f"`{generic}`" in readme, wanted


def test_every_setting_named_in_a_manifest_is_one_that_the_services_read(overlay: str) -> None:
    known = {variable for service in edges.load().services for variable in manifests.settings_of(service.name)}
    used = set(_settings(overlay)) | {entry["name"] for entry in _environments(overlay)}
    assert {variable for variable in used if variable.startswith("JOINEDUP_")} <= known


def test_every_message_reaches_three_nodes_in_production(overlay: str) -> None:
    wanted = (3, 2) if overlay == "production" else (1, 1)
    for topic in manifests.of_kind(overlay, "KafkaTopic"):
        spec = topic["spec"]
        assert (spec["replicas"], spec["config"]["min.insync.replicas"]) == wanted, manifests.name(topic)
    [pool] = manifests.of_kind(overlay, "KafkaNodePool")
    assert pool["spec"]["replicas"] == wanted[0]
    [kafka] = manifests.of_kind(overlay, "Kafka")
    assert kafka["spec"]["kafka"]["config"]["auto.create.topics.enable"] is False


def test_production_proves_identities_keeps_copies_and_survives_a_zone(overlay: str) -> None:
    clusters = manifests.of_kind(overlay, "Cluster")
    assert clusters
    for cluster in clusters:
        [search, app] = cluster["spec"]["managed"]["roles"]
        assert (search["bypassrls"], app["bypassrls"]) == (False, False)
        assert cluster["spec"]["bootstrap"]["initdb"]["owner"] not in {search["name"], app["name"]}
        # Whom policies show everybody is nobody's login, and the application becomes it and inherits nothing.
        assert (search["login"], app["inRoles"], app["inherit"]) == (False, [search["name"]], False)
    if overlay != "production":
        return
    [kafka] = manifests.of_kind(overlay, "Kafka")
    [listener] = kafka["spec"]["kafka"]["listeners"]
    assert listener["tls"] is True
    assert listener["authentication"] == {"type": "tls"}
    assert kafka["spec"]["kafka"]["authorization"] == {"type": "simple"}
    assert _settings(overlay)["JOINEDUP_TLS_CERTIFICATE"]
    assert _settings(overlay)["PGSSLMODE"] == "verify-full"
    scheduled = {schedule["spec"]["cluster"]["name"] for schedule in manifests.of_kind(overlay, "ScheduledBackup")}
    for cluster in clusters:
        assert cluster["spec"]["instances"] == 3
        assert cluster["spec"]["plugins"][0]["isWALArchiver"] is True
        assert cluster["metadata"]["name"] in scheduled


def _settings(overlay: str) -> dict[str, str]:
    [found] = [
        document for document in manifests.of_kind(overlay, "ConfigMap") if "JOINEDUP_RPC_BIND" in document["data"]
    ]
    data: dict[str, str] = found["data"]
    return data


def _environments(overlay: str) -> list[dict[str, Any]]:
    return [
        entry
        for workload in manifests.workloads(overlay)
        for c in manifests.containers(workload)
        for entry in c.get("env", [])
    ]


def _secrets(overlay: str) -> set[str]:
    documents = list(manifests.rendered(overlay))
    named = {
        reference["name"]
        for key in ("secretKeyRef", "passwordSecret", "secret")
        for reference in manifests.mentioned(documents, key)
        if "name" in reference
    }
    return named | set(manifests.mentioned(documents, "secretName"))
