"""The wire under the calls: mutual TLS, retries, deadlines handed on, and a database or a peer that is away."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme

from chassis import auth, db, errors, settings
from chassis.rpc import acting as on_behalf
from chassis.rpc import client, server
from chassis.rpc.client import acting
from devstack import ports
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from tests.integration import rpc_house
from tests.integration.rpc_house import NURSE, House


class Certificates:
    """An authority with one certificate of its own, and a stranger's authority beside it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in ("ours", "theirs"):
            authority = trustme.CA()
            authority.cert_pem.write_to_path(str(directory / f"{name}-ca.pem"))
            issued = authority.issue_cert("localhost", "127.0.0.1")
            issued.private_key_pem.write_to_path(str(directory / f"{name}.key"))
            for index, blob in enumerate(issued.cert_chain_pems):
                blob.write_to_path(str(directory / f"{name}.pem"), append=index > 0)

    def named(self, who: str, authority: str = "ours") -> dict[str, str]:
        """Settings with somebody's certificate and the authority that they trust."""
        return {
            "tls_certificate": str(self.directory / f"{who}.pem"),
            "tls_key": str(self.directory / f"{who}.key"),
            "tls_ca": str(self.directory / f"{authority}-ca.pem"),
        }


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
async def house(
    database: Database, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """A server that asks for a certificate."""
    async with rpc_house.house(database, tmp_path_factory.mktemp("trusted"), **certificates.named("ours")) as running:
        yield running


async def ask(stub: identity_pb2_grpc.IdentityAsyncStub, **more: Any) -> identity_pb2.GetPeopleResponse:
    """Ask for nobody: answered to anybody who may ask at all."""
    return await stub.GetPeople(identity_pb2.GetPeopleRequest(), **more)


async def test_peers_with_certificates_of_one_authority_talk(house: House) -> None:
    with acting(NURSE):
        assert await ask(house.identity) == identity_pb2.GetPeopleResponse()


@pytest.mark.parametrize("more", [{"who": "theirs"}, {"who": "ours", "authority": "theirs"}, None])
async def test_nobody_else_gets_through(house: House, certificates: Certificates, more: dict[str, str] | None) -> None:
    tls = certificates.named(**more) if more else {"tls_certificate": ""}
    config = house.channels.config.model_copy(update=tls)
    channels = client.Channels(config, house.channels.signer)
    try:
        with acting(NURSE), pytest.raises(errors.Unavailable, match="identity cannot be reached just now"):
            await ask(channels.stub(identity_pb2_grpc.IdentityStub, "identity"), timeout=1)
    finally:
        await channels.close()


async def test_a_call_on_behalf_of_nobody_or_without_its_key_is_a_mistake_in_the_code(house: House) -> None:
    with pytest.raises(RuntimeError, match="on behalf of nobody"):
        await ask(house.identity)
    with acting(NURSE), pytest.raises(RuntimeError, match="needs an idempotency key"):
        await house.identity.RegisterPerson(identity_pb2.RegisterPersonRequest())


class Flaky:
    """A peer that is away for its first calls, then answers."""

    def __init__(self, away: int, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        self.away = away
        self.code = code
        self.calls: list[tuple[float, dict[str, Any]]] = []

    async def serve(self, request: bytes, context: Any) -> bytes:
        """Answer, or not yet."""
        self.calls.append((context.time_remaining(), dict(context.invocation_metadata())))
        if len(self.calls) <= self.away:
            await context.abort(self.code)
        return b""


@pytest.fixture
async def peers() -> AsyncIterator[Any]:
    """Starts flaky peers, with a stub for each."""
    started: list[Any] = []

    async def start(flaky: Flaky) -> identity_pb2_grpc.IdentityAsyncStub:
        serving = grpc.aio.server()
        handlers: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(flaky.serve) for name in ("GetPeople", "RegisterPerson")
        }
        serving.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("joinedup.identity.v1.Identity", handlers),)
        )
        port = serving.add_insecure_port("127.0.0.1:0")
        await serving.start()
        config = settings.ServiceSettings(identity_address=f"127.0.0.1:{port}")
        channels = client.Channels(config, auth.Signer("portal", auth.new_key()))
        started.extend((channels.close, lambda: serving.stop(None)))
        return channels.stub(identity_pb2_grpc.IdentityStub, "identity")

    yield start
    for close in started:
        await close()


async def test_a_query_is_tried_again_while_the_peer_is_away(peers: Any) -> None:
    flaky = Flaky(2)
    with acting(NURSE):
        await ask(await peers(flaky))
    assert len(flaky.calls) == 3


async def test_a_query_is_given_up_in_the_end_and_tried_again_for_no_other_reason(peers: Any) -> None:
    with acting(NURSE):
        for flaky, calls in ((Flaky(9), 3), (Flaky(9, grpc.StatusCode.INTERNAL), 1)):
            with pytest.raises(Exception, match="identity"):
                await ask(await peers(flaky))
            assert len(flaky.calls) == calls


async def test_a_command_is_never_tried_again_by_itself(peers: Any) -> None:
    flaky = Flaky(1)
    with acting(NURSE, idempotency_key="k"), pytest.raises(errors.Unavailable):
        await (await peers(flaky)).RegisterPerson(identity_pb2.RegisterPersonRequest())
    assert len(flaky.calls) == 1
    assert flaky.calls[0][1]["idempotency-key"] == "k"


async def test_a_call_outlives_neither_its_own_deadline_nor_that_of_the_call_being_served(peers: Any) -> None:
    flaky = Flaky(0)
    stub = await peers(flaky)
    with acting(NURSE):
        await ask(stub)
        await ask(stub, timeout=0.5)
        token = on_behalf.deadline.set(asyncio.get_running_loop().time() + 0.3)
        await ask(stub)
        on_behalf.deadline.reset(token)
    limits = [seconds for seconds, _ in flaky.calls]
    # On the wire a time of one to ten seconds is rounded up to hundredths of a second.
    assert 1.5 < limits[0] <= 2.01
    assert 0.3 < limits[1] <= 0.6
    assert limits[2] <= 0.4


async def test_a_call_says_who_what_for_and_within_which_trace(peers: Any) -> None:
    flaky = Flaky(0)
    with acting(NURSE, purpose="safeguarding"):
        await ask(await peers(flaky))
    sent = flaky.calls[0][1]
    assert sent["authorization"].startswith("Bearer ")
    assert sent["purpose"] == "safeguarding"
    assert "idempotency-key" not in sent
    assert sent["traceparent"].startswith("00-")


async def test_a_database_that_is_away_is_unavailable_within_two_seconds(house: House) -> None:
    away_url = f"postgresql://x@127.0.0.1:{ports.free()}/x"
    config = house.server.config.model_copy(update={"database_url": away_url, "tls_certificate": ""})
    away = db.Database.of(config)
    serving = server.Server(config, away, house.server.services)
    await serving.start()
    calling = config.model_copy(update={"identity_address": f"127.0.0.1:{serving.port}"})
    channels = client.Channels(calling, house.channels.signer)
    try:
        started = time.perf_counter()
        with acting(NURSE, idempotency_key=str(uuid.uuid4())), pytest.raises(errors.Unavailable):
            await channels.stub(identity_pb2_grpc.IdentityStub, "identity").RegisterPerson(
                identity_pb2.RegisterPersonRequest(), timeout=5
            )
        assert time.perf_counter() - started < 2
    finally:
        await channels.close()
        await serving.stop(0)
        await away.close()


async def test_a_server_that_stops_lets_the_calls_in_hand_finish(database: Database, tmp_path: Path) -> None:
    async with rpc_house.house(database, tmp_path) as running:
        person_id = str(uuid.uuid4())
        await running.relate(person_id, NURSE, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
        running.register.mood = "held"
        with acting(NURSE):
            call = asyncio.create_task(_get(running, person_id))
            await asyncio.wait_for(running.register.reached.wait(), 5)
            stopping = asyncio.create_task(running.server.stop(5))
            await asyncio.sleep(0.1)
            assert not running.server.ready
            running.register.hold.set()
            assert (await call).person_id == person_id
        await stopping
        with acting(NURSE), pytest.raises(errors.Unavailable):
            await _get(running, person_id)


async def _get(running: House, person_id: str) -> identity_pb2.Person:
    return await running.identity.GetPerson(identity_pb2.GetPersonRequest(person_id=person_id), timeout=10)
