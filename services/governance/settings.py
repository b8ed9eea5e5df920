"""What governance can be told from outside."""

from __future__ import annotations

from pydantic import Field

from chassis import settings


class Settings(settings.ServiceSettings):
    """Governance's settings."""

    service: str = Field(default="governance", description="Name of the service, its database and its topics.")
    rpc_bind: str = Field(default="127.0.0.1:7105", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7205", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
