"""What the portal can be told from outside."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, model_validator

from chassis import settings

LEAST_SECRET = 32


class SignIn(BaseModel, frozen=True):
    """An OpenID provider at which practitioners sign in, and the portal's registration with it.

    `claim` names the claim of the ID token that holds the practitioner's id in the directory. Where `organisations`
    (ids) are given, the provider vouches for posts in those only: one agency's sign-in cannot make anybody another's.
    """

    issuer: str
    client_id: str
    client_secret: SecretStr = SecretStr("")
    name: str = "Sign in"
    claim: str = "sub"
    organisations: tuple[str, ...] = ()


class Settings(settings.ServiceSettings):
    """The portal's settings."""

    service: str = Field(default="portal", description="Name of the service, its database and its topics.")
    probe_bind: str = Field(
        default="127.0.0.1:7290", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    http_bind: str = Field(default="127.0.0.1:7190", description="Address of people's door: the pages.")
    public_url: str = Field(
        default="http://127.0.0.1:7190",
        description="The portal's own address as browsers see it. With https its cookies are sent over https only.",
    )
    oidc_issuer: str = Field(default="http://127.0.0.1:7188", description="OpenID provider at which people sign in.")
    oidc_client_id: str = Field(default="portal", description="The portal's client id there.")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="The portal's client secret there.")
    oidc_name: str = Field(default="Sign in", description="Text of the button that leads there.")
    oidc_claim: str = Field(
        default="sub", description="Claim of the ID token that holds the practitioner's id in the directory."
    )
    oidc_more: tuple[SignIn, ...] = Field(
        default=(),
        description="Further providers, as a JSON list of objects with issuer, client_id, client_secret, name, claim "
        "and organisations (ids of the organisations that the provider may vouch for; empty: all).",
    )
    session_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Seals the session cookie; at least 32 characters, the same for every replica. Several, separated "
        "by spaces: the first seals, all open, so that it can be replaced without signing anybody out.",
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, description="A session ends after so many minutes without a page asked for by hand."
    )
    session_hours: int = Field(default=10, ge=1, description="A session ends after so many hours in any case.")
    directory_seconds: float = Field(
        default=60,
        ge=0,
        description="How long names and roles of the directory are kept: a role that is taken away ends within it.",
    )
    live_most: int = Field(default=2_000, ge=1, description="Most live streams open at once in one process.")
    live_minutes: float = Field(
        default=15, gt=0, description="A live stream ends after so many minutes; the browser opens a new one by itself."
    )
    form_bytes: int = Field(default=1_000_000, ge=1_000, description="Largest form taken, in bytes.")
    alert_hours: int = Field(
        default=72, ge=1, description="How long an alert stands on top of the pages about its person."
    )

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.environment != "production":
            return self
        addresses = (self.public_url, self.oidc_issuer, *(one.issuer for one in self.oidc_more))
        if any(urlsplit(address).scheme != "https" for address in addresses):
            raise ValueError("in production the portal and its sign-in providers are reached by https only")
        if any(len(one) < LEAST_SECRET for one in self.secrets()) or not self.secrets():
            raise ValueError(f"in production session_secret has at least {LEAST_SECRET} characters")
        return self

    def secrets(self) -> tuple[str, ...]:
        """The secrets that seal and open, the one that seals first."""
        return tuple(self.session_secret.get_secret_value().split())

    def sign_ins(self) -> tuple[SignIn, ...]:
        """Every provider, the main one first."""
        main = SignIn(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=self.oidc_client_secret,
            name=self.oidc_name,
            claim=self.oidc_claim,
        )
        return (main, *self.oidc_more)

    @property
    def phase(self) -> str:
        """What the header of every page says of this Joinedup; nothing in production."""
        return "" if self.environment == "production" else "Demonstration"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the portal by https."""
        return urlsplit(self.public_url).scheme == "https"
