"""What the local mail server can be told, read from `JOINEDUP_MAIL_*`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MEGABYTE = 1_000_000


class MailSettings(BaseSettings):
    """Settings of `python -m devstack.mail`."""

    model_config = SettingsConfigDict(env_prefix="JOINEDUP_MAIL_", frozen=True)

    bind: str = Field(default="127.0.0.1:7125", description="Where SMTP submission is accepted, as host:port.")
    http_bind: str = Field(default="127.0.0.1:7126", description="Where the mailbox is shown over HTTP, as host:port.")
    directory: Path = Field(description="Folder that holds the accepted messages, one sub-folder a recipient.")
    certificate: Path = Field(description="PEM certificate chain shown after STARTTLS.")
    key: Path = Field(description="PEM private key of the certificate.")
    username: str = Field(default="joinedup", description="The account that may send.")
    password: SecretStr = Field(description="The account's password.")
    hostname: str = Field(default="localhost", description="Name the server greets with.")
    size_limit: int = Field(
        default=35 * MEGABYTE, gt=0, description="Largest message accepted, in bytes (NHSmail: 35 MB)."
    )
    refuse_temporarily: str = Field(
        default="", description="Recipient domains answered with 451, comma separated; changed while running by HTTP."
    )
    refuse_permanently: str = Field(
        default="", description="Recipient domains answered with 550, comma separated; changed while running by HTTP."
    )
