"""What insight can be told from outside."""

from __future__ import annotations

from pydantic import Field

from chassis import settings
from services.insight import domain


class Settings(settings.ServiceSettings):
    """Insight's settings."""

    service: str = Field(default="insight", description="Name of the service, its database and its topics.")
    rpc_bind: str = Field(default="127.0.0.1:7106", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7206", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    rising_need_contacts: int = Field(
        default=5, ge=1, description="Contacts in crisis that make a signal. A local choice, not a clinical norm."
    )
    rising_need_days: int = Field(default=90, ge=1, description="Days of the sliding window in which they are counted.")
    stream_group: str = Field(
        default="insight.count",
        description="Name of the stream application: its consumer group and the prefix of its changelog topic.",
    )
    stream_data: str = Field(
        default="", description="Folder for the stream library's own files; empty: a temporary one, rebuilt at start."
    )

    @property
    def rule(self) -> domain.Rule:
        """The rule by which contacts are counted."""
        return domain.Rule(self.rising_need_contacts, self.rising_need_days)
