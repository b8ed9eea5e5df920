"""A traced call on the real parts: one trace from the caller through the handler to its statements and its events."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from sqlmodel import select

from chassis import attributes, telemetry, work
from chassis.disclosure import agreements
from chassis.rpc import status
from chassis.rpc.client import acting
from chassis.telemetry import Span
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from tests.integration import rpc_house
from tests.integration.rpc_house import NURSE, House


@dataclass
class Kept:
    """An exporter that keeps."""

    spans: list[tuple[Span, BaseException | None]] = field(default_factory=list)

    def export(self, span: Span, ended_ns: int, failure: BaseException | None) -> None:
        """Keep."""
        self.spans.append((span, failure))

    def close(self) -> None:
        """Nothing is left."""

    def named(self, start: str) -> list[Span]:
        """The spans whose name starts so."""
        return [span for span, _ in self.spans if span.name.startswith(start)]


@pytest.fixture(scope="module")
def exporter() -> Iterator[Kept]:
    """Set before the first connection is made."""
    kept = Kept()
    telemetry.use(kept, 0)
    yield kept
    telemetry.use(None, 0)


@pytest.fixture(scope="module")
async def house(exporter: Kept, database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with rpc_house.house(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


@pytest.fixture
def kept(exporter: Kept) -> Iterator[Kept]:
    """The spans of one test."""
    exporter.spans.clear()
    yield exporter
    telemetry.use(exporter, 0)


async def register(house: House) -> str:
    with acting(NURSE, idempotency_key=str(uuid.uuid4())):
        answer = await house.identity.RegisterPerson(identity_pb2.RegisterPersonRequest(source="bars/1"))
    await asyncio.sleep(0.05)
    return answer.person_id


async def test_a_traced_call_is_one_trace_down_to_its_statements_and_events(house: House, kept: Kept) -> None:
    telemetry.use(kept, 1)
    person_id = await register(house)
    (call,), (serve,) = kept.named("call "), kept.named("serve ")
    assert serve.name == "serve joinedup.identity.v1.Identity/RegisterPerson"
    assert (serve.trace_id, serve.parent_id) == (call.trace_id, call.span_id)
    statements = [span for span in kept.named("query ") if span.parent_id == serve.span_id]
    assert {span.name for span in statements} >= {"query BEGIN", "query INSERT", "query WITH"}
    for row in await house.rows("SELECT traceparent FROM outbox WHERE person_id = $1", person_id):
        assert row["traceparent"] == serve.traceparent
    assert all(set(span.details) <= attributes.SPAN_ATTRIBUTES for span, _ in kept.spans)
    assert person_id not in repr([(span.name, span.details) for span, _ in kept.spans])


async def test_a_statement_of_the_object_mapper_is_in_the_trace_once(house: House, kept: Kept) -> None:
    telemetry.use(kept, 1)
    with telemetry.span(attributes.HANDLE, "x"):
        async with work.unit(house.server.database, rpc_house.SERVICE, service="identity") as unit:
            await unit.session.exec(select(agreements.AgreementRow.version))
        await asyncio.sleep(0.05)
    assert len([span for span in kept.named("query SELECT") if span.details[attributes.DB_OPERATION]]) == 1


async def test_a_call_that_was_not_chosen_leaves_no_span(house: House, kept: Kept) -> None:
    await register(house)
    assert kept.spans == []


async def test_a_call_that_was_not_chosen_and_fails_is_exported_on_both_sides(house: House, kept: Kept) -> None:
    person_id = str(uuid.uuid4())
    await house.relate(person_id, NURSE, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    house.register.mood = "broken"
    with acting(NURSE), pytest.raises(status.PeerError):
        await house.identity.GetPerson(identity_pb2.GetPersonRequest(person_id=person_id))
    house.register.mood = "well"
    (call,), (serve,) = kept.named("call "), kept.named("serve ")
    assert (serve.trace_id, serve.parent_id) == (call.trace_id, call.span_id)
    assert serve.details[attributes.ERROR_TYPE] == "ValueError"
    assert attributes.REQUEST_ID in serve.details
