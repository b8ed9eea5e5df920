"""Finds out where a message goes, and as whom to ask for what it may say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chassis import auth, errors
from joinedup.common.v1 import common_pb2
from services.notify import clients, store

# One mailbox and nothing else: no name, no second address, no line break.
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class Unreachable(Exception):
    """There is no address to send to; the text says why, and a person has to mend it."""


@dataclass(frozen=True)
class Recipient:
    """Somebody to be told: name for the greeting, address, and the actor that their data are asked as."""

    name: str
    address: str
    actor: auth.Actor


async def find(organisation: store.OrganisationRow | None, peers: clients.Peers, row: store.MessageRow) -> Recipient:
    """The recipient of a message to somebody in an organisation, as far as that has been told here.

    Raises Unreachable, and errors.Unavailable when the directory is away.
    """
    if organisation is None:
        raise Unreachable("the organisation is not in the directory")
    if not row.practitioner_id:
        _check_address(organisation.secure_email, "the organisation has no secure e-mail address in the directory")
        return Recipient(organisation.name, organisation.secure_email, _actor(organisation))
    try:
        practitioner = await peers.practitioner(row.practitioner_id)
    except errors.NotFound as failure:
        raise Unreachable("the practitioner is not in the directory") from failure
    if not any(role.organisation_id == organisation.id for role in practitioner.roles):
        # What the message may say is decided for the organisation; somebody who has left it, or never was in it, would
        # read what their own may not know.
        raise Unreachable("the practitioner has no post in the organisation")
    _check_address(practitioner.email, "the practitioner has no e-mail address in the directory")
    teams = tuple(
        role.team_id for role in practitioner.roles if role.organisation_id == organisation.id and role.team_id
    )
    return Recipient(
        practitioner.name, practitioner.email, _actor(organisation, practitioner_id=practitioner.id, team_ids=teams)
    )


def _check_address(address: str, missing: str) -> None:
    """Raises Unreachable unless it is one plain address: what may be said is decided by its one domain."""
    if not address:
        raise Unreachable(missing)
    if not _ADDRESS.fullmatch(address):
        raise Unreachable("the e-mail address in the directory is not one address")


def _actor(
    organisation: store.OrganisationRow, *, practitioner_id: str = "", team_ids: tuple[str, ...] = ()
) -> auth.Actor:
    name = common_pb2.Sector.Name(organisation.sector).removeprefix("SECTOR_").lower()  # type: ignore[arg-type]
    return auth.Actor(
        subject="service:notify",
        kind=auth.Kind.SERVICE,
        organisation_id=organisation.id,
        sector=auth.Sector(name),
        role="service",
        team_ids=team_ids,
        practitioner_id=practitioner_id,
    )
