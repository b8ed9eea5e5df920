"""Settings of the PDS: whole or refused with what is missing; and a key file that is none is refused unquoted."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chassis import process
from services.identity import __main__ as identity
from services.identity.pds import composition, resting, worker
from services.identity.settings import Settings
from tests import demographics_service as pds

WHOLE: dict[str, Any] = {
    "pds_base_url": "https://api.example.nhs.uk/personal-demographics/FHIR/R4",
    "pds_token_url": "https://api.example.nhs.uk/oauth2/token",
    "pds_client_id": "app",
    "pds_key_file": "pds.pem",
    "pds_kid": "one",
}


def test_without_a_pds_nothing_else_is_needed() -> None:
    assert not Settings().asks_pds
    assert not identity.bench(Settings()).asks_pds


def test_with_one_everybody_registered_is_asked_about() -> None:
    assert identity.bench(Settings(**WHOLE)).asks_pds
    assert Settings(**WHOLE, environment="production").asks_pds


def test_in_user_mode_nobody_is_asked_about_in_the_background() -> None:
    assert not Settings(pds_base_url=WHOLE["pds_base_url"], pds_mode="user").asks_pds


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"pds_kid": "", "pds_client_id": ""}, "set pds_client_id, pds_kid as well"),
        ({"pds_base_url": "http://api.example.nhs.uk"}, "pds_base_url must be an https address"),
        ({"pds_token_url": "ftp://x"}, "pds_token_url must be an https address"),
        (
            {"pds_token_url": "http://127.0.0.1/t", "environment": "production"},
            "pds_token_url must be an https address",
        ),
        ({"pds_total_seconds": 1}, "pds_total_seconds must not be shorter"),
        ({"pds_lease_seconds": 30}, "pds_lease_seconds must be at least three times"),
    ],
)
def test_half_a_pds_is_refused_with_what_is_wrong(more: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Settings(**WHOLE | more)


@pytest.mark.parametrize("more", [{}, {"pds_base_url": WHOLE["pds_base_url"], "pds_mode": "user"}])
async def test_the_role_rests_where_there_is_nobody_to_ask_or_to_ask_for(more: dict[str, Any]) -> None:
    async with AsyncExitStack() as closing:
        role = identity.SERVICE.roles["pds"](process.Parts(Settings(**more), closing))
        assert isinstance(role, resting.Resting)
        assert role.ready
        stop = asyncio.Event()
        running = asyncio.create_task(role.run(stop))
        await asyncio.sleep(0)
        assert not running.done()
        stop.set()
        await running


async def test_the_role_asks_where_the_settings_are_whole(tmp_path: Path) -> None:
    key = tmp_path / "pds.pem"
    key.write_bytes(pds.KEY.as_pem(private=True))
    config = Settings(**WHOLE | {"pds_key_file": str(key), "database_url": "postgresql://a_app@127.0.0.1:9/a"})
    async with AsyncExitStack() as closing:
        role = identity.SERVICE.roles["pds"](process.Parts(config, closing))
        assert isinstance(role, worker.Worker)
        assert not role.ready


@pytest.mark.parametrize("form", ["pem", "jwk"])
def test_a_key_is_read_as_pem_or_jwk(form: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(
        pds.KEY.as_pem(private=True) if form == "pem" else json.dumps(pds.KEY.as_dict(private=True)).encode()
    )
    assert composition.read_key(path).is_private


@pytest.mark.parametrize("held", ["", "secret words", '{"kty": "RSA", "n": "secret"}', "{", "public"])
def test_a_file_that_holds_no_private_key_is_refused_unquoted(held: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(json.dumps(pds.KEY.as_dict(private=False)) if held == "public" else held)
    with pytest.raises(ValueError, match="holds no private RSA key of at least 2048 bits") as raised:
        composition.read_key(path)
    assert "secret" not in str(raised.value)
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        composition.read_key(tmp_path / "gone")
