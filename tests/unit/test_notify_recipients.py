"""A message goes to somebody in the organisation that it was decided for, and to nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from chassis import auth
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2
from services.notify import clients, recipients, store

TRUST = store.OrganisationRow(id="trust", name="Trust", sector=common_pb2.SECTOR_NHS, secure_email="", version=1)
ROW = store.MessageRow(
    message_id="m",
    version=1,
    person_id="p",
    template="crisis_alert",
    organisation_id="trust",
    practitioner_id="kay",
    source="alert/1",
    status="sending",
    created_at=datetime.now(UTC),
)


@dataclass(frozen=True)
class Directory(clients.Peers):
    """Peers of whom the directory knows one practitioner."""

    roles: tuple[tuple[str, str], ...] = ()

    async def practitioner(self, practitioner_id: str) -> directory_pb2.Practitioner:
        """Kay, with the posts of this directory."""
        posts = [directory_pb2.PractitionerRole(organisation_id=one, team_id=team) for one, team in self.roles]
        return directory_pb2.Practitioner(id=practitioner_id, name="Kay", email="kay@trust.nhs.example", roles=posts)


def directory(*roles: tuple[str, str]) -> Directory:
    nobody: dict[str, None] = dict.fromkeys(("identity", "caseworker", "referrals", "directory"))
    return Directory(**nobody, roles=roles)  # type: ignore[arg-type]  # only the directory is asked


async def test_a_practitioner_is_asked_for_as_what_they_are_in_that_organisation() -> None:
    found = await recipients.find(TRUST, directory(("trust", "complex"), ("police", "beat")), ROW)
    assert (found.actor.organisation_id, found.actor.sector, found.actor.team_ids) == (
        "trust",
        auth.Sector.NHS,
        ("complex",),
    )


async def test_a_practitioner_without_a_post_there_is_sent_nothing() -> None:
    with pytest.raises(recipients.Unreachable, match="no post"):
        await recipients.find(TRUST, directory(("police", "beat")), ROW)
