"""Every name of a span, a metric or an attribute: no other may be used, and none may stand for a personal field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Attributes of spans. The first ones are OpenTelemetry's semantic conventions (semconv 1.x), the others our own.
RPC_SYSTEM: Final = "rpc.system"
RPC_METHOD: Final = "rpc.method"
RPC_STATUS: Final = "rpc.grpc.status_code"
DB_SYSTEM: Final = "db.system.name"
DB_OPERATION: Final = "db.operation.name"
MESSAGING_SYSTEM: Final = "messaging.system"
MESSAGING_DESTINATION: Final = "messaging.destination.name"
ERROR_TYPE: Final = "error.type"
REQUEST_ID: Final = "joinedup.request_id"
ACTOR_KIND: Final = "joinedup.actor_kind"
PURPOSE: Final = "joinedup.purpose"
EVENT_TYPE: Final = "joinedup.event_type"
EVENT_ID: Final = "joinedup.event_id"
CONSUMER_GROUP: Final = "joinedup.consumer_group"

SPAN_ATTRIBUTES: frozenset[str] = frozenset(
    {
        RPC_SYSTEM,
        RPC_METHOD,
        RPC_STATUS,
        DB_SYSTEM,
        DB_OPERATION,
        MESSAGING_SYSTEM,
        MESSAGING_DESTINATION,
        ERROR_TYPE,
        REQUEST_ID,
        ACTOR_KIND,
        PURPOSE,
        EVENT_TYPE,
        EVENT_ID,
        CONSUMER_GROUP,
    }
)


@dataclass(frozen=True, slots=True)
class SpanName:
    """What a span is called: a verb, and the attribute it goes on with ("serve joinedup.identity.v1.Identity/...")."""

    name: str


SERVE: Final = SpanName("serve")
CALL: Final = SpanName("call")
PUBLISH: Final = SpanName("publish")
HANDLE: Final = SpanName("handle")
QUERY: Final = SpanName("query")

SPAN_NAMES: frozenset[SpanName] = frozenset({SERVE, CALL, PUBLISH, HANDLE, QUERY})


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as Prometheus knows it; a histogram when it has `buckets` (in seconds), else a counter or a gauge."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    is_gauge: bool = False


_CALL_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)

RPC_SERVED: Final = Metric(
    "joinedup_rpc_served_seconds", "Time from a call's arrival to its answer.", ("method", "code"), _CALL_SECONDS
)
RPC_CALLED: Final = Metric(
    "joinedup_rpc_called_seconds", "Time a call to a peer took.", ("method", "code"), _CALL_SECONDS
)
DISCLOSURES: Final = Metric(
    "joinedup_disclosures_total", "Answers about a person, by what became of them.", ("result",)
)
IDEMPOTENT_REPEATS: Final = Metric(
    "joinedup_idempotent_repeats_total", "Commands that were answered from a stored answer.", ("method",)
)
OUTBOX_PENDING: Final = Metric("joinedup_outbox_pending", "Events that wait to be published.", is_gauge=True)
OUTBOX_OLDEST: Final = Metric(
    "joinedup_outbox_oldest_seconds", "Age of the oldest event that waits to be published.", is_gauge=True
)
EVENTS_PUBLISHED: Final = Metric("joinedup_events_published_total", "Events that Kafka has confirmed.", ("topic",))
EVENTS_HANDLED: Final = Metric(
    "joinedup_events_handled_total", "Events that took effect, or did not.", ("group", "type", "result")
)
EVENT_DELAY: Final = Metric(
    "joinedup_event_delay_seconds", "Time from an event to its effect.", ("group",), (*_CALL_SECONDS, 15.0, 60.0)
)
DEAD_LETTERS: Final = Metric("joinedup_dead_letters_total", "Events given up on.", ("group",))
PDS_TRACES: Final = Metric(
    "joinedup_pds_traces_total",
    "People asked about at the Personal Demographics Service, by what came of it.",
    ("result",),
)

METRICS: tuple[Metric, ...] = (
    RPC_SERVED,
    RPC_CALLED,
    DISCLOSURES,
    IDEMPOTENT_REPEATS,
    OUTBOX_PENDING,
    OUTBOX_OLDEST,
    EVENTS_PUBLISHED,
    EVENTS_HANDLED,
    EVENT_DELAY,
    DEAD_LETTERS,
    PDS_TRACES,
)
