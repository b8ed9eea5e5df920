"""What the local sign-in provider can be told, read from `JOINEDUP_SIGNIN_*`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SignInSettings(BaseSettings):
    """Settings of `python -m devstack.signin`."""

    model_config = SettingsConfigDict(env_prefix="JOINEDUP_SIGNIN_", frozen=True)

    bind: str = Field(default="127.0.0.1:7188", description="Where the provider answers HTTP, as host:port.")
    issuer: str = Field(default="http://127.0.0.1:7188", description="The provider's own address, without a slash.")
    users: Path = Field(
        description='JSON list of people who may sign in: [{"id", "name", "email", "detail"}]; read again when changed.'
    )
    signing_key: Path = Field(description="Private RSA JWK that signs ID tokens (devstack.keys makes it).")
    client_id: str = Field(default="portal", description="The one confidential client.")
    client_secret: SecretStr = Field(description="That client's secret.")
    redirect_uris: str = Field(
        default="http://127.0.0.1:7190/signed-in",
        description="Addresses a code may be sent to, separated by spaces; compared exactly.",
    )
    post_logout_redirect_uris: str = Field(
        default="http://127.0.0.1:7190/",
        description="Addresses a person may be sent to after signing out, separated by spaces; compared exactly.",
    )
    code_seconds: int = Field(default=60, gt=0, description="How long a code may be redeemed, in seconds.")
    token_seconds: int = Field(default=600, gt=0, description="How long access and ID tokens hold, in seconds.")
