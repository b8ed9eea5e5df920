"""A portal whose services cannot be reached: enough to try its doors."""

from __future__ import annotations

from pathlib import Path

import httpx

from chassis import auth
from chassis.rpc import client
from services.portal.__main__ import portal
from services.portal.settings import Settings
from services.portal.visit import Portal

ROLES = Path(__file__).parents[2] / "governance" / "roles.yaml"
SECRET = "a-secret-of-more-than-thirty-two-characters"
# Nobody listens on the discard port.
NOWHERE = {
    f"{peer}_address": "127.0.0.1:9" for peer in ("identity", "referrals", "caseworker", "governance", "insight")
}


def settings(**more: object) -> Settings:
    """Settings for tests; `more` replace them."""
    given = {"environment": "test", "session_secret": SECRET, "roles_file": str(ROLES), "call_seconds": 0.3}
    return Settings.model_validate({**NOWHERE, **given, **more})


def unfurnished(outside: httpx.AsyncClient | None = None, **more: object) -> Portal:
    """The portal; `outside` reaches the sign-in provider."""
    config = settings(**more)
    channels = client.Channels(config, auth.Signer("portal", auth.new_key()))
    return portal(config, channels, outside or httpx.AsyncClient())


def browser(application: object, base: str = "http://portal.example") -> httpx.AsyncClient:
    """A client of the application that follows nothing by itself."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=application), base_url=base)  # type: ignore[arg-type]
