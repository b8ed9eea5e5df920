"""Export of spans to an OpenTelemetry collector, in batches by the SDK; imported only when there is a collector."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from chassis import attributes
from chassis.settings import ServiceSettings
from chassis.telemetry import Span

_KINDS = {
    attributes.SERVE.name: SpanKind.SERVER,
    attributes.CALL.name: SpanKind.CLIENT,
    attributes.QUERY.name: SpanKind.CLIENT,
    attributes.PUBLISH.name: SpanKind.PRODUCER,
    attributes.HANDLE.name: SpanKind.CONSUMER,
}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class Otlp:
    """Hands finished spans to the SDK's batch processor."""

    def __init__(self, config: ServiceSettings, exporter: SpanExporter | None = None) -> None:
        token = config.otlp_token.get_secret_value()
        headers = {"authorization": f"Bearer {token}"} if token else None
        secure = config.otlp_endpoint.startswith("https://")
        self._resource = Resource.create(
            {"service.name": config.service, "service.namespace": "joinedup", "service.instance.id": config.instance}
        )
        self._processor = BatchSpanProcessor(
            exporter or OTLPSpanExporter(endpoint=config.otlp_endpoint, insecure=not secure, headers=headers)
        )

    def export(self, span: Span, ended_ns: int, failure: BaseException | None) -> None:
        """Queue one span; one that failed is exported whether or not its trace was sampled."""
        trace = int(span.trace_id, 16)
        parent = SpanContext(trace, int(span.parent_id, 16), True, _SAMPLED) if span.parent_id else None
        known = {name: value for name, value in span.details.items() if name in attributes.SPAN_ATTRIBUTES}
        self._processor.on_end(
            ReadableSpan(
                name=span.name,
                context=SpanContext(trace, int(span.span_id, 16), False, _SAMPLED),
                parent=parent,
                resource=self._resource,
                attributes=known,
                kind=_KINDS.get(span.name.partition(" ")[0], SpanKind.INTERNAL),
                # The text of an exception stays out: it may quote a person's data.
                status=Status(StatusCode.ERROR) if failure is not None else Status(StatusCode.UNSET),
                start_time=span.started_ns,
                end_time=ended_ns,
            )
        )

    def close(self) -> None:
        """Send what is queued and end the thread."""
        self._processor.shutdown()  # type: ignore[no-untyped-call]
