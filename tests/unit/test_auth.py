"""Tokens and permissions: only what an issuer may claim is believed, and only for as long as it holds."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt

from chassis import auth, errors
from chassis.auth import Actor, Kind, Permissions, Sector, Signer, TrustedKeys, Verifier
from chassis.auth.tokens import ALGORITHM

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
NURSE = Actor("practitioner:1", Kind.PRACTITIONER, "hospital", Sector.NHS, "caseworker", ("a", "b"), "1")
ALL = list(Kind)


class Clock:
    """A clock that is set by hand, in seconds."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def key() -> jwk.OKPKey:
    return auth.new_key()


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    return tmp_path / "trusted"


def verifier(trusted: Path, at: float | None = None) -> Verifier:
    return Verifier("identity", trusted, Clock(NOW.timestamp() if at is None else at))


def forged(key: jwk.OKPKey, algorithm: str = ALGORITHM, **changes: Any) -> str:
    """A token of portal's with some claims changed, or left out where None."""
    issued = int(NOW.timestamp())
    claims = {
        "iss": "portal",
        "aud": "identity",
        "iat": issued,
        "nbf": issued,
        "exp": issued + 120,
        "sub": "practitioner:1",
        "kind": "practitioner",
        "org": "hospital",
        "sector": "nhs",
        "role": "caseworker",
        "teams": ["a"],
        "practitioner": "1",
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": algorithm}, kept, key, algorithms=[algorithm])


def test_what_is_signed_is_what_is_verified(trusted: Path, key: jwk.OKPKey) -> None:
    auth.trust(trusted, "portal", key, ALL)
    token = Signer("portal", key).token(NURSE, "identity", NOW)
    assert verifier(trusted).verify(token) == NURSE


def test_a_service_actor_survives_the_wire(trusted: Path, key: jwk.OKPKey) -> None:
    auth.trust(trusted, "notify", key, [Kind.SERVICE])
    actor = auth.service_actor("notify")
    assert verifier(trusted).verify(Signer("notify", key).token(actor, "identity", NOW)) == actor
    assert actor.is_internal
    assert not replace(actor, organisation_id="homes").is_internal


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"aud": "referrals"}, "another service"),
        ({"aud": ["identity", "referrals"]}, "another service"),
        ({"aud": None}, "another service"),
        ({"exp": int(NOW.timestamp()) - 10}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": True}, "exp"),
        ({"iat": None}, "iat"),
        ({"nbf": None}, "nbf"),
        ({"nbf": int(NOW.timestamp()) + 60}, "not valid yet"),
        ({"iat": int(NOW.timestamp()) - 3600}, "lives longer"),
        ({"kind": "wizard"}, "kind or sector"),
        ({"kind": None}, "kind or sector"),
        ({"sector": "army"}, "kind or sector"),
        ({"sub": ""}, "malformed"),
        ({"sub": 7}, "malformed"),
        ({"org": None}, "practitioner and the organisation"),
        ({"practitioner": ""}, "practitioner and the organisation"),
        ({"teams": [1]}, "malformed"),
        ({"teams": "a"}, "malformed"),
        ({"teams": ["a,b"]}, "malformed"),
        ({"org": "hospital\x00"}, "malformed"),
        ({"iss": "../portal"}, "not trusted"),
        ({"iss": "stranger"}, "not trusted"),
        ({"iss": None}, "malformed"),
    ],
)
def test_a_claim_that_does_not_hold_is_refused(
    trusted: Path, key: jwk.OKPKey, changes: dict[str, Any], why: str
) -> None:
    auth.trust(trusted, "portal", key, ALL)
    with pytest.raises(auth.NotSignedIn, match=why):
        verifier(trusted).verify(forged(key, **changes))


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "é.é.é", "x" * 5000, "..", "e30.e30.", "e30.W10.", "e30.bnVsbA."])
def test_what_is_no_token_is_refused(trusted: Path, key: jwk.OKPKey, token: str) -> None:
    auth.trust(trusted, "portal", key, ALL)
    with pytest.raises(auth.NotSignedIn):
        verifier(trusted).verify(token)


@settings(deadline=None)
@given(parts=st.lists(st.recursive(st.none() | st.text(), st.lists), min_size=2, max_size=3), deep=st.booleans())
def test_no_bytes_make_the_verifier_stumble(parts: list[Any], deep: bool) -> None:
    told = ["[" * 2900 if deep else json.dumps(part) for part in parts]
    token = ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in told)
    with pytest.raises(auth.NotSignedIn):
        verifier(Path("/nowhere")).verify(token)


def test_another_key_or_algorithm_is_refused(trusted: Path, key: jwk.OKPKey) -> None:
    auth.trust(trusted, "portal", key, ALL)
    with pytest.raises(auth.NotSignedIn, match="signature"):
        verifier(trusted).verify(forged(auth.new_key()))
    # The classic confusion: the public key used as a shared secret, or no signature at all.
    header, payload, _ = forged(key).split(".")
    shared = jwk.OctKey.import_key(json.dumps(key.as_dict(private=False)))
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    confused = jwt.encode({"alg": "HS256"}, claims, shared)
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=") + f".{payload}."
    for token in (confused, unsigned, f"{header}.{payload}."):
        with pytest.raises(auth.NotSignedIn, match="signature"):
            verifier(trusted).verify(token)


def test_an_integrator_is_bound_to_its_kind_and_organisation(trusted: Path, key: jwk.OKPKey) -> None:
    auth.trust(trusted, "integrator-rh8", key, [Kind.INTEGRATOR], "hospital", sector=Sector.NHS)
    check = verifier(trusted)
    own = Actor("system:bars", Kind.INTEGRATOR, "hospital", Sector.NHS, "integrator")
    signer = Signer("integrator-rh8", key)
    assert check.verify(signer.token(own, "identity", NOW)) == own
    for claimed in (
        replace(NURSE, organisation_id="hospital"),
        replace(own, organisation_id="constabulary"),
        replace(own, organisation_id=""),
        Actor("operator:me", Kind.OPERATOR, "hospital", role="operator"),
        replace(auth.service_actor("portal"), organisation_id="hospital"),
    ):
        with pytest.raises(auth.NotSignedIn, match=r"may (not )?vouch"):
            check.verify(signer.token(claimed, "identity", NOW))


def test_an_integrator_bound_to_no_organisation_is_not_trusted(trusted: Path, key: jwk.OKPKey) -> None:
    auth.trust(trusted, "integrator-rh8", key, [Kind.INTEGRATOR])
    with pytest.raises(auth.NotSignedIn, match="not trusted"):
        verifier(trusted).verify(forged(key, iss="integrator-rh8", kind="integrator"))


def test_an_issuer_whose_file_names_no_kind_may_claim_nothing(trusted: Path, key: jwk.OKPKey) -> None:
    trusted.mkdir()
    (trusted / "portal.json").write_text(json.dumps(key.as_dict(private=False)))
    with pytest.raises(auth.NotSignedIn, match="may not vouch"):
        verifier(trusted).verify(forged(key))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"kty":"oct","k":"AA"}', '{"keys":[]}', "null"])
def test_a_file_that_is_no_key_trusts_nobody(trusted: Path, key: jwk.OKPKey, content: str) -> None:
    trusted.mkdir()
    (trusted / "portal.json").write_text(content)
    with pytest.raises(auth.NotSignedIn):
        verifier(trusted).verify(forged(key))


def test_a_key_is_added_replaced_and_withdrawn_while_running(trusted: Path, key: jwk.OKPKey) -> None:
    clock = Clock(NOW.timestamp())
    check = Verifier("identity", trusted, clock)
    check._trusted = TrustedKeys(trusted, clock)
    with pytest.raises(auth.NotSignedIn):
        check.verify(forged(key))
    path = auth.trust(trusted, "portal", key, ALL)
    assert check.verify(forged(key)).practitioner_id == "1"
    replacement = auth.new_key()
    auth.trust(trusted, "portal", replacement, ALL)
    os.utime(path, ns=(1, 1))
    clock.at += 6
    assert check.verify(forged(replacement)).practitioner_id == "1"
    with pytest.raises(auth.NotSignedIn):
        check.verify(forged(key))
    path.unlink()
    clock.at += 12
    with pytest.raises(auth.NotSignedIn):
        check.verify(forged(replacement))


def test_two_keys_are_trusted_while_one_replaces_the_other(trusted: Path, key: jwk.OKPKey) -> None:
    other = auth.new_key()
    trusted.mkdir()
    both = {"keys": [key.as_dict(private=False), other.as_dict(private=False)], "joinedup_kinds": ["practitioner"]}
    (trusted / "portal.json").write_text(json.dumps(both))
    check = verifier(trusted)
    assert check.verify(forged(key)) == check.verify(forged(other))


def test_a_token_seen_before_still_expires(trusted: Path, key: jwk.OKPKey) -> None:
    auth.trust(trusted, "portal", key, ALL)
    clock = Clock(NOW.timestamp())
    check = Verifier("identity", trusted, clock)
    token = forged(key)
    assert check.verify(token) == check.verify(token)
    clock.at += 131
    with pytest.raises(auth.NotSignedIn, match="expired"):
        check.verify(token)


def test_a_private_key_is_kept_private_and_read_back(tmp_path: Path, key: jwk.OKPKey) -> None:
    path = tmp_path / "keys" / "portal.private.json"
    auth.write_private_key(path, key)
    assert path.stat().st_mode & 0o777 == 0o600
    assert auth.read_private_key(path).as_dict(private=True)["d"] == key.as_dict(private=True)["d"]
    path.write_text(json.dumps(key.as_dict(private=False)))
    with pytest.raises(ValueError, match="a private one is needed"):
        auth.read_private_key(path)


ROLES = Path(__file__).parents[2] / "governance" / "roles.yaml"


def test_roles_hold_what_they_are_given_and_no_more() -> None:
    permissions = Permissions.load(ROLES)
    triage = replace(NURSE, role="triage")
    assert permissions.allows(triage, "referrals.triage")
    assert not permissions.allows(NURSE, "referrals.triage")
    assert not permissions.allows(triage, "governance.agreements.publish")
    assert not permissions.allows(replace(NURSE, role=""), "identity.read")
    assert not permissions.allows(replace(NURSE, role="nobody"), "identity.read")
    with pytest.raises(errors.Denied, match=r"caseworker does not hold the permission referrals\.triage"):
        permissions.require(NURSE, "referrals.triage")


def test_a_role_is_of_use_only_to_its_kind() -> None:
    permissions = Permissions.load(ROLES)
    assert not permissions.allows(replace(NURSE, role="operator"), "governance.agreements.publish")
    assert not permissions.allows(replace(NURSE, role="service"), "identity.read")
    assert not permissions.oversees(replace(NURSE, role="operator"))
    assert permissions.oversees(Actor("operator:x", Kind.OPERATOR, role="operator"))


TWICE = "{held_by: [service], for: [administration], may: [a, b, a]}"


def test_a_malformed_role_is_named(tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    for role in (
        "{may: [a]}",
        "{held_by: [wizard], may: [a]}",
        "[a]",
        "{held_by: [service], may: [a], oversees: x}",
        TWICE,
    ):
        path.write_text(f"roles: {{odd: {role}}}")
        with pytest.raises(ValueError, match="role odd"):
            Permissions.load(path)
