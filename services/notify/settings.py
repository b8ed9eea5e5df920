"""What notify can be told from outside."""

from __future__ import annotations

from pydantic import Field, SecretStr

from chassis import settings


class Settings(settings.ServiceSettings):
    """Notify's settings."""

    service: str = Field(default="notify", description="Name of the service, its database and its topics.")
    rpc_bind: str = Field(default="127.0.0.1:7104", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7204", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    smtp_host: str = Field(default="127.0.0.1", description="Mail submission server.")
    smtp_port: int = Field(default=7125, description="Its port; 587 for NHSmail. STARTTLS is always required.")
    smtp_username: str = Field(default="", description="Account that submits; authentication is always required.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    smtp_ca: str = Field(
        default="", description="Path of the authority of the server's certificate; empty: the system's."
    )
    smtp_seconds: float = Field(
        default=20, gt=0, description="How long one delivery to the mail server may take, from greeting to receipt."
    )
    mail_from: str = Field(
        default="joinedup@joinedup.nhs.net", description="Sender's address; NHSmail demands the account's own."
    )
    mail_domains: str = Field(default="", description="Path of a newer list of mail domains; empty: the one shipped.")
    portal_url: str = Field(default="http://127.0.0.1:7190", description="Where links in messages lead.")
    send_batch: int = Field(default=20, ge=1, le=200, description="Messages taken at once by a sender.")
    send_poll_seconds: float = Field(
        default=0.5, gt=0, description="How often a sender looks for messages that are due."
    )
    send_lease_seconds: float = Field(
        default=40,
        gt=0,
        description="After this time a message that its sender did not finish (it was killed) is sent by another, "
        "under the same Message-ID. Longer than a delivery with the questions before it may take.",
    )
