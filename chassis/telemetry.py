"""Spans and metrics: what happened, how long it took, never whom it was about.

Sampling
    The share of calls that is traced (`trace_ratio`, 5%) is chosen at the head, where a trace begins, and every
    service follows that choice (traceparent's sampled flag). A call that was not chosen costs two random numbers and no
    SDK. When such a call fails, the one span of it that failed is made after the fact, under the ids it has already
    passed on, with its real times, and exported: errors are always seen, though without their surroundings.
Without a collector
    (`otlp_endpoint` empty) the SDK is not even imported. Trace ids are still passed on, so that a log line of one
    service can be found beside another's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import prometheus_client
from prometheus_client import exposition

from chassis import attributes, errors

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from chassis.settings import ServiceSettings

_SAMPLED = 1


@dataclass(slots=True)
class Span:
    """A stretch of work in a trace: 32 and 16 hexadecimal digits name the trace and the span."""

    trace_id: str
    span_id: str
    parent_id: str
    sampled: bool
    name: str = ""
    started_ns: int = 0
    details: dict[str, str] = field(default_factory=dict)

    @property
    def traceparent(self) -> str:
        """The span as W3C Trace Context passes it on."""
        return f"00-{self.trace_id}-{self.span_id}-{_SAMPLED if self.sampled else 0:02x}"

    def note(self, name: str, value: str) -> None:
        """Add an attribute, named in chassis/attributes.py."""
        self.details[name] = value


class Exporter(Protocol):
    """Takes finished spans out of the process."""

    def export(self, span: Span, ended_ns: int, failure: BaseException | None) -> None:
        """Send one span on; must not wait."""

    def close(self) -> None:
        """Send what is left."""


_current: ContextVar[Span | None] = ContextVar("joinedup_span", default=None)
_random = random.SystemRandom()


@dataclass(slots=True)
class _State:
    ratio: float = 0.0
    exporter: Exporter | None = None


_state = _State()


def configure(config: ServiceSettings) -> None:
    """Begin to export spans if the settings name a collector; once, at the start of a process."""
    _state.ratio = config.trace_ratio
    if config.otlp_endpoint:
        from chassis.otlp import Otlp

        use(Otlp(config), config.trace_ratio)


def use(exporter: Exporter | None, ratio: float) -> None:
    """Export spans through `exporter`, sampling this share of new traces; None stops it."""
    _state.exporter, _state.ratio = exporter, ratio


def shutdown() -> None:
    """Send what is left, at the end of a process."""
    if _state.exporter is not None:
        _state.exporter.close()
        _state.exporter = None


def traceparent() -> str:
    """The current span for passing on, or the empty text outside of any."""
    span = _current.get()
    return span.traceparent if span else ""


def current() -> Span | None:
    """The span that the caller runs in."""
    return _current.get()


@contextmanager
def span(name: attributes.SpanName, of: str, *, parent: str = "") -> Iterator[Span]:
    """Run a stretch of work as a span, "<name> <of>"; `parent` is a traceparent from outside, else the current span.

    An exception marks it failed, except a Failure that the caller could mend: refusing is not an error of ours.
    """
    opened = _open(parent)
    opened.name = f"{name.name} {of}"
    opened.started_ns = time.time_ns()
    token = _current.set(opened)
    try:
        yield opened
    except BaseException as failure:
        _close(opened, failure)
        raise
    else:
        _close(opened, None)
    finally:
        _current.reset(token)


def _open(parent: str) -> Span:
    outer = _parse(parent) if parent else _current.get()
    span_id = f"{random.getrandbits(64) or 1:016x}"
    if outer is None:
        trace_id = f"{_random.getrandbits(128) or 1:032x}"
        sampled = _state.exporter is not None and random.random() < _state.ratio  # noqa: S311 (a share, not a secret)
        return Span(trace_id, span_id, "", sampled)
    return Span(outer.trace_id, span_id, outer.span_id, outer.sampled)


def _close(span: Span, failure: BaseException | None) -> None:
    if _state.exporter is None:
        return
    failed = failure is not None and _is_ours(failure)
    if span.sampled or failed:
        if failed:
            span.note(attributes.ERROR_TYPE, type(failure).__qualname__)
        _state.exporter.export(span, time.time_ns(), failure if failed else None)


def _is_ours(failure: BaseException) -> bool:
    """Whether a failure is to be looked into: anything but a refusal, or an end that was asked for."""
    return isinstance(failure, Exception) and (
        isinstance(failure, errors.Unavailable) or not isinstance(failure, errors.Failure)
    )


def _parse(text: str) -> Span | None:
    """A traceparent of version 00 (W3C Trace Context); None when malformed, so that a new trace begins."""
    parts = text.split("-")
    if len(parts) != 4 or [len(part) for part in parts] != [2, 32, 16, 2]:
        return None
    try:
        trace, span_number, flags = (int(part, 16) for part in parts[1:])
    except ValueError:
        return None
    if not trace or not span_number:
        return None
    return Span(parts[1], parts[2], "", bool(flags & _SAMPLED))


def trace_sql(engine: AsyncEngine) -> None:
    """Make a span of each statement that runs inside a sampled span; its text and parameters are left out.

    Call it before the first connection is made. Without a collector nothing is listened to.
    """
    from sqlalchemy import event

    def connected(connection: Any, _record: Any) -> None:
        # The frame's own statements go to the driver; those that SQLAlchemy prepares pass this by, and come below.
        connection.driver_connection.add_query_logger(lambda logged: _statement_ran(logged.query, logged.elapsed))

    def before(*called: Any) -> None:
        called[4].joinedup_started = time.perf_counter()

    def after(*called: Any) -> None:
        _statement_ran(called[2], time.perf_counter() - called[4].joinedup_started)

    if _state.exporter is not None:
        event.listen(engine.sync_engine, "connect", connected)
        event.listen(engine.sync_engine, "before_cursor_execute", before)
        event.listen(engine.sync_engine, "after_cursor_execute", after)


def _statement_ran(statement: str, seconds: float) -> None:
    """Take down one statement, in the context of whoever ran it."""
    outer = _current.get()
    if outer is None or not outer.sampled or _state.exporter is None:
        return
    operation = statement.split(None, 1)[0].rstrip(";")
    ended = time.time_ns()
    inner = _open("")
    inner.name = f"{attributes.QUERY.name} {operation}"
    inner.started_ns = ended - int(seconds * 1e9)
    inner.note(attributes.DB_SYSTEM, "postgresql")
    inner.note(attributes.DB_OPERATION, operation)
    _state.exporter.export(inner, ended, None)


@cache
def _metric(metric: attributes.Metric) -> Any:
    if metric.buckets:
        return prometheus_client.Histogram(metric.name, metric.meaning, metric.labels, buckets=metric.buckets)
    make = prometheus_client.Gauge if metric.is_gauge else prometheus_client.Counter
    return make(metric.name, metric.meaning, metric.labels)


@cache
def _series(metric: attributes.Metric, values: tuple[str, ...]) -> Any:
    return _metric(metric).labels(*values) if values else _metric(metric)


def count(metric: attributes.Metric, *values: str, by: float = 1) -> None:
    """Add to a counter; `values` of its labels in order. They must be few: codes and names, never ids."""
    _series(metric, values).inc(by)


def observe(metric: attributes.Metric, seconds: float, *values: str) -> None:
    """Add a duration to a histogram."""
    _series(metric, values).observe(seconds)


def gauge(metric: attributes.Metric, value: float, *values: str) -> None:
    """Set a gauge."""
    _series(metric, values).set(value)


def render_metrics(accept: str = "") -> tuple[bytes, str]:
    """Every metric in Prometheus' text form, with its content type."""
    encoder, content_type = exposition.choose_encoder(accept)
    return encoder(prometheus_client.REGISTRY), content_type
