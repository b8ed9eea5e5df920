"""What referrals does when others tell something: teams to route to, their members, and cases that were opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.message import Message

from chassis.consumer import Handler
from chassis.work import Work
from joinedup.caseworker.v1 import events_pb2 as caseworker_events
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.identity.v1 import events_pb2 as identity_events
from services.referrals import commands, routing


@dataclass(frozen=True, slots=True)
class Routing:
    """The handler that may send waiting referrals on."""

    desk: commands.Desk

    async def on_team(self, work: Work, event: governance_events.TeamRegistered) -> None:
        """A team was registered or changed."""
        team = event.team
        known = routing.Team(
            id=team.id,
            organisation_id=team.organisation_id,
            name=team.name,
            kind=team.kind,
            catchment=tuple(area.strip().upper() for area in team.catchment),
            capacity=team.capacity,
            service_hours=dict(team.service_hours),
            service_ids=tuple(team.service_ids),
        )
        await commands.register_team(work, known, self.desk)


async def on_organisation(work: Work, event: governance_events.OrganisationRegistered) -> None:
    """An organisation was registered or changed."""
    organisation = event.organisation
    await commands.register_organisation(
        work, organisation_id=organisation.id, name=organisation.name, ods_code=organisation.ods_code
    )


async def on_role(work: Work, event: governance_events.PractitionerRoleAssigned) -> None:
    """A practitioner has a role; one that holds for a whole organisation makes nobody a member of a team.

    Roles are only ever added: governance tells of none that ended, and so none is taken away here, and the order in
    which they arrive, before or after their team, makes no difference.
    """
    if event.team_id:
        await commands.register_member(
            work,
            practitioner_id=event.practitioner_id,
            organisation_id=event.organisation_id,
            team_id=event.team_id,
            role=event.role,
        )


async def on_case_opened(work: Work, event: caseworker_events.CaseOpened) -> None:
    """Work on an accepted referral began."""
    if event.referral_id:
        await commands.start(work, event.referral_id, key_worker_id=event.key_worker_id)


async def on_case_closed(work: Work, event: caseworker_events.CaseClosed) -> None:
    """What was asked for came to its end with the case, and so did what joined it."""
    for referral_id in filter(None, event.referral_ids):
        await commands.complete(work, referral_id)


async def on_restricted(work: Work, event: identity_events.PersonRestricted) -> None:
    """A person's whereabouts are protected from now on: the area that their referrals came with is forgotten."""
    await commands.forget_area(work, event.person_id)


def handlers(desk: commands.Desk) -> Mapping[type[Message], Handler]:
    """Each event that is listened to, and what is done about it."""
    return {
        governance_events.TeamRegistered: Routing(desk).on_team,
        governance_events.OrganisationRegistered: on_organisation,
        governance_events.PractitionerRoleAssigned: on_role,
        caseworker_events.CaseOpened: on_case_opened,
        caseworker_events.CaseClosed: on_case_closed,
        identity_events.PersonRestricted: on_restricted,
    }
