"""Nobody is believed to be more than they are: no issuer, no kind of caller, no role for any purpose it likes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jwk

from chassis import auth, errors
from chassis.auth import Actor, Kind, Permissions, Sector, Signer, Verifier
from devstack import keys

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ROLES = Path(__file__).parents[2] / "governance" / "roles.yaml"
HOMES = Actor("system:homes", Kind.INTEGRATOR, "homes", Sector.HOUSING, "integrator")
OPERATOR = Actor("operator:x", Kind.OPERATOR, role="operator")
NURSE = Actor("practitioner:1", Kind.PRACTITIONER, "hospital", Sector.NHS, "caseworker", (), "1")


@pytest.fixture
def key() -> jwk.OKPKey:
    return auth.new_key()


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    return tmp_path / "trusted"


def verified(trusted: Path, issuer: str, key: jwk.OKPKey, actor: Actor) -> Actor:
    token = Signer(issuer, key).token(actor, "identity", NOW)
    return Verifier("identity", trusted, NOW.timestamp).verify(token)


def test_an_integrator_cannot_claim_another_sector(trusted: Path, key: jwk.OKPKey) -> None:
    auth.trust(trusted, "integrator-homes", key, [Kind.INTEGRATOR], "homes", sector=Sector.HOUSING)
    assert verified(trusted, "integrator-homes", key, HOMES) == HOMES
    unsaid = replace(HOMES, sector=Sector.NONE)
    assert verified(trusted, "integrator-homes", key, unsaid) == unsaid
    with pytest.raises(auth.NotSignedIn, match="sector"):
        verified(trusted, "integrator-homes", key, replace(HOMES, sector=Sector.NHS))


def test_an_integrator_that_is_bound_to_no_sector_claims_none(trusted: Path, key: jwk.OKPKey) -> None:
    auth.trust(trusted, "integrator-homes", key, [Kind.INTEGRATOR], "homes")
    with pytest.raises(auth.NotSignedIn, match="sector"):
        verified(trusted, "integrator-homes", key, HOMES)


@pytest.mark.parametrize("claimed", [{"team_ids": ("mdt",)}, {"practitioner_id": "key-worker"}])
def test_a_system_is_no_member_of_a_team_and_no_practitioner(
    trusted: Path, key: jwk.OKPKey, claimed: dict[str, object]
) -> None:
    auth.trust(trusted, "integrator-homes", key, [Kind.INTEGRATOR], "homes", sector=Sector.HOUSING)
    with pytest.raises(auth.NotSignedIn, match="neither team nor practitioner"):
        verified(trusted, "integrator-homes", key, replace(HOMES, **claimed))  # type: ignore[arg-type]


@pytest.mark.parametrize("claimed", [{"organisation_id": "hospital"}, {"sector": Sector.NHS}])
def test_an_operator_acts_for_no_organisation(trusted: Path, key: jwk.OKPKey, claimed: dict[str, object]) -> None:
    auth.trust(trusted, "operator", key, [Kind.OPERATOR])
    assert verified(trusted, "operator", key, OPERATOR).role == "operator"
    with pytest.raises(auth.NotSignedIn, match="operator"):
        verified(trusted, "operator", key, replace(OPERATOR, **claimed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("actor", "purpose"),
    [
        (HOMES, "safeguarding"),
        (HOMES, "audit"),
        (OPERATOR, "direct_care"),
        (OPERATOR, "safeguarding"),
        (replace(NURSE, role="referrer"), "administration"),
        (replace(NURSE, role="ig_lead"), "safeguarding"),
        (replace(NURSE, role="nobody"), "direct_care"),
    ],
)
def test_a_role_may_state_only_the_purposes_it_serves(actor: Actor, purpose: str) -> None:
    with pytest.raises(errors.Denied, match=purpose):
        Permissions.load(ROLES).require_purpose(replace(actor, purpose=purpose))


@pytest.mark.parametrize(
    ("actor", "purpose"),
    [
        (HOMES, "direct_care"),
        (OPERATOR, "audit"),
        (OPERATOR, "administration"),
        (NURSE, "safeguarding"),
        (NURSE, "audit"),
        (auth.service_actor("notify"), "administration"),
        (replace(auth.service_actor("notify"), organisation_id="homes"), "direct_care"),
    ],
)
def test_a_role_states_the_purposes_it_serves(actor: Actor, purpose: str) -> None:
    Permissions.load(ROLES).require_purpose(replace(actor, purpose=purpose))


def test_a_role_with_an_unknown_purpose_is_malformed(tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text("roles: {odd: {held_by: [service], may: [a], for: [curiosity]}}")
    with pytest.raises(ValueError, match="odd"):
        Permissions.load(path)


def test_the_local_stack_binds_each_integrator_to_its_sector_and_follows_a_change(tmp_path: Path) -> None:
    made = keys.ensure(tmp_path, {"zpw": keys.SpeaksFor("police", "police")})
    told = json.loads((made.trusted / "integrator-zpw.json").read_text())
    assert (told["joinedup_organisation"], told["joinedup_sector"]) == ("police", "police")
    keys.ensure(tmp_path, {"zpw": keys.SpeaksFor("police", "council")})
    changed = json.loads((made.trusted / "integrator-zpw.json").read_text())
    assert (changed["joinedup_sector"], changed["x"]) == ("council", told["x"])
