"""Calls to peers: typed stubs over channels that add token, purpose, key, trace and deadline to every call.

    identity = channels.stub(IdentityStub, "identity")
    with client.acting(work.actor, purpose=work.purpose):
        person = await identity.GetPerson(identity_pb2.GetPersonRequest(person_id=...))

Inside a handler the calls are on behalf of the caller being served unless `acting` says otherwise.
A call raises the failures of chassis/errors.py, or PeerError when the peer is at fault. Only RPCs without side effects
are tried again, and only when the peer cannot be reached.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol, TypeVar, cast

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.message import Message

from chassis import attributes, telemetry
from chassis.auth import Actor, Signer
from chassis.disclosure import labels
from chassis.rpc import metadata, status, tls
from chassis.rpc.acting import Acting, acting, current, deadline
from chassis.settings import ServiceSettings

__all__ = ["Acting", "Channels", "acting"]

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.05
_TOKEN_SECONDS = 60.0
_REMEMBERED = 4096
_OPTIONS = (
    ("grpc.max_receive_message_length", metadata.MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # A peer's name may stand for several pods (a headless Service): calls go to all of them in turn.
    ("grpc.lb_policy_name", "round_robin"),
    # A peer that restarts is found again within a second, not after the default of up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_retries", 0),
)

S_co = TypeVar("S_co", covariant=True)


class StubClass(Protocol[S_co]):
    """A generated stub class, which for an asyncio channel makes an asyncio stub."""

    def __call__(self, channel: grpc.aio.Channel) -> S_co:
        """A stub over the channel."""


@dataclass(slots=True)
class Channels:
    """A channel to each peer, opened when first needed and kept."""

    config: ServiceSettings
    signer: Signer
    clock: Callable[[], float] = time.time
    _channels: dict[str, grpc.aio.Channel] = field(default_factory=dict, init=False)
    _tokens: dict[tuple[Actor, str], tuple[float, str]] = field(default_factory=dict, init=False)
    _stubs: dict[tuple[StubClass[Any], str], Any] = field(default_factory=dict, init=False)

    def stub(self, make: StubClass[S_co], peer: str) -> S_co:
        """An asyncio stub for `peer`, whose address the settings hold as `<peer>_address`; the same one every time."""
        known = self._stubs.get((make, peer))
        if known is None:
            known = self._stubs[make, peer] = make(cast(grpc.aio.Channel, _Peer(self, peer)))
        return cast(S_co, known)

    async def close(self) -> None:
        """Close every channel; calls in hand are cut off."""
        channels = list(self._channels.values())
        self._channels.clear()
        self._stubs.clear()
        for channel in channels:
            await channel.close()

    def channel(self, peer: str) -> grpc.aio.Channel:
        """The channel to a peer; AttributeError when the settings hold no address for it."""
        if peer not in self._channels:
            address = getattr(self.config, f"{peer}_address")
            self._channels[peer] = (
                grpc.aio.secure_channel(address, tls.channel_credentials(self.config), options=_OPTIONS)
                if self.config.tls_certificate
                else grpc.aio.insecure_channel(address, options=_OPTIONS)
            )
        return self._channels[peer]

    def token(self, actor: Actor, peer: str) -> str:
        """A token for the peer, signed anew at most once a minute for the same actor."""
        now = self.clock()
        known = self._tokens.get((actor, peer))
        if known is not None and now < known[0]:
            return known[1]
        if len(self._tokens) >= _REMEMBERED:
            self._tokens.clear()
        token = self.signer.token(actor, peer, datetime.fromtimestamp(now, UTC))
        self._tokens[actor, peer] = (now + _TOKEN_SECONDS, token)
        return token


@dataclass(frozen=True, slots=True)
class _Peer:
    """What a generated stub takes for a channel: gives it our own callable for each RPC."""

    channels: Channels
    name: str

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Message], bytes],
        response_deserializer: Callable[[bytes], Message],
        _registered_method: bool = False,
    ) -> _Call:
        """The callable for one RPC."""
        call = self.channels.channel(self.name).unary_unary(
            method, request_serializer=request_serializer, response_deserializer=response_deserializer
        )
        return _Call(self.channels, self.name, _rule(method), call)


@cache
def _rule(method: str) -> labels.Rule:
    name = method.removeprefix("/").replace("/", ".")
    return labels.method_rule(descriptor_pool.Default().FindMethodByName(name))


@dataclass(frozen=True, slots=True)
class _Call:
    """One RPC of one peer."""

    channels: Channels
    peer: str
    rule: labels.Rule
    send: Any

    async def __call__(self, request: Message, *, timeout: float | None = None) -> Message:  # noqa: ASYNC109 (as stubs)
        """Send the request; `timeout` in seconds shortens the deadline."""
        on_behalf = current()
        if on_behalf is None:
            raise RuntimeError(f"{self.rule.method} is called on behalf of nobody: use client.acting")
        if not self.rule.is_query and not on_behalf.idempotency_key:
            raise RuntimeError(f"{self.rule.method} is a command: client.acting needs an idempotency key")
        ends = self._ends(timeout)
        started = time.perf_counter()
        code = "OK"
        try:
            with telemetry.span(attributes.CALL, self.rule.method):
                return await self._attempts(request, on_behalf, ends)
        except grpc.aio.AioRpcError as fault:
            code = fault.code().name
            raise status.to_failure(fault, self.peer) from None
        finally:
            telemetry.observe(attributes.RPC_CALLED, time.perf_counter() - started, self.rule.method, code)

    def _ends(self, timeout: float | None) -> float:
        """When the call must be answered, on the loop's clock: never after the call that is being served."""
        seconds = self.channels.config.call_seconds if timeout is None else timeout
        return min(asyncio.get_running_loop().time() + seconds, deadline.get())

    async def _attempts(self, request: Message, on_behalf: Acting, ends: float) -> Message:
        sent = self._metadata(on_behalf)
        loop = asyncio.get_running_loop()
        attempt = 1
        while True:
            try:
                answer: Message = await self.send(request, metadata=sent, timeout=max(0.001, ends - loop.time()))
                return answer
            except grpc.aio.AioRpcError as fault:
                pause = _PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 (spreads retries)
                final = attempt >= _ATTEMPTS or loop.time() + pause >= ends
                if final or not self.rule.is_query or fault.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
            attempt += 1
            await asyncio.sleep(pause)

    def _metadata(self, on_behalf: Acting) -> tuple[tuple[str, str], ...]:
        token = self.channels.token(on_behalf.actor, self.peer)
        sent = [(metadata.AUTHORIZATION, f"Bearer {token}"), (metadata.PURPOSE, on_behalf.purpose)]
        if not self.rule.is_query:
            sent.append((metadata.IDEMPOTENCY_KEY, on_behalf.idempotency_key))
        traceparent = telemetry.traceparent()
        if traceparent:
            sent.append((metadata.TRACEPARENT, traceparent))
        return tuple(sent)
