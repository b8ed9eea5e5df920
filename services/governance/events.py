"""What governance tells the others, from its own records."""

from __future__ import annotations

from datetime import datetime

from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, events_pb2


def agreement_published(agreement: events_pb2.Agreement) -> events_pb2.AgreementPublished:
    """A version of an agreement is in the world."""
    return events_pb2.AgreementPublished(agreement=agreement)


def sharing_decision_recorded(
    *, person_id: str, sector: common_pb2.Sector.ValueType, refused: bool, decided_at: datetime, version: int
) -> events_pb2.SharingDecisionRecorded:
    """A person decided about a sector."""
    event = events_pb2.SharingDecisionRecorded(person_id=person_id, sector=sector, refused=refused, version=version)
    event.decided_at.FromDatetime(decided_at)
    return event


def organisation_registered(organisation: directory_pb2.Organisation) -> events_pb2.OrganisationRegistered:
    """An organisation is new or changed."""
    return events_pb2.OrganisationRegistered(organisation=organisation)


def team_registered(team: directory_pb2.Team) -> events_pb2.TeamRegistered:
    """A team is new or changed."""
    return events_pb2.TeamRegistered(team=team)


def role_assigned(practitioner_id: str, role: directory_pb2.PractitionerRole) -> events_pb2.PractitionerRoleAssigned:
    """A practitioner has a role; no name travels."""
    return events_pb2.PractitionerRoleAssigned(
        practitioner_id=practitioner_id,
        organisation_id=role.organisation_id,
        team_id=role.team_id,
        role=role.role,
    )
