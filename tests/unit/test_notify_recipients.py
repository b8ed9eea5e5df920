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


@pytest.mark.parametrize(
    "address",
    [
        "eve@elsewhere.example, joinedup@trust.nhs.example",
        "eve@elsewhere.example;joinedup@trust.nhs.example",
        "joinedup@trust.nhs.example\r\nBcc: eve@elsewhere.example",
        "Eve <eve@elsewhere.example>",
        "eve@elsewhere.example@trust.nhs.example",
        "nobody",
    ],
)
async def test_a_message_goes_to_one_address_whose_domain_is_the_one_that_was_judged(address: str) -> None:
    row = ROW.model_copy(update={"practitioner_id": ""})
    organisation = TRUST.model_copy(update={"secure_email": address})
    with pytest.raises(recipients.Unreachable, match="not one address"):
        await recipients.find(organisation, directory(), row)


async def test_a_plain_address_is_written_to() -> None:
    row = ROW.model_copy(update={"practitioner_id": ""})
    organisation = TRUST.model_copy(update={"secure_email": "joined-up.o'brien+x@trust.nhs.example"})
    assert (await recipients.find(organisation, directory(), row)).address.endswith("@trust.nhs.example")
