"""A tiny OpenTelemetry collector: takes spans by OTLP over gRPC and keeps every byte, for tests to look through."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

THREADS = 4


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """What was exported, as it came."""

    address: str = ""
    requests: list[trace_service_pb2.ExportTraceServiceRequest] = field(default_factory=list)

    def Export(  # noqa: N802 - named by OTLP
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Keep a batch of spans."""
        self.requests.append(request)
        return trace_service_pb2.ExportTraceServiceResponse()

    def names(self) -> set[str]:
        """The names of all spans so far."""
        return {
            span.name
            for request in list(self.requests)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def everything(self) -> bytes:
        """Every byte that was exported: names, attributes, events, resources."""
        return b"\n".join(request.SerializeToString() for request in list(self.requests))


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free loopback port."""
    server = grpc.server(ThreadPoolExecutor(THREADS))
    collector = Collector(address=f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    server.start()
    try:
        yield collector
    finally:
        server.stop(grace=None).wait()
