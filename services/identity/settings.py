"""What identity can be told from outside."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from chassis import settings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(settings.ServiceSettings):
    """Identity's settings."""

    service: str = Field(default="identity", description="Name of the service, its database and its topics.")
    rpc_bind: str = Field(default="127.0.0.1:7101", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7201", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    match_from: float = Field(
        default=0.90, gt=0.5, le=1, description="Probability from which a trace is a match without a human."
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
    pds_base_url: str = Field(
        default="",
        description="Personal Demographics Service (FHIR R4), up to and without `/Patient`. Empty: there is none, and "
        "the register of this place answers alone.",
    )
    pds_mode: Literal["application", "user"] = Field(
        default="application",
        description="Who asks the PDS: this application, for whoever was registered; or signed-in users only, with "
        "tokens of their own, in which case nobody is asked about in the background.",
    )
    pds_token_url: str = Field(default="", description="Where the application's access tokens are given out.")
    pds_client_id: str = Field(default="", description="The application's id there (its API key).")
    pds_key_file: str = Field(
        default="", description="Path of the application's private RSA key (PEM or JWK), with which it signs who it is."
    )
    pds_kid: str = Field(default="", description="Id under which the public half of that key is registered.")
    pds_organisation: str = Field(default="", description="ODS code of the organisation that asks, sent if not empty.")
    pds_seconds: float = Field(default=5, gt=0, description="How long one attempt to ask the PDS may take.")
    pds_attempts: int = Field(default=3, ge=1, le=10, description="How often one question is asked before it waits.")
    pds_total_seconds: float = Field(
        default=20, gt=0, description="How long all attempts at one question may take together, pauses included."
    )
    pds_per_second: float = Field(
        default=5,
        gt=0,
        description="Most questions a second that one process asks; a site divides what it is allowed by its replicas.",
    )
    pds_open_after: int = Field(
        default=5, ge=1, description="After so many failures in a row the PDS is not asked for a while."
    )
    pds_rest_seconds: float = Field(default=60, gt=0, description="How long it is then left alone.")
    pds_accept_score: float = Field(
        default=1.0, ge=0.9, le=1, description="Score from which the only answer to a search is taken without a human."
    )
    pds_again_days: float = Field(
        default=30,
        ge=0,
        description="After so many days the PDS is asked again about somebody: numbers die and records are restricted "
        "without notice. 0: never.",
    )
    pds_batch: int = Field(default=10, ge=1, le=100, description="People asked about at once by one process.")
    pds_poll_seconds: float = Field(default=2, gt=0, description="How often it is looked who waits to be asked about.")
    pds_lease_seconds: float = Field(
        default=300,
        gt=0,
        description="After this time somebody whose worker did not finish (it was killed) is asked about by another.",
    )

    @property
    def asks_pds(self) -> bool:
        """Whether the PDS is asked about whoever is registered."""
        return bool(self.pds_base_url) and self.pds_mode == "application"

    @model_validator(mode="after")
    def _pds_is_whole(self) -> Self:
        if not self.pds_base_url:
            return self
        needed = ("pds_token_url", "pds_client_id", "pds_key_file", "pds_kid") if self.asks_pds else ()
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"pds_base_url is set and pds_mode is application: set {', '.join(missing)} as well")
        for name in ("pds_base_url", "pds_token_url"):
            if getattr(self, name) and not self._may_be_asked(getattr(self, name)):
                raise ValueError(f"{name} must be an https address (plain http only on this machine, for tests)")
        if self.pds_total_seconds < self.pds_seconds:
            raise ValueError("pds_total_seconds must not be shorter than one attempt, pds_seconds")
        if self.pds_lease_seconds < 3 * self.pds_total_seconds:
            raise ValueError("pds_lease_seconds must be at least three times pds_total_seconds: one trace asks thrice")
        return self

    def _may_be_asked(self, address: str) -> bool:
        """Whether tokens and names may be sent there."""
        parts = urlsplit(address)
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK and self.environment != "production"
        return bool(parts.hostname) and (parts.scheme == "https" or plain) and not (parts.query or parts.fragment)
