"""The one path of every call: who, may they, about whom, once, in one transaction, redacted, recorded, answered.

    token -> permission -> [command: idempotency key] -> stranger? -> handler -> decision and redaction of the answer
    -> ledger, audit, outbox -> commit -> answer

Nothing is sent before the ledger entry for it is committed. A stranger is answered NotFound, and the attempt is entered
in a transaction of its own, since the call's is undone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.protobuf import message_factory
from google.protobuf.message import DecodeError, Message

from chassis import attributes, db, errors, idempotency, telemetry, work
from chassis.auth import Actor, Permissions, Verifier
from chassis.disclosure import labels, ledger
from chassis.disclosure.answers import Answers, Considered
from chassis.rpc import bounds, texts
from chassis.rpc.acting import acting
from chassis.rpc.metadata import Credentials

RpcHandler = Callable[[Any, work.Work], Awaitable[Message]]

_NOT_FOUND = "there is no such record"


@dataclass(frozen=True, slots=True)
class Gate:
    """What every call to one server passes: keys, permissions, database, disclosure."""

    service: str
    database: db.Database
    verifier: Verifier
    permissions: Permissions
    answers: Answers
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class Method:
    """One RPC with its handler, everything the labels say of it worked out beforehand."""

    def __init__(self, gate: Gate, rule: labels.Rule, handler: RpcHandler, *, searches: bool = False) -> None:
        self.rule = rule
        self._searches = searches
        self._gate = gate
        self._handler = handler
        self._request_class = message_factory.GetMessageClass(rule.request)
        self._asks_about_people = labels.names_subjects(rule.request)
        self._action = rule.method.rpartition("/")[2]

    async def __call__(self, request_bytes: bytes, credentials: Credentials) -> bytes:
        """Answer one call; raises a Failure, or whatever the handler raised."""
        actor = credentials.actor(self._gate.verifier)
        self._gate.permissions.require(actor, self.rule.requires)
        self._gate.permissions.require_purpose(actor)
        request = self._parse(request_bytes)
        try:
            if self.rule.is_query:
                return await self._query(request, actor)
            return await self._command(request, actor, idempotency.check_key(credentials.idempotency_key))
        except errors.OutOfReach as refusal:
            await self._record_refusal(actor, refusal.person_id)
            raise errors.NotFound(_NOT_FOUND) from None
        except errors.NotFound:
            # A handler's own words would tell somebody who is out of reach from nobody.
            raise errors.NotFound(_NOT_FOUND) from None

    def _parse(self, request_bytes: bytes) -> Message:
        try:
            request = self._request_class.FromString(request_bytes)
        except DecodeError as fault:
            raise errors.Invalid.of("", f"not a {self.rule.request.full_name}") from fault
        texts.check(request, request_bytes)
        bounds.check(request)
        return request

    async def _query(self, request: Message, actor: Actor) -> bytes:
        async with self._unit(actor) as unit:
            considered = await self._admit(unit, request)
            answer = await self._handle(request, unit)
            accounts = await self._gate.answers.release(unit, self.rule.method, answer, considered)
            subject = labels.shape(answer.DESCRIPTOR).subject
            if subject and not self._tolerates_strangers(actor):
                asked_for = getattr(answer, subject)
                for account in accounts:
                    if account.person_id == asked_for and account.decision.is_stranger:
                        raise errors.OutOfReach(asked_for)
        return answer.SerializeToString()

    async def _command(self, request: Message, actor: Actor, key: str) -> bytes:
        digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
        command = idempotency.Claim(idempotency.caller(actor), key, self.rule.method, digest)
        async with self._unit(actor, command) as unit:
            answered = await idempotency.claimed(unit.session, command)
            if answered is not None:
                telemetry.count(attributes.IDEMPOTENT_REPEATS, self.rule.method)
                return answered
            await self._admit(unit, request)
            answer = await self._handle(request, unit)
            # The command may have changed who is related to whom: the facts are fetched anew.
            await self._gate.answers.release(unit, self.rule.method, answer)
            self._audit(unit, request)
            sent = answer.SerializeToString()
            unit.pending.settled = idempotency.Settled(sent, command.caller, command.key)
        return sent

    async def _handle(self, request: Message, unit: work.Work) -> Message:
        with acting(unit.actor, purpose=unit.purpose, idempotency_key=unit.idempotency_key):
            return await self._handler(request, unit)

    async def _admit(self, unit: work.Work, request: Message) -> Considered | None:
        """Turn a stranger to anybody named in the request away; answers with the facts that were needed for it."""
        if not self._asks_about_people or self._tolerates_strangers(unit.actor):
            return None
        people = labels.subjects(request)
        if not people:
            return None
        considered = await self._gate.answers.consider(unit, people)
        for person_id in people:
            if considered.decide(person_id).is_stranger:
                raise errors.OutOfReach(person_id)
        return considered

    def _tolerates_strangers(self, actor: Actor) -> bool:
        return self.rule.withholds_from_strangers or actor.is_internal or self._gate.permissions.oversees(actor)

    def _audit(self, unit: work.Work, request: Message) -> None:
        """Every command leaves a row; the handler's own, which knows the record, is better than this one."""
        if not unit.pending.acts:
            people = labels.subjects(request) if self._asks_about_people else ()
            unit.audit(self._action, subject=f"person/{people[0]}" if people else "")

    async def _record_refusal(self, actor: Actor, person_id: str) -> None:
        async with self._unit(actor) as unit:
            ledger.record_refusal(unit, self.rule.method, person_id)

    def _unit(self, actor: Actor, command: idempotency.Claim | None = None) -> AbstractAsyncContextManager[work.Work]:
        gate = self._gate
        now = gate.clock()
        return work.unit(
            gate.database,
            actor,
            service=gate.service,
            now=now,
            method=self.rule.method,
            idempotency_key=command.key if command else "",
            traceparent=telemetry.traceparent(),
            opening=idempotency.claiming(command, now) if command else "",
            searches=self._searches,
            queries=self.rule.is_query,
        )
