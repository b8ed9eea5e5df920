"""The gRPC server of a service: limits, mutual TLS when configured, health, reflection, one pipeline for every call."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from chassis import attributes, db, errors, idempotency, logs, telemetry
from chassis.auth import Permissions, Verifier, service_actor
from chassis.disclosure import labels
from chassis.disclosure.answers import Answers
from chassis.rpc import metadata, status, tls
from chassis.rpc.acting import deadline
from chassis.rpc.pipeline import Gate, Method, RpcHandler
from chassis.settings import ServiceSettings

logger = logging.getLogger(__name__)

MAX_CONCURRENT = 400
LONGEST_CALL_SECONDS = 30.0
_FORGET_EVERY_SECONDS = 3600

_OPTIONS = (
    ("grpc.max_receive_message_length", metadata.MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", metadata.MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.max_connection_age_ms", 30 * 60_000),
    ("grpc.max_connection_age_grace_ms", 60_000),
    ("grpc.so_reuseport", 0),
)


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a proto with a handler for each of its RPCs, by the RPC's name.

    `searching` names those that look among everybody: their transactions begin with row-level security lifted, which
    saves the round trip of `Work.see_everybody`. What is answered is decided by the frame as ever.
    """

    descriptor: ServiceDescriptor
    handlers: Mapping[str, RpcHandler]
    searching: frozenset[str] = frozenset()


@dataclass(slots=True)
class Server:
    """Serves RPCs until told to stop. Making one raises ValueError when a label, a handler or a setting is missing."""

    config: ServiceSettings
    database: db.Database
    services: Sequence[Service]
    answers: Answers = field(default_factory=Answers)
    ready: bool = field(default=False, init=False)
    port: int = field(default=0, init=False)
    _methods: dict[str, Method] = field(default_factory=dict, init=False)
    _health: Any = field(default=None, init=False)
    _server: Any = field(default=None, init=False)

    def __post_init__(self) -> None:
        check(self.services)
        if not (self.config.service and self.config.trusted_keys):
            raise ValueError("the server cannot start: `service` and `trusted_keys` say whose tokens it accepts")
        gate = Gate(
            service=self.config.service,
            database=self.database,
            verifier=Verifier(self.config.service, Path(self.config.trusted_keys)),
            permissions=Permissions.load(Path(self.config.roles_file)),
            answers=self.answers,
        )
        for service in self.services:
            for name, handler in service.handlers.items():
                rule = labels.method_rule(service.descriptor.methods_by_name[name])
                self._methods[rule.method] = Method(gate, rule, handler, searches=name in service.searching)
        for engine in (self.database.engine, self.database.searching_engine):
            telemetry.trace_sql(engine)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`: then NOT_SERVING, let calls in hand finish, close."""
        await self.start()
        forgetting = asyncio.create_task(self._forget())
        try:
            await stop.wait()
        finally:
            forgetting.cancel()
            with suppress(asyncio.CancelledError):
                await forgetting
            await self.stop()

    async def start(self) -> None:
        """Listen at `rpc_bind`; `port` tells where, when that says port 0. OSError when the address is taken."""
        server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MAX_CONCURRENT, compression=None)
        for service in self.services:
            server.add_generic_rpc_handlers((self._generic(service),))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = [service.descriptor.full_name for service in self.services]
        reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        self.port = _listen(server, self.config)
        await server.start()
        for name in ("", *names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._server, self.ready = server, True
        logger.info("serving %s on port %d", ", ".join(names), self.port)

    async def stop(self, grace_seconds: float | None = None) -> None:
        """Say NOT_SERVING, let the calls in hand finish, close."""
        if self._server is None:
            return
        self.ready = False
        await self._health.enter_graceful_shutdown()
        grace = self.config.drain_seconds / 2 if grace_seconds is None else grace_seconds
        await self._server.stop(grace)
        self._server = None

    def _generic(self, service: Service) -> grpc.GenericRpcHandler:
        calls: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            method.name: grpc.unary_unary_rpc_method_handler(
                _Call(self._methods[f"{service.descriptor.full_name}/{method.name}"], self.config.service).serve
            )
            for method in service.descriptor.methods
        }
        return grpc.method_handlers_generic_handler(service.descriptor.full_name, calls)

    async def _forget(self) -> None:
        """Remove the keys of commands too old to be repeated, now and every hour."""
        actor = service_actor(self.config.service)
        while True:
            with suppress(errors.Unavailable):
                async with self.database.transaction(actor) as session:
                    before = datetime.now(UTC) - timedelta(hours=idempotency.KEEP_HOURS)
                    await idempotency.forget(session, before)
            await asyncio.sleep(_FORGET_EVERY_SECONDS)


def check(services: Sequence[Service]) -> None:
    """Refuse services with a missing label, a missing handler, or a handler for no RPC: ValueError lists all."""
    found: list[str] = []
    for service in services:
        found.extend(labels.problems(service.descriptor))
        declared, handled = set(service.descriptor.methods_by_name), set(service.handlers)
        found.extend(f"{service.descriptor.full_name}/{name}: no handler" for name in sorted(declared - handled))
        found.extend(f"{service.descriptor.full_name}/{name}: no such RPC" for name in sorted(handled - declared))
    if found:
        raise ValueError("the server cannot start:\n  " + "\n  ".join(found))


def _listen(server: Any, config: ServiceSettings) -> int:
    if config.tls_certificate:
        return int(server.add_secure_port(config.rpc_bind, tls.server_credentials(config)))
    return int(server.add_insecure_port(config.rpc_bind))


@dataclass(frozen=True, slots=True)
class _Call:
    """Serves one RPC: deadline, span, log context and the turning of faults into status, around the pipeline."""

    method: Method
    service: str

    async def serve(self, request: bytes, context: Any) -> bytes:
        """Answer one call, or abort it with a rich status."""
        started = time.perf_counter()
        rule = self.method.rule
        credentials = metadata.read(context.invocation_metadata() or ())
        request_id = str(uuid.uuid4())
        code = "OK"
        try:
            with (
                logs.bound(request_id=request_id, method=rule.method),
                telemetry.span(attributes.SERVE, rule.method, parent=credentials.traceparent) as span,
            ):
                span.note(attributes.REQUEST_ID, request_id)
                async with asyncio.timeout(self._seconds(context)) as patience:
                    deadline.set(patience.when() or float("inf"))
                    return await self.method(request, credentials)
        except Exception as fault:
            found, message, trailing = status.to_status(fault, request_id)
            code = found.name
            _tell(fault, rule.method, request_id)
            await context.abort(found, message, trailing)
            raise
        finally:
            telemetry.observe(attributes.RPC_SERVED, time.perf_counter() - started, rule.method, code)

    @staticmethod
    def _seconds(context: Any) -> float:
        remaining = context.time_remaining()
        return LONGEST_CALL_SECONDS if remaining is None else min(float(remaining), LONGEST_CALL_SECONDS)


def _tell(fault: Exception, method: str, request_id: str) -> None:
    """Log a fault of ours with its place in the code. Its text stays out: it may quote a person's data."""
    if isinstance(fault, errors.Failure):
        logger.debug("%s refused: %s", method, type(fault).__name__)
        return
    logger.error("%s failed: %s (request %s)", method, logs.where(fault), request_id)
