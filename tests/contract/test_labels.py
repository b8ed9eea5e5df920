"""Contract: every RPC names its permission, every field its class, and every answer can be decided and redacted."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, ServiceDescriptor

from chassis.auth import Actor, Kind, Permissions
from chassis.disclosure import labels
from tests.contract import wire_descriptors

ROLES = Path(__file__).parents[2] / "governance" / "roles.yaml"
SERVICES = wire_descriptors.services()
# The labels themselves travel in descriptors, not in calls.
MESSAGES = [one for one in wire_descriptors.messages() if one.file.package != "joinedup.options.v1"]


def test_the_wire_is_found() -> None:
    assert {"joinedup.identity.v1.Identity", "joinedup.referrals.v1.Referrals"} <= {one.full_name for one in SERVICES}


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.full_name)
def test_every_rpc_and_every_answer_is_labelled(service: ServiceDescriptor) -> None:
    assert labels.problems(service) == []


@pytest.mark.parametrize("message", MESSAGES, ids=lambda one: one.full_name)
def test_every_field_of_every_message_has_a_class(message: Descriptor) -> None:
    assert list(labels.message_problems(message)) == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.full_name)
def test_every_permission_is_held_by_some_role(service: ServiceDescriptor) -> None:
    permissions = Permissions.load(ROLES)
    roles = {
        Kind.PRACTITIONER: ("caseworker", "triage", "referrer", "partner", "ig_lead", "identity_steward"),
        Kind.INTEGRATOR: ("integrator",),
        Kind.OPERATOR: ("operator",),
        Kind.SERVICE: ("service",),
    }
    actors = [Actor("a", kind, role=role) for kind, held in roles.items() for role in held]
    for method in service.methods:
        required = labels.method_rule(method).requires
        assert any(permissions.allows(actor, required) for actor in actors), f"nobody may {required}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda one: one.full_name)
def test_permissions_are_named_after_their_service(service: ServiceDescriptor) -> None:
    package = service.file.package.split(".")[1]
    for method in service.methods:
        assert labels.method_rule(method).requires.startswith(f"{package}.")
