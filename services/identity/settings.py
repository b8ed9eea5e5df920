"""What identity can be told from outside."""

from __future__ import annotations

from pydantic import Field

from chassis import settings


class Settings(settings.ServiceSettings):
    """Identity's settings."""

    service: str = Field(default="identity", description="Name of the service, its database and its topics.")
    rpc_bind: str = Field(default="127.0.0.1:7101", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7201", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    match_from: float = Field(
        default=0.89, gt=0.5, le=1, description="Probability from which a trace is a match without a human."
    )
    review_from: float = Field(
        default=0.05, gt=0, lt=1, description="Probability from which a human is asked whether it is the same person."
    )
    model: str = Field(
        default="",
        description="File of the model that weighs a trace (`joinedup identity train`); empty: the one in the package.",
    )
    register_size: int = Field(
        default=500_000,
        ge=1,
        description="People who live where the register serves: among more people more agree by chance.",
    )
