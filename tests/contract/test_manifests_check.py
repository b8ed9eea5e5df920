"""The check of the manifests checks: what is unknown, misspelt or drifted makes it fail."""

import copy
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from deploy import check, edges, generate, runtime_lock
from tests.contract import manifests

ROOT = edges.ROOT.parent


def test_nothing_is_wrong() -> None:
    assert list(check.problems()) == []


def test_an_unknown_kind_fails() -> None:
    document = {"apiVersion": "example.org/v1", "kind": "Surprise", "metadata": {"name": "unknown"}}
    with pytest.raises(check.Refused, match=r"no schema for example\.org/v1 Surprise"):
        check.validate(document)


@pytest.mark.parametrize("overlay", check.OVERLAYS)
def test_an_unknown_field_fails_in_every_kind(overlay: str) -> None:
    for document in {document["kind"]: document for document in manifests.rendered(overlay)}.values():
        for place in ((), ("spec",)) if "spec" in document else ((),):
            changed = copy.deepcopy(document)
            (changed[place[0]] if place else changed)["surprise"] = True
            with pytest.raises(check.Refused, match="surprise"):
                check.validate(changed)


def test_an_unknown_field_deep_inside_an_operators_resource_fails() -> None:
    [kafka] = manifests.of_kind("production", "Kafka")
    changed = copy.deepcopy(kafka)
    changed["spec"]["kafka"]["listeners"][0]["tsl"] = True
    with pytest.raises(check.Refused, match="tsl"):
        check.validate(changed)
    cluster = copy.deepcopy(manifests.of_kind("production", "Cluster")[0])
    cluster["spec"]["managed"]["roles"][0]["bypassRLS"] = True
    with pytest.raises(check.Refused, match="bypassRLS"):
        check.validate(cluster)


def test_another_version_of_a_known_kind_fails() -> None:
    topic = {**manifests.of_kind("dev", "KafkaTopic")[0], "apiVersion": "kafka.strimzi.io/v1beta2"}
    with pytest.raises(check.Refused, match=r"no schema for kafka\.strimzi\.io/v1beta2 KafkaTopic"):
        check.validate(topic)


def test_an_unknown_field_in_the_compose_file_fails() -> None:
    document = yaml.safe_load((edges.ROOT / "compose.yaml").read_text())
    document["services"]["identity"]["imagee"] = "x"
    with pytest.raises(check.Refused, match="imagee"):
        check.validate_compose(document)


def test_a_call_to_a_service_that_answers_none_is_refused(tmp_path: Path) -> None:
    data = yaml.safe_load(edges.FILE.read_text())
    data["services"]["identity"]["calls"] = ["portal"]
    (tmp_path / "edges.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(LookupError, match="identity calls portal"):
        edges.load(tmp_path / "edges.yaml")


def test_an_edited_generated_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = generate.files()
    changed = next(path for path in made if path.name == "identity.yaml")
    monkeypatch.setattr(generate, "files", lambda: {**made, changed: made[changed] + "# by hand\n"})
    assert generate.drifted() == [str(changed.relative_to(ROOT))]


def test_the_image_gets_the_locked_runtime_and_no_tools() -> None:
    lock = runtime_lock.FILE.read_text()
    names = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    whole = (ROOT / "requirements.lock").read_text()
    assert all(line in whole for line in lock.splitlines() if "==" in line)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {Requirement(wanted).name.lower().replace(".", "-") for wanted in project["dependencies"]} <= names
    assert not names & {"pytest", "mypy", "ruff", "grpcio-tools", "kubernetes-validate"}
    assert lock.count("--hash=sha256:") >= len(names)


def test_alerts_speak_of_metrics_that_exist() -> None:
    from chassis import attributes

    known = {metric.name for metric in attributes.METRICS}
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "sum", "count")}
    rules = yaml.safe_load((edges.ROOT / "observability" / "alerts.yaml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert alerts
    for rule in alerts:
        assert set(re.findall(r"joinedup_\w+", rule["expr"])) <= known, rule["alert"]
        page = ROOT / rule["annotations"]["runbook"]
        assert page.exists(), rule["alert"]


def test_the_compose_file_sets_what_the_services_read() -> None:
    document = yaml.safe_load((edges.ROOT / "compose.yaml").read_text())
    known = {variable for service in edges.load().services for variable in manifests.settings_of(service.name)}
    for service in edges.load().services:
        environment = document["services"][service.name]["environment"]
        assert set(environment) <= known, service.name
        assert ("JOINEDUP_DATABASE_URL" in environment) is service.database
        assert (f"{service.name}-migrate" in document["services"]) is service.database
