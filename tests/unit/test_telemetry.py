"""Spans and metrics: a share of calls is traced, every failure is, and nothing has a name that is not registered."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from chassis import attributes, errors, logs, otlp, settings, telemetry
from chassis.telemetry import Span

ROOT = Path(__file__).parents[2]
CODE = [path for top in ("chassis", "services", "cli", "devstack") for path in sorted((ROOT / top).rglob("*.py"))]
REGISTRY = {name for name in vars(attributes) if name.isupper()}


@dataclass
class Kept:
    """An exporter that keeps."""

    spans: list[tuple[Span, BaseException | None]] = field(default_factory=list)

    def export(self, span: Span, ended_ns: int, failure: BaseException | None) -> None:
        """Keep."""
        assert span.started_ns <= ended_ns
        self.spans.append((span, failure))

    def close(self) -> None:
        """Nothing is left."""


@pytest.fixture
def kept() -> Iterator[Kept]:
    """Spans that leave the process."""
    exporter = Kept()
    yield exporter
    telemetry.use(None, 0)


def test_a_trace_that_was_not_chosen_leaves_nothing_but_its_ids(kept: Kept) -> None:
    telemetry.use(kept, 0)
    with telemetry.span(attributes.SERVE, "x") as outer:
        assert telemetry.traceparent() == f"00-{outer.trace_id}-{outer.span_id}-00"
        with telemetry.span(attributes.CALL, "y") as inner:
            assert inner.trace_id == outer.trace_id
    assert telemetry.traceparent() == ""
    assert kept.spans == []


def test_a_failure_is_exported_even_from_a_trace_that_was_not_chosen(kept: Kept) -> None:
    telemetry.use(kept, 0)
    passed_on = []

    def fail() -> None:
        with telemetry.span(attributes.SERVE, "x"):
            passed_on.append(telemetry.traceparent())
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    ((exported, failure),) = kept.spans
    assert passed_on == [exported.traceparent]
    assert isinstance(failure, ValueError)
    assert exported.details == {attributes.ERROR_TYPE: "ValueError"}


def test_a_refusal_is_no_failure_of_ours_but_unavailable_is(kept: Kept) -> None:
    telemetry.use(kept, 0)
    for refusal in (errors.NotFound("x"), errors.Denied("x"), errors.Conflict("x"), errors.Invalid.of("a", "b")):
        with pytest.raises(errors.Failure), telemetry.span(attributes.SERVE, "x"):
            raise refusal
    assert kept.spans == []
    with pytest.raises(errors.Unavailable), telemetry.span(attributes.SERVE, "x"):
        raise errors.Unavailable("x")
    assert len(kept.spans) == 1


def test_the_choice_made_at_the_head_is_followed(kept: Kept) -> None:
    telemetry.use(kept, 0)
    with telemetry.span(attributes.HANDLE, "x", parent=f"00-{'a' * 32}-{'b' * 16}-01") as span:
        assert (span.trace_id, span.parent_id, span.sampled) == ("a" * 32, "b" * 16, True)
    telemetry.use(kept, 1)
    with telemetry.span(attributes.HANDLE, "x", parent=f"00-{'c' * 32}-{'b' * 16}-00") as span:
        assert not span.sampled
    with telemetry.span(attributes.HANDLE, "x") as span:
        assert span.sampled
    assert [one.trace_id[0] for one, _ in kept.spans if one.parent_id] == ["a"]


@pytest.mark.parametrize(
    "parent", ["x", "00-0-0-0", f"00-{'0' * 32}-{'b' * 16}-01", f"00-{'g' * 32}-{'b' * 16}-01", "-" * 60]
)
def test_a_malformed_parent_begins_a_new_trace(parent: str) -> None:
    with telemetry.span(attributes.SERVE, "x", parent=parent) as span:
        assert span.parent_id == ""
        assert len(span.trace_id) == 32


def test_about_the_share_that_is_asked_for_is_traced(kept: Kept) -> None:
    telemetry.use(kept, 0.5)
    for _ in range(400):
        with telemetry.span(attributes.SERVE, "x"):
            pass
    assert 120 < len(kept.spans) < 280


def test_the_sdk_exports_ids_names_and_known_attributes_only() -> None:
    memory = InMemorySpanExporter()
    exporter = otlp.Otlp(settings.ServiceSettings(service="identity", otlp_endpoint="http://127.0.0.1:1"), memory)
    span = Span("a" * 32, "b" * 16, "", sampled=False, name="serve x", started_ns=1)
    span.details.update({attributes.REQUEST_ID: "r1", attributes.ERROR_TYPE: "ValueError", "nhs_number": "canary"})
    exporter.export(span, 2, ValueError("canary"))
    exporter.close()
    (exported,) = memory.get_finished_spans()
    assert exported.name == "serve x"
    assert exported.context is not None
    assert f"{exported.context.trace_id:032x}" == span.trace_id
    assert exported.status.status_code is StatusCode.ERROR
    assert "canary" not in exported.to_json()
    assert exported.attributes is not None
    assert dict(exported.attributes) == {attributes.REQUEST_ID: "r1", attributes.ERROR_TYPE: "ValueError"}


def test_metrics_are_rendered_for_prometheus() -> None:
    telemetry.observe(attributes.RPC_SERVED, 0.02, "joinedup.identity.v1.Identity/GetPerson", "OK")
    telemetry.count(attributes.DEAD_LETTERS, "test.consume")
    telemetry.gauge(attributes.OUTBOX_PENDING, 7)
    body, content_type = telemetry.render_metrics()
    text = body.decode()
    assert content_type.startswith("text/plain")
    assert 'joinedup_rpc_served_seconds_count{code="OK",method="joinedup.identity.v1.Identity/GetPerson"}' in text
    assert 'joinedup_dead_letters_total{group="test.consume"} 1.0' in text
    assert "joinedup_outbox_pending 7.0" in text


def test_no_name_stands_for_a_personal_field() -> None:
    personal = logs.personal_names()
    names = [*attributes.SPAN_ATTRIBUTES, *(label for metric in attributes.METRICS for label in metric.labels)]
    # Kafka's topics bear the name of what a conversation is about.
    assert not [name for name in names if name.rpartition(".")[2] in personal - {"topic"}]


def test_the_registry_lists_all_it_declares() -> None:
    declared = [vars(attributes)[name] for name in REGISTRY - {"SPAN_ATTRIBUTES", "SPAN_NAMES", "METRICS"}]
    assert {one for one in declared if isinstance(one, str)} == set(attributes.SPAN_ATTRIBUTES)
    assert {one for one in declared if isinstance(one, attributes.SpanName)} == set(attributes.SPAN_NAMES)
    assert {one for one in declared if isinstance(one, attributes.Metric)} == set(attributes.METRICS)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_uses_no_name_outside_the_registry(path: Path) -> None:
    if path.name in ("telemetry.py", "otlp.py"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            _check_call(node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            module = node.module if isinstance(node, ast.ImportFrom) and node.module else ""
            # Only chassis/telemetry.py and chassis/otlp.py speak to the libraries: whoever else did could name things.
            assert not any(one.startswith(("opentelemetry", "prometheus_client")) for one in (*names, module))


def _check_call(node: ast.Call) -> None:
    """A call that takes a name takes it from the registry."""
    function = node.func
    if not isinstance(function, ast.Attribute) or not node.args:
        return
    of_telemetry = isinstance(function.value, ast.Name) and function.value.id == "telemetry"
    if function.attr == "note" or (of_telemetry and function.attr in ("span", "count", "observe", "gauge")):
        name = node.args[0]
        assert isinstance(name, ast.Attribute), ast.unparse(node)
        assert isinstance(name.value, ast.Name), ast.unparse(node)
        assert name.value.id == "attributes", ast.unparse(node)
        assert name.attr in REGISTRY, ast.unparse(node)
