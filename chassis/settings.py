"""What a service can be told from outside: every setting with its meaning and default, read from JOINEDUP_*."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "JOINEDUP_"


class ServiceSettings(BaseSettings):
    """Settings that every service has; a service adds its own by subclassing this in its settings.py."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, use_attribute_docstrings=False)

    service: str = Field(default="", description="Name of the service, its database and its topics.")
    environment: Literal["local", "test", "production"] = Field(
        default="local", description="Where this runs. In production synthetic NHS Numbers (9xx) are refused."
    )
    instance: str = Field(default="", description="Name of this process in logs and spans; the host name if empty.")

    database_url: str = Field(
        default="",
        description="PostgreSQL as the application role, `postgresql://<db>_app@host:port/<db>`. "
        "Empty: the service has no database of its own.",
    )
    migration_database_url: str = Field(
        default="", description="PostgreSQL as the owning role; used by the `migrate` role and by nothing else."
    )
    database_pool: int = Field(
        default=12,
        ge=1,
        le=100,
        description="Connections that one process opens at most for calls; one that searches among everybody opens "
        "as many again. Each is made when first needed, and kept.",
    )
    database_connect_seconds: float = Field(
        default=0.9, gt=0, description="How long to wait for a connection before answering Unavailable."
    )
    database_statement_seconds: float = Field(
        default=0.9,
        gt=0,
        description="How long one statement of a call may take before it is cancelled and answered Unavailable. "
        "Together with the wait for a connection it keeps an answer below 2 s when PostgreSQL hangs.",
    )
    database_batch_statement_seconds: float = Field(
        default=10, gt=0, description="The same for consumers and the relay, whose statements carry whole batches."
    )

    kafka_bootstrap_servers: str = Field(
        default="127.0.0.1:7192", description="Kafka brokers to start from, comma separated."
    )
    kafka_tls: bool = Field(
        default=False, description="Speak TLS to Kafka, with the certificate, key and authority below."
    )
    kafka_create_topics: bool = Field(
        default=True,
        description="Create missing topics at start. Switch off where topics are declared elsewhere (Strimzi).",
    )
    kafka_topic_partitions: int = Field(default=6, ge=1, description="Partitions of a topic that is created at start.")
    kafka_topic_replication: int = Field(default=1, ge=1, description="Replicas of a topic that is created at start.")
    kafka_request_seconds: float = Field(
        default=10,
        gt=0,
        description="How long a send may stay unanswered before it is taken as failed and tried again.",
    )

    rpc_bind: str = Field(default="127.0.0.1:7100", description="Address the gRPC server listens on.")
    probe_bind: str = Field(
        default="127.0.0.1:7200", description="Address of plain HTTP /livez, /readyz and /metrics. Serves health only."
    )
    tls_certificate: str = Field(
        default="", description="Path of this service's certificate (PEM). Set: mutual TLS is on."
    )
    tls_key: str = Field(default="", description="Path of the private key of that certificate (PEM).")
    tls_ca: str = Field(default="", description="Path of the authority that peers' certificates must come from (PEM).")
    trusted_keys: str = Field(
        default="", description="Directory of public keys, `<issuer>.json` (JWK), whose tokens are accepted."
    )
    signing_key: str = Field(default="", description="Path of this service's private key (JWK, Ed25519).")
    roles_file: str = Field(default="governance/roles.yaml", description="Which permissions each role holds.")

    identity_address: str = Field(default="127.0.0.1:7101", description="gRPC address of identity.")
    referrals_address: str = Field(default="127.0.0.1:7102", description="gRPC address of referrals.")
    caseworker_address: str = Field(default="127.0.0.1:7103", description="gRPC address of caseworker.")
    notify_address: str = Field(default="127.0.0.1:7104", description="gRPC address of notify.")
    governance_address: str = Field(default="127.0.0.1:7105", description="gRPC address of governance.")
    insight_address: str = Field(default="127.0.0.1:7106", description="gRPC address of insight.")
    gateway_address: str = Field(default="127.0.0.1:7107", description="gRPC address of gateway.")
    call_seconds: float = Field(
        default=2, gt=0, description="Deadline of a call to a peer, unless a shorter one is set."
    )

    consumer_batch: int = Field(default=500, ge=1, le=10_000, description="Most events handled in one transaction.")
    consumer_wait_seconds: float = Field(
        default=0.5, gt=0, description="How long a fetch may wait for the first event."
    )
    consumer_attempts: int = Field(
        default=5, ge=1, description="Failures before an event goes to the dead-letter topic."
    )
    consumer_backoff_seconds: float = Field(
        default=0.5, ge=0, description="Wait before the second attempt; doubles each time. The partition waits too."
    )
    consumer_backoff_most_seconds: float = Field(default=30, gt=0, description="Longest wait between two attempts.")
    inbox_keep_days: int = Field(
        default=30, ge=1, description="How long an event's id is remembered. Must exceed the retention of the topics."
    )

    relay_batch: int = Field(default=1000, ge=1, le=10_000, description="Most outbox rows sent at once.")
    relay_poll_seconds: float = Field(
        default=0.5, gt=0, description="How often the outbox is looked at when no notification has come."
    )
    relay_compression: Literal["none", "gzip"] = Field(default="gzip", description="Compression of batches on Kafka.")
    outbox_keep_hours: float = Field(default=24, ge=0, description="How long a published row stays in the outbox.")

    drain_seconds: float = Field(
        default=20, gt=0, description="Most time from the signal to stop to the end of the process."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe line to log."
    )
    log_format: Literal["json", "text"] = Field(default="json", description="Form of a log line.")
    otlp_endpoint: str = Field(
        default="", description="OpenTelemetry collector (gRPC). Empty: no span leaves the process."
    )
    otlp_token: SecretStr = Field(default=SecretStr(""), description="Bearer token for the collector.")
    trace_ratio: float = Field(
        default=0.05, ge=0, le=1, description="Share of calls that are traced; calls that fail are always traced."
    )


@dataclass(frozen=True, slots=True)
class Described:
    """One row of the settings reference: `default` is the text a reader would write in the environment."""

    variable: str
    kind: str
    default: str
    meaning: str


def describe(settings: type[ServiceSettings] = ServiceSettings) -> Iterator[Described]:
    """Yield a row for each setting, in the order they are declared; docs/reference/settings.md is made of these."""
    for name, field in settings.model_fields.items():
        default = field.default
        yield Described(
            variable=(PREFIX + name).upper(),
            kind=_kind(field.annotation),
            default="" if isinstance(default, SecretStr) else _text(default),
            meaning=field.description or "",
        )


def _kind(annotation: object) -> str:
    if getattr(annotation, "__origin__", None) is tuple:
        return "JSON list"
    choices = getattr(annotation, "__args__", None)
    if choices and all(isinstance(choice, str) for choice in choices):
        return " or ".join(f"`{choice}`" for choice in choices)
    known = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "SecretStr": "secret"}
    return known.get(getattr(annotation, "__name__", ""), str(annotation))


def _text(default: object) -> str:
    if isinstance(default, tuple):
        return "[]" if not default else str(list(default))
    return str(default).lower() if isinstance(default, bool) else str(default)
