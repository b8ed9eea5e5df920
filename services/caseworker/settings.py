"""What caseworker can be told from outside."""

from __future__ import annotations

from pydantic import Field

from chassis import settings


class Settings(settings.ServiceSettings):
    """Caseworker's settings."""

    service: str = Field(default="caseworker", description="Name of the service, its database and its topics.")
    rpc_bind: str = Field(default="127.0.0.1:7103", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7203", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    alert_within_hours: float = Field(
        default=72, gt=0, description="How recent a contact in crisis must be to alert the key worker."
    )
    partners_read_on_days: float = Field(
        default=14, ge=0, description="Days for which partners of a plan can read it after its case was closed."
    )
