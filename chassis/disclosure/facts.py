"""The facts that a disclosure decision rests on, fetched for everybody in an answer in one round trip."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from chassis.auth import Actor
from chassis.disclosure import decision
from chassis.disclosure.agreements import AgreementRow
from joinedup.governance.v1 import events_pb2

# The last arm tells whether the agreements in memory are still all there are. Versions are only ever added, and may
# commit in any order, so both the count and the highest number are needed to notice each of them.
# A relationship counts only while it holds by the database's clock too: row-level security shows a person's decisions
# to those who are related by that clock, and nobody may be related who cannot see a refusal.
_FACTS = sqlalchemy.text(
    "SELECT 'r' AS fact, person_id, kind AS code, team_id, practitioner_id, valid_from, valid_to, 0::bigint AS number"
    " FROM relationship WHERE organisation_id = :organisation AND person_id = ANY(CAST(:people AS text[]))"
    " AND valid_from <= now() AND (valid_to IS NULL OR valid_to > now())"
    " UNION ALL SELECT 'd', person_id, sector, refused::text, '', decided_at, NULL, version"
    " FROM sharing_decision WHERE person_id = ANY(CAST(:people AS text[]))"
    " UNION ALL SELECT 's', person_id, 0, '', '', NULL, NULL, 0"
    " FROM restriction WHERE restricted AND person_id = ANY(CAST(:people AS text[]))"
    # The same of the other ids of people who were merged: arms that find nothing for everybody else, on an index.
    " UNION ALL SELECT 'r', same.person_id, kind, team_id, practitioner_id, valid_from, valid_to, 0"
    " FROM also_known_as AS same JOIN relationship ON relationship.person_id = same.other_id"
    " WHERE same.person_id = ANY(CAST(:people AS text[])) AND organisation_id = :organisation"
    " AND valid_from <= now() AND (valid_to IS NULL OR valid_to > now())"
    " UNION ALL SELECT 'd', same.person_id, sector, refused::text, same.other_id, decided_at, NULL, version"
    " FROM also_known_as AS same JOIN sharing_decision ON sharing_decision.person_id = same.other_id"
    " WHERE same.person_id = ANY(CAST(:people AS text[]))"
    " UNION ALL SELECT 's', same.person_id, 0, '', '', NULL, NULL, 0"
    " FROM also_known_as AS same JOIN restriction ON restriction.person_id = same.other_id"
    " WHERE restricted AND same.person_id = ANY(CAST(:people AS text[]))"
    " UNION ALL SELECT 'a', '', 0, count(*)::text, '', NULL, NULL, coalesce(max(recorded), 0) FROM agreement"
)


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
        relationships: dict[str, list[decision.Relationship]] = {}
        decisions: dict[str, list[decision.SharingDecision]] = {}
        restricted: set[str] = set()
        rows = await db.execute(session, _FACTS, {"organisation": actor.organisation_id, "people": list(people)})
        stamp = ("", 0)
        for fact, person_id, code, team_id, practitioner_id, begins, ends, number in rows:
            if fact == "r":
                one = decision.Relationship(actor.organisation_id, code, team_id, practitioner_id, begins, ends)
                relationships.setdefault(person_id, []).append(one)
            elif fact == "d":
                said = decision.SharingDecision(code, team_id == "true", begins, number, practitioner_id)
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
