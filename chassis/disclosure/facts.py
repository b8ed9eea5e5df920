"""The facts that a disclosure decision rests on, fetched for everybody in an answer in one round trip."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from chassis.auth import Actor
from chassis.disclosure import decision
from chassis.disclosure.agreements import AgreementRow
from joinedup.governance.v1 import events_pb2

# Everybody is asked about under each of their ids. The last arm tells whether the agreements in memory are still all
# there are. Versions are only ever added, and may commit in any order, so both the count and the highest number are
# needed to notice each of them.
# A relationship counts only while it holds by the database's clock too: row-level security shows a person's decisions
# to those who are related by that clock, and nobody may be related who cannot see a refusal.
# The people stand in a subquery of their own: where PostgreSQL sees how many there are, it plans anew for each call,
# and planning takes several times as long as the search. The plan is short for the same reason: to set one up takes
# longer than to carry it out.
COLUMNS = ("fact", "person_id", "code", "team_id", "practitioner_id", "valid_from", "valid_to", "number")


def about(people: str, organisation: str) -> str:
    """SQL that answers with the facts, a row of COLUMNS each, about the people whom `people` selects, each once.

    `organisation` is the parameter with the actor's organisation. A search that finds the people adds it to its own
    statement, which saves a round trip (`Foreseen`).
    """
    return f"""
    WITH person (person_id, id) AS MATERIALIZED (
      SELECT found.id, found.id FROM ({people}) AS found (id)
      UNION ALL SELECT same.person_id, same.other_id FROM also_known_as AS same
      WHERE same.person_id = ANY(ARRAY({people}))
    )
    SELECT 'r' AS fact, person.person_id, kind AS code, team_id, practitioner_id, valid_from, valid_to,
      0::bigint AS number
    FROM person JOIN relationship ON relationship.person_id = person.id
    WHERE organisation_id = {organisation} AND valid_from <= now() AND (valid_to IS NULL OR valid_to > now())
    UNION ALL
    SELECT 'd', person.person_id, sector, refused::text, person.id, decided_at, NULL, version
    FROM person JOIN sharing_decision ON sharing_decision.person_id = person.id
    UNION ALL
    SELECT 's', person.person_id, 0, '', '', NULL, NULL, 0
    FROM person JOIN restriction ON restriction.person_id = person.id WHERE restricted
    UNION ALL
    SELECT 'a', '', 0, count(*)::text, '', NULL, NULL, coalesce(max(recorded), 0) FROM agreement
    """  # noqa: S608 (our own words)


_FACTS = about("SELECT unnest((SELECT $2::text[]))", "$1")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The rows of facts that came with a search, and the people whom they are about."""

    people: frozenset[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the actor's relationships to some people, of those people's decisions, and the agreements.

    `restricted` are those of the people whose whereabouts are protected.
    """

    agreements: tuple[decision.Agreement, ...] = ()
    relationships: Mapping[str, list[decision.Relationship]] = field(default_factory=dict)
    decisions: Mapping[str, list[decision.SharingDecision]] = field(default_factory=dict)
    restricted: frozenset[str] = frozenset()


class Register:
    """The agreements of one database in memory; read again as soon as the table has grown, by whichever process."""

    def __init__(self) -> None:
        self._stamp: tuple[str, int] = ("", 0)
        self._agreements: tuple[decision.Agreement, ...] = ()

    async def gather(self, session: AsyncSession, actor: Actor, people: Collection[str]) -> Facts:
        """The facts about `people`, the agreements included; one statement, and one more when agreements changed."""
        return await self.read(session, actor, await db.fetch(session, _FACTS, actor.organisation_id, list(people)))

    async def read(self, session: AsyncSession, actor: Actor, rows: Iterable[Any]) -> Facts:
        """The facts in rows of COLUMNS; a statement more when agreements changed."""
        relationships: dict[str, list[decision.Relationship]] = {}
        decisions: dict[str, list[decision.SharingDecision]] = {}
        restricted: set[str] = set()
        stamp = ("", 0)
        for fact, person_id, code, team_id, practitioner_id, begins, ends, number in rows:
            if fact == "r":
                one = decision.Relationship(actor.organisation_id, code, team_id, practitioner_id, begins, ends)
                relationships.setdefault(person_id, []).append(one)
            elif fact == "d":
                other_id = "" if practitioner_id == person_id else practitioner_id
                said = decision.SharingDecision(code, team_id == "true", begins, number, other_id)
                decisions.setdefault(person_id, []).append(said)
            elif fact == "s":
                restricted.add(person_id)
            else:
                stamp = (team_id, number)
        if stamp != self._stamp:
            self._agreements, self._stamp = await _read_agreements(session), stamp
        return Facts(self._agreements, relationships, decisions, frozenset(restricted))


async def _read_agreements(session: AsyncSession) -> tuple[decision.Agreement, ...]:
    rows = (await session.exec(select(AgreementRow.content))).all()
    return tuple(from_wire(events_pb2.Agreement.FromString(content)) for content in rows)


def from_wire(agreement: events_pb2.Agreement) -> decision.Agreement:
    """An agreement as decisions read it."""
    return decision.Agreement(
        id=agreement.id,
        version=agreement.version,
        valid_from=_time(agreement, "valid_from") or datetime.max.replace(tzinfo=UTC),
        valid_to=_time(agreement, "valid_to"),
        rules=tuple(
            decision.Rule(
                id=rule.id,
                sectors=frozenset(rule.sectors),
                relationships=frozenset(rule.relationships),
                purposes=frozenset(rule.purposes),
                releases=frozenset(rule.releases),
                lawful_basis=rule.lawful_basis,
                refusable=rule.refusable,
            )
            for rule in agreement.rules
        ),
    )


def _time(agreement: events_pb2.Agreement, name: str) -> datetime | None:
    # An agreement without a beginning has not begun: it is in force at no time.
    value = getattr(agreement, name)
    return value.ToDatetime(tzinfo=UTC) if agreement.HasField(name) else None  # type: ignore[arg-type]
