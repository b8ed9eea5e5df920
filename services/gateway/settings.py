"""What the gateway can be told from outside."""

from __future__ import annotations

from pydantic import Field

from chassis import settings


class Settings(settings.ServiceSettings):
    """The gateway's settings."""

    service: str = Field(default="gateway", description="Name of the service, its database and its topics.")
    rpc_bind: str = Field(default="127.0.0.1:7107", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7207", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    http_bind: str = Field(default="127.0.0.1:7180", description="Address of other systems' door: FHIR and BaRS.")
    message_bytes: int = Field(default=5_000_000, ge=1_000, description="Largest message taken, in bytes.")
    team_kind: str = Field(
        default="complex_needs", description="Kind of team a referral is routed to when its message names no service."
    )
