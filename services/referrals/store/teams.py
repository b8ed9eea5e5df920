"""The teams that a referral could go to, with their room, their members, and the projection of both from governance."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import db
from services.referrals import routing
from services.referrals.store.tables import OrganisationRow, TeamMemberRow, TeamRow

# One round trip, whatever the way of routing. The outer join answers a row even when no team is known, so that it also
# tells whether this message asked before, and whether the person's whereabouts are protected: then their area is not
# asked after. open_referrals() (migration 0001) sees past row-level security, answers a
# number and nothing else, and stops counting at the team's capacity.
_ROUTES = sqlalchemy.text(
    """
    SELECT known.referral_id, known.restricted, team.id, team.organisation_id, team.name, team.kind, team.catchment,
      team.capacity, team.service_hours::text AS service_hours, team.service_ids,
      coalesce(organisation.name, '') AS organisation_name,
      CASE WHEN team.kind = :team_kind OR team.service_ids @> ARRAY[CAST(:service_id AS text)]
        THEN open_referrals(team.id, team.capacity) ELSE 0 END AS open_referrals
    FROM (
      SELECT (
        SELECT id FROM referral
        WHERE referrer_organisation_id = :organisation_id AND message_id = :message_id AND message_id <> ''
      ) AS referral_id,
      EXISTS (SELECT 1 FROM restriction WHERE restricted
        AND person_id = ANY (known_as(ARRAY[CAST(:person_id AS text)]))) AS restricted
    ) AS known
    LEFT JOIN team ON team.id IN (:team_id, :fallback_team_id)
      OR (:service_id <> '' AND team.service_ids @> ARRAY[CAST(:service_id AS text)])
      OR (team.kind = :team_kind
        AND (:outward_postcode = '' OR known.restricted OR team.catchment @> ARRAY[CAST(:outward_postcode AS text)]))
    LEFT JOIN organisation ON organisation.id = team.organisation_id
    """
)


@dataclass(frozen=True, slots=True)
class Routes:
    """The teams that could take a referral, and the id of the one that its message asked for before, if it did.

    `restricted`: the person's whereabouts are protected, and nothing may be made of the area that was stated.
    """

    teams: tuple[routing.Team, ...]
    asked_before: str
    restricted: bool = False


async def routes(
    session: AsyncSession,
    ask: routing.Ask,
    *,
    fallback_team_id: str,
    organisation_id: str = "",
    message_id: str = "",
    person_id: str = "",
) -> Routes:
    """Everything that routing needs to know, in one round trip."""
    found = await db.execute(
        session,
        _ROUTES,
        {
            "team_id": ask.team_id,
            "service_id": ask.service_id,
            "team_kind": ask.team_kind,
            "outward_postcode": ask.outward_postcode,
            "fallback_team_id": fallback_team_id,
            "organisation_id": organisation_id,
            "message_id": message_id,
            "person_id": person_id,
        },
    )
    rows = found.all()
    return Routes(
        teams=tuple(_team(row) for row in rows if row.id is not None),
        asked_before=rows[0].referral_id or "",
        restricted=rows[0].restricted,
    )


async def put_team(session: AsyncSession, team: routing.Team) -> None:
    """Know a team as governance last told it."""
    row = {
        "id": team.id,
        "organisation_id": team.organisation_id,
        "name": team.name,
        "kind": team.kind,
        "catchment": list(team.catchment),
        "capacity": team.capacity,
        "service_hours": {str(day): hours for day, hours in team.service_hours.items()},
        "service_ids": list(team.service_ids),
    }
    statement = insert(TeamRow).values(row)
    await db.execute(session, statement.on_conflict_do_update(index_elements=["id"], set_=row))


async def put_member(
    session: AsyncSession, *, practitioner_id: str, organisation_id: str, team_id: str, role: str
) -> None:
    """Know that a practitioner has a role in a team; known already changes nothing."""
    row = {"practitioner_id": practitioner_id, "organisation_id": organisation_id, "team_id": team_id, "role": role}
    await db.execute(session, insert(TeamMemberRow).values(row).on_conflict_do_nothing())


async def roles_in_team(
    session: AsyncSession, practitioner_id: str, *, organisation_id: str, team_id: str
) -> frozenset[str]:
    """The roles that somebody has in a team of an organisation; none for who is unknown or of another team."""
    query = select(col(TeamMemberRow.role)).where(
        col(TeamMemberRow.practitioner_id) == practitioner_id,
        col(TeamMemberRow.organisation_id) == organisation_id,
        col(TeamMemberRow.team_id) == team_id,
    )
    return frozenset((await db.execute(session, query)).scalars())


async def put_organisation(session: AsyncSession, *, organisation_id: str, name: str, ods_code: str) -> None:
    """Know an organisation as governance last told it."""
    row = {"id": organisation_id, "name": name, "ods_code": ods_code}
    statement = insert(OrganisationRow).values(row)
    await db.execute(session, statement.on_conflict_do_update(index_elements=["id"], set_=row))


def _team(row: Any) -> routing.Team:
    return routing.Team(
        id=row.id,
        organisation_id=row.organisation_id,
        name=row.name,
        kind=row.kind,
        catchment=tuple(row.catchment),
        capacity=row.capacity,
        service_hours={int(day): hours for day, hours in json.loads(row.service_hours).items()},
        service_ids=tuple(row.service_ids),
        organisation_name=row.organisation_name,
        open_referrals=row.open_referrals,
    )
