"""Sharing agreements in files: those in the repository are sound, and a malformed one says what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.auth import Actor, Kind, Sector, service_actor
from chassis.disclosure import agreements_file, decision, facts
from chassis.disclosure.decision import Released, Withheld
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2

AGREEMENTS = Path(__file__).parents[2] / "governance" / "agreements"
NOW = datetime(2026, 1, 5, tzinfo=UTC)


def known_to(sector: Sector, kind: int, purpose: str = "direct_care") -> set[str]:
    """The classes that somebody of a sector may know through a relationship, by the agreements in the repository."""
    agreements = [facts.from_wire(one) for one in agreements_file.read_all(AGREEMENTS)]
    actor = Actor("someone", Kind.PRACTITIONER, "here", sector, practitioner_id="me")
    found = decision.decide(actor, purpose, [decision.Relationship("here", kind)], agreements, [], now=NOW)
    return {
        options_pb2.DataClass.Name(options_pb2.DataClass.ValueType(number)).removeprefix("DATA_CLASS_")
        for number, outcome in found.outcomes.items()
        if isinstance(outcome, Released)
    }


def test_the_police_in_a_plan_know_who_and_what_keeps_people_safe() -> None:
    assert known_to(Sector.POLICE, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER) == {
        "IDENTIFYING",
        "SAFEGUARDING",
        "POLICE",
    }


def test_housing_in_a_plan_knows_no_health_or_police_information() -> None:
    assert known_to(Sector.HOUSING, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER) == {
        "IDENTIFYING",
        "CONTACT",
        "HOUSING",
        "VOICE",
    }


def test_a_key_worker_of_the_nhs_knows_what_care_needs_but_not_the_finances() -> None:
    assert known_to(Sector.NHS, common_pb2.RELATIONSHIP_KIND_KEY_WORKER) == {
        "IDENTIFYING",
        "CONTACT",
        "HEALTH",
        "SOCIAL_CARE",
        "HOUSING",
        "SAFEGUARDING",
        "VOICE",
        "POLICE",
    }


def test_nobody_knows_anything_for_an_audit() -> None:
    assert known_to(Sector.NHS, common_pb2.RELATIONSHIP_KIND_KEY_WORKER, "audit") == set()


def test_our_own_services_are_covered_and_an_operator_is_not() -> None:
    agreements = [facts.from_wire(one) for one in agreements_file.read_all(AGREEMENTS)]
    ours = decision.decide(service_actor("notify"), "administration", [], agreements, [], now=NOW)
    operator = Actor("operator:x", Kind.OPERATOR, role="operator")
    theirs = decision.decide(operator, "administration", [], agreements, [], now=NOW)
    assert all(isinstance(one, Released) for one in ours.outcomes.values())
    assert all(isinstance(one, Withheld) for one in theirs.outcomes.values())


def document() -> dict[str, Any]:
    """A sound agreement as a file holds it."""
    path = AGREEMENTS / "complex-needs-north-moor.yaml"
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sectors": ["army"]}, "rule nhs-direct-care: army is not known here"),
        ({"sectors": []}, "rule nhs-direct-care: a list of names is expected"),
        ({"sectors": ["unspecified"]}, "unspecified is not known here"),
        ({"releases": ["operational"]}, "operational fields say nothing"),
        ({"releases": ["gossip"]}, "gossip is not known here"),
        ({"purposes": ["curiosity"]}, "'curiosity' is not a valid Purpose"),
        ({"refusable": "perhaps"}, "refusable must be yes or no"),
        ({"lawful_basis": " "}, "a release needs a lawful basis"),
        ({"relationships": ["none"]}, "belong together, alone"),
        ({"sectors": ["joinedup"]}, "belong together, alone"),
        ({"until": "forever"}, "until: not known here"),
    ],
)
def test_a_malformed_rule_is_refused_by_name(change: dict[str, Any], problem: str) -> None:
    made = document()
    made["rules"][0].update(change)
    with pytest.raises(ValueError, match="rule nhs-direct-care") as refused:
        agreements_file.from_document(made)
    assert problem in str(refused.value)


@pytest.mark.parametrize("key", ["sectors", "relationships", "purposes", "releases", "lawful_basis", "refusable"])
def test_nothing_in_a_rule_may_be_left_out(key: str, tmp_path: Path) -> None:
    made = document()
    del made["rules"][0][key]
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump(made), encoding="utf-8")
    with pytest.raises(ValueError, match=f"a.yaml: rule nhs-direct-care: {key} is missing"):
        agreements_file.read(path)


def test_two_rules_of_one_name_are_refused() -> None:
    made = document()
    made["rules"].append(made["rules"][0])
    with pytest.raises(ValueError, match="two rules have the same name"):
        agreements_file.from_document(made)


def test_a_date_must_be_a_date() -> None:
    with pytest.raises(ValueError, match="a date such as"):
        agreements_file.from_document({**document(), "valid_from": "soon"})
