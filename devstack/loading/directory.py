"""The place's organisations, teams and practitioners as governance's directory takes them."""

from __future__ import annotations

from collections.abc import Mapping

from devstack import keys
from devstack.place.organisations import Organisation
from devstack.place.place import Place
from devstack.place.practitioners import Practitioner
from devstack.place.teams import Team
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2


def request(place: Place) -> directory_pb2.RegisterDirectoryRequest:
    """The whole directory; the same place gives the same request."""
    return directory_pb2.RegisterDirectoryRequest(
        organisations=[_organisation(one) for one in place.organisations.values()],
        teams=[_team(one) for one in place.teams.values()],
        practitioners=[_practitioner(one) for one in place.practitioners],
    )


def code(organisation: Organisation) -> str:
    """What an organisation's integrator key is named after: its ODS code, or its id where it has none."""
    return organisation.ods_code or organisation.id


def integrators(place: Place) -> Mapping[str, keys.SpeaksFor]:
    """The organisation and sector that each integrator's key may speak for, by `code`."""
    return {code(one): keys.SpeaksFor(one.id, one.sector.value) for one in place.organisations.values()}


def _organisation(value: Organisation) -> directory_pb2.Organisation:
    return directory_pb2.Organisation(
        id=value.id,
        ods_code=value.ods_code,
        name=value.name,
        sector=common_pb2.Sector.Value(f"SECTOR_{value.sector.name}"),
        level=value.level,
        parent_id=value.parent_id,
        secure_email=value.secure_email,
    )


def _team(value: Team) -> directory_pb2.Team:
    return directory_pb2.Team(
        id=value.id,
        organisation_id=value.organisation_id,
        name=value.name,
        kind=value.kind,
        catchment=value.catchment,
        capacity=value.capacity,
        service_hours=value.service_hours,
        service_ids=value.service_ids,
    )


def _practitioner(value: Practitioner) -> directory_pb2.Practitioner:
    roles = [
        directory_pb2.PractitionerRole(organisation_id=held.organisation_id, team_id=held.team_id, role=held.role)
        for held in value.roles
    ]
    return directory_pb2.Practitioner(id=value.id, name=value.name, email=value.email, roles=roles)
