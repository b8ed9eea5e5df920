"""The unit of work: what a command, a query or an event handler is given to read, change, tell and record with."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy
from google.protobuf.message import Message
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import auth, db, events, idempotency, outbox, statements
from chassis.disclosure import facts, relationships
from joinedup.common.v1 import common_pb2


class Act(NamedTuple):
    """One row of the audit before it has a number; chassis/audit.py says what each column holds."""

    at: datetime
    actor: str
    actor_kind: str
    organisation_id: str
    practitioner_id: str
    role: str
    purpose: str
    method: str
    action: str
    subject: str
    idempotency_key: str
    detail: str


_ACT_KINDS = ("timestamptz", *["text"] * 11)
_ACTS = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_ACT_KINDS, start=1))
_WIDTHS = (len(_ACT_KINDS), len(outbox.Entry._fields), len(relationships.Spell._fields))
_RECORD = (
    f" INSERT INTO audit ({', '.join(Act._fields)}) "  # noqa: S608 (our own names)
    f"SELECT {', '.join(Act._fields[:-1])}, detail::jsonb FROM unnest({_ACTS}) AS act ({', '.join(Act._fields)})"
)
# Events, relationships and acts in one statement, whatever their number. A CTE that writes is carried out in any case.
_TELL = f"WITH told AS ({outbox.insertion(_WIDTHS[0] + 1)}), begun AS ({relationships.beginning(sum(_WIDTHS[:2]) + 1)})"
_FINISH = _TELL + _RECORD
# A query only tells, mostly that something was disclosed; the long statement would cost it several times as much.
_FINISH_QUERY = outbox.insertion(1)
_FINISH_COMMAND = f"{_TELL}, kept AS ({idempotency.settlement(sum(_WIDTHS) + 1)}){_RECORD}"


@dataclass(slots=True)
class Pending:
    """What is written last, when every row that the work changed is locked."""

    statements: dict[sqlalchemy.TextClause, list[Mapping[str, Any]]] = field(default_factory=dict)
    events: list[outbox.Entry] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    spells: list[relationships.Spell] = field(default_factory=list)
    settled: idempotency.Settled | None = None


@dataclass(slots=True)
class Work:
    """One transaction on behalf of one actor. The frame commits it; handlers never do.

    `now` is aware UTC and the only clock a handler may read; `purpose` is what the caller stated; `cause` is the event
    that is being handled, if one is. `foreseen` are the facts for the decision on the answer, where a query's search
    brought them along.
    """

    session: AsyncSession
    actor: auth.Actor
    now: datetime
    service: str
    purpose: str
    method: str = ""
    idempotency_key: str = ""
    traceparent: str = ""
    cause: events.Envelope | None = None
    pending: Pending = field(default_factory=Pending)
    foreseen: facts.Foreseen | None = None

    def publish(self, event: Message, *, person_id: str, aggregate: str, version: int) -> None:
        """Tell an event once this transaction commits. Everything about one person keeps its order.

        `aggregate` names the record, "referral/<id>", and `version` is its own, without gaps. An event about nobody has
        an empty `person_id` and keeps the order of its aggregate. Raises ValueError for a message that is not labelled
        as an event, that is too large for the log, or that has no version.
        """
        body = event.SerializeToString()
        if len(body) > events.MOST_BODY_BYTES:
            raise ValueError(f"{event.DESCRIPTOR.full_name} of {len(body)} bytes does not fit on the log")
        if version < 1:
            raise ValueError(f"version {version} of {aggregate}: versions start at 1")
        self.pending.events.append(
            outbox.Entry(
                event_id=str(uuid.uuid4()),
                topic=events.topic(event.DESCRIPTOR, self.service),
                key=person_id or aggregate,
                type=event.DESCRIPTOR.full_name,
                person_id=person_id,
                aggregate=aggregate,
                version=version,
                traceparent=self.traceparent,
                occurred_at=self.now,
                body=body,
            )
        )

    def audit(self, action: str, *, subject: str = "", detail: Mapping[str, str] | None = None) -> None:
        """Record an act in the append-only audit: `subject` is the record it was done to, "referral/<id>".

        Ids and codes only: no personal data.
        """
        self.pending.acts.append(
            Act(
                at=self.now,
                actor=self.actor.subject,
                actor_kind=self.actor.kind.value,
                organisation_id=self.actor.organisation_id,
                practitioner_id=self.actor.practitioner_id,
                role=self.actor.role,
                purpose=self.purpose,
                method=self.method or (self.cause.type if self.cause else ""),
                action=action,
                subject=subject,
                idempotency_key=self.idempotency_key,
                detail=json.dumps(dict(detail)) if detail else "{}",
            )
        )

    async def relate(
        self,
        *,
        person_id: str,
        organisation_id: str,
        kind: common_pb2.RelationshipKind.ValueType,
        source: str,
        team_id: str = "",
        practitioner_id: str = "",
        at_once: bool = True,
    ) -> None:
        """Begin a relationship here and tell every other service; `source` is the record behind it, "referral/<id>".

        One that begins not `at_once` is written at the end of the transaction, in no round trip of its own; until then
        row-level security does not know of it, while the decision about the answer does.
        """
        event = common_pb2.RelationshipEstablished(
            person_id=person_id,
            organisation_id=organisation_id,
            team_id=team_id,
            practitioner_id=practitioner_id,
            kind=kind,
            source=source,
        )
        event.valid_from.FromDatetime(self.now)
        self.pending.spells.append(relationships.spell(event))
        if at_once:
            await self.begin_relationships()
        self.publish(event, person_id=person_id, aggregate=_spell(event), version=1)

    async def begin_relationships(self) -> None:
        """Write the relationships that begin in this transaction, so that what follows knows of them."""
        if self.pending.spells:
            await relationships.establish(self.session, *self.pending.spells)
            self.pending.spells.clear()

    async def unrelate(
        self, *, person_id: str, organisation_id: str, kind: common_pb2.RelationshipKind.ValueType, source: str
    ) -> None:
        """End a relationship here and tell every other service."""
        event = common_pb2.RelationshipEnded(
            person_id=person_id, organisation_id=organisation_id, kind=kind, source=source
        )
        event.valid_to.FromDatetime(self.now)
        # It may be another organisation's, and the table shows each its own: a referrer ends what it began for a team.
        await self.see_everybody()
        await self.begin_relationships()
        await relationships.end(self.session, event)
        await db.rescope(self.session, self.actor)
        self.publish(event, person_id=person_id, aggregate=_spell(event), version=2)

    def later(self, statement: sqlalchemy.TextClause, values: Mapping[str, Any]) -> None:
        """Run textual SQL at the end of the transaction, for all values it was given there, in one round trip.

        Makes a projection fast: the events of a whole batch become one statement. Until then its effect is not seen.
        """
        self.pending.statements.setdefault(statement, []).append(values)

    async def see_everybody(self) -> None:
        """Lift row-level security for the rest of this transaction: for tracing, and for ledgers read by permission.

        What is answered is still decided field by field by the frame; only the second wall is opened, and only here.
        """
        await db.rescope(self.session, auth.service_actor(self.service))

    def on(self, cause: events.Envelope, traceparent: str = "") -> Work:
        """The same transaction, handling one event: what it tells continues the trace of that event."""
        return Work(
            self.session,
            self.actor,
            self.now,
            self.service,
            self.purpose,
            self.method,
            self.idempotency_key,
            traceparent or cause.traceparent,
            cause,
            self.pending,
        )

    async def finish(self) -> None:
        """Write what is pending: changed rows first, then audit and events, so that events follow the locks."""
        await statements.flush(self.session)
        for statement, values in self.pending.statements.items():
            await statements.execute_many(self.session, statement, values)
        self.pending.statements.clear()
        rows: tuple[list[Any], ...] = (self.pending.acts, self.pending.events, self.pending.spells)
        settled = self.pending.settled or ()
        if self.pending.events and not (settled or self.pending.acts or self.pending.spells):
            if len(self.pending.events) == 1:
                await db.fetch(self.session, outbox.INSERT_ONE, *self.pending.events[0])
            else:
                await db.fetch(self.session, _FINISH_QUERY, *statements.columns(self.pending.events, _WIDTHS[1]))
            self.pending.events.clear()
        elif settled or any(rows):
            columns = chain.from_iterable(map(statements.columns, rows, _WIDTHS))
            await db.fetch(self.session, _FINISH_COMMAND if settled else _FINISH, *columns, *settled)
            for each in rows:
                each.clear()
            self.pending.settled = None


@asynccontextmanager
async def unit(
    database: db.Database,
    actor: auth.Actor,
    *,
    service: str,
    now: datetime | None = None,
    method: str = "",
    idempotency_key: str = "",
    traceparent: str = "",
    opening: str = "",
    searches: bool = False,
    queries: bool = False,
) -> AsyncIterator[Work]:
    """One transaction with everything it has to tell; nothing of it happened if the body raises.

    `opening` is a statement that it begins with. One that `searches` sees everybody, as after `see_everybody`. One that
    `queries` changes nothing: what it tells is that something was disclosed, and that may wait a moment for company on
    its way to the log. Raises what db.Database.transaction raises.
    """
    async with _session(database, actor, service, opening, searches=searches, queries=queries) as session:
        work = Work(
            session,
            actor,
            now or datetime.now(UTC),
            service,
            actor.purpose,
            method=method,
            idempotency_key=idempotency_key,
            traceparent=traceparent,
        )
        yield work
        if queries and work.pending.statements:
            raise RuntimeError("a query changes nothing")
        tells = bool(work.pending.events)
        await work.finish()
    if tells:
        database.bell.ring(soon=not queries)


def _session(
    database: db.Database, actor: auth.Actor, service: str, opening: str, *, searches: bool, queries: bool
) -> AbstractAsyncContextManager[AsyncSession]:
    if searches and queries:
        return database.searching()
    return database.transaction(auth.service_actor(service) if searches else actor, opening=opening)


def _spell(event: common_pb2.RelationshipEstablished | common_pb2.RelationshipEnded) -> str:
    return f"relationship/{event.person_id}/{event.organisation_id}/{event.kind}/{event.source}"
