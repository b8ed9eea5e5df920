"""Reads what came on the wire as governance's own shapes: domain values to check, rows to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC

from joinedup.governance.v1 import directory_pb2, events_pb2
from services.governance import domain, store


def agreement(message: events_pb2.Agreement) -> domain.Agreement:
    """An agreement as the domain checks it."""
    return domain.Agreement(
        id=message.id,
        version=message.version,
        title=message.title,
        valid_from=message.valid_from.ToDatetime(tzinfo=UTC) if message.HasField("valid_from") else None,
        valid_to=message.valid_to.ToDatetime(tzinfo=UTC) if message.HasField("valid_to") else None,
        rules=tuple(
            domain.Rule(
                id=rule.id,
                sectors=tuple(rule.sectors),
                relationships=tuple(rule.relationships),
                purposes=tuple(rule.purposes),
                releases=tuple(rule.releases),
                lawful_basis=rule.lawful_basis,
            )
            for rule in message.rules
        ),
    )


def directory_problems(request: directory_pb2.RegisterDirectoryRequest) -> Iterator[domain.Problem]:
    """What is wrong with the entries of a request."""
    for index, organisation in enumerate(request.organisations):
        yield from domain.organisation_problems(
            f"organisations[{index}]",
            domain.Organisation(
                organisation.id,
                organisation.name,
                organisation.sector,
                organisation.level,
                organisation.parent_id,
            ),
        )
    for index, team in enumerate(request.teams):
        yield from domain.team_problems(
            f"teams[{index}]",
            domain.Team(team.id, team.organisation_id, team.name, team.capacity, dict(team.service_hours)),
        )
    for index, practitioner in enumerate(request.practitioners):
        if not practitioner.id:
            yield domain.Problem(f"practitioners[{index}].id", "must be given")
        if not practitioner.roles:
            yield domain.Problem(f"practitioners[{index}].roles", "must name at least one role")


def organisation_row(organisation: directory_pb2.Organisation) -> store.DirectoryRow:
    """An organisation as it is kept."""
    return store.DirectoryRow(
        kind="organisation",
        id=organisation.id,
        name=organisation.name,
        search=f"{organisation.name} {organisation.ods_code}".lower(),
        sector=organisation.sector,
        content=organisation.SerializeToString(deterministic=True),
    )


def team_row(team: directory_pb2.Team) -> store.DirectoryRow:
    """A team as it is kept."""
    return store.DirectoryRow(
        kind="team",
        id=team.id,
        name=team.name,
        search=f"{team.name} {team.kind}".lower(),
        organisation_ids=_words([team.organisation_id]),
        content=team.SerializeToString(deterministic=True),
    )


def practitioner_row(practitioner: directory_pb2.Practitioner) -> store.DirectoryRow:
    """A practitioner as kept."""
    return store.DirectoryRow(
        kind="practitioner",
        id=practitioner.id,
        name=practitioner.name,
        search=f"{practitioner.name} {practitioner.email}".lower(),
        organisation_ids=_words(role.organisation_id for role in practitioner.roles),
        team_ids=_words(role.team_id for role in practitioner.roles if role.team_id),
        content=practitioner.SerializeToString(deterministic=True),
    )


def _words(ids: Iterable[str]) -> str:
    """Ids between spaces, so that one of them is found whole."""
    return f" {' '.join(dict.fromkeys(ids))} "
