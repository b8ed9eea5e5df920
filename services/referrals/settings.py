"""What referrals can be told from outside."""

from __future__ import annotations

from pydantic import Field

from chassis import settings


class Settings(settings.ServiceSettings):
    """Referrals' settings."""

    service: str = Field(default="referrals", description="Name of the service, its database and its topics.")
    rpc_bind: str = Field(default="127.0.0.1:7102", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7202", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    fallback_team_id: str = Field(
        default="",
        description="Team that takes a referral which no other team can take (a single point of access). "
        "Empty: such a referral waits as `requested` until a team that can take it is registered.",
    )
    look_again_seconds: float = Field(
        default=60,
        gt=0,
        description="How often the role `clocks` looks for a team for the referrals that wait for one. A team that is "
        "registered is sent its own at once; this finds what changed otherwise, such as the fallback team.",
    )
    rulebook_files: str = Field(
        default="",
        description="Paths of the place's own response times, comma separated, on top of those delivered. "
        "Same form as services/referrals/rulebook/response_times.yaml.",
    )
