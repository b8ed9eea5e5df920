"""Names and posts of staff, teams and organisations, remembered for a minute.

Asked for in the portal's own name: a directory says nothing about people in care, and sign-in needs it before anybody
has a role.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from chassis import auth, errors
from chassis.rpc import client
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, governance_pb2
from services.portal.clients import Peers
from services.portal.sessions import Post

_ME = auth.service_actor("portal")
_PAGE = 200
_MOST_STAFF = 5_000
# A name that is not known is asked for again, but not more often than this.
_LOOK_AGAIN_SECONDS = 1.0

SECTORS = {
    common_pb2.SECTOR_NHS: auth.Sector.NHS,
    common_pb2.SECTOR_COUNCIL: auth.Sector.COUNCIL,
    common_pb2.SECTOR_POLICE: auth.Sector.POLICE,
    common_pb2.SECTOR_HOUSING: auth.Sector.HOUSING,
    common_pb2.SECTOR_CHARITY: auth.Sector.CHARITY,
}
T = TypeVar("T")


@dataclass
class _Remembered(Generic[T]):
    """One thing that is expensive to ask for; asked for once when many want it at the same moment."""

    ask: Callable[[], Awaitable[T]]
    value: T
    at: float = float("-inf")
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, seconds: float) -> T:
        """The value, at most so many seconds old."""
        async with self._busy:
            if time.monotonic() - self.at > seconds:
                self.value = await self.ask()
                self.at = time.monotonic()
            return self.value


class Directory:
    """The directory as pages need it."""

    def __init__(self, peers: Peers, seconds: float) -> None:
        self._peers = peers
        self._seconds = seconds
        self._organisations = _Remembered[dict[str, directory_pb2.Organisation]](self._list_organisations, {})
        self._teams = _Remembered[dict[str, directory_pb2.Team]](self._list_teams, {})
        self._agreements = _Remembered[dict[str, str]](self._list_agreements, {})
        self._staff: OrderedDict[str, tuple[float, directory_pb2.Practitioner]] = OrderedDict()

    async def practitioner(self, practitioner_id: str) -> directory_pb2.Practitioner:
        """Somebody with their posts. Raises errors.NotFound, errors.Unavailable."""
        known = self._staff.get(practitioner_id)
        if known is not None and time.monotonic() - known[0] <= self._seconds:
            self._staff.move_to_end(practitioner_id)
            return known[1]
        with client.acting(_ME):
            found = await self._peers.directory.GetPractitioner(
                directory_pb2.GetPractitionerRequest(id=practitioner_id)
            )
        self._staff[practitioner_id] = (time.monotonic(), found)
        if len(self._staff) > _MOST_STAFF:
            self._staff.popitem(last=False)
        return found

    async def members(self, team_id: str) -> list[directory_pb2.Practitioner]:
        """Everybody in a team."""
        request = directory_pb2.ListPractitionersRequest(team_id=team_id)
        request.page.size = _PAGE
        with client.acting(_ME):
            return list((await self._peers.directory.ListPractitioners(request)).practitioners)

    async def organisation(self, organisation_id: str) -> directory_pb2.Organisation | None:
        """An organisation, None where it is not known."""
        return await self._one(self._organisations, organisation_id)

    async def organisations(self) -> list[directory_pb2.Organisation]:
        """All of them, by name."""
        found = await self._organisations.get(self._seconds)
        return sorted(found.values(), key=lambda one: one.name.casefold())

    async def team(self, team_id: str) -> directory_pb2.Team | None:
        """A team, None where it is not known."""
        if not team_id:
            return None
        return await self._one(self._teams, team_id)

    async def agreement_titles(self) -> dict[str, str]:
        """Titles of the sharing agreements by their ids."""
        return await self._agreements.get(self._seconds)

    async def names(self, ids: Iterable[str]) -> Names:
        """The names of practitioners and organisations for one page; `ids` are the practitioners'."""
        wanted = sorted({plain(one) for one in ids if one})
        found = await asyncio.gather(*(self._name(one) for one in wanted))
        organisations = {one.id: one for one in await self.organisations()}
        return Names(dict(zip(wanted, found, strict=True)), organisations)

    async def _name(self, practitioner_id: str) -> str:
        try:
            return (await self.practitioner(practitioner_id)).name
        except errors.NotFound:
            return ""

    async def _one(self, remembered: _Remembered[dict[str, T]], key: str) -> T | None:
        known = await remembered.get(self._seconds)
        if key not in known:
            known = await remembered.get(min(_LOOK_AGAIN_SECONDS, self._seconds))
        return known.get(key)

    async def _list_organisations(self) -> dict[str, directory_pb2.Organisation]:
        found: dict[str, directory_pb2.Organisation] = {}
        token = ""
        while True:
            request = directory_pb2.ListOrganisationsRequest(page=common_pb2.PageRequest(size=_PAGE, token=token))
            with client.acting(_ME):
                answer = await self._peers.directory.ListOrganisations(request)
            found |= {one.id: one for one in answer.organisations}
            token = answer.page.next_token
            if not token:
                return found

    async def _list_teams(self) -> dict[str, directory_pb2.Team]:
        found: dict[str, directory_pb2.Team] = {}
        token = ""
        while True:
            request = directory_pb2.ListTeamsRequest(page=common_pb2.PageRequest(size=_PAGE, token=token))
            with client.acting(_ME):
                answer = await self._peers.directory.ListTeams(request)
            found |= {one.id: one for one in answer.teams}
            token = answer.page.next_token
            if not token:
                return found

    async def _list_agreements(self) -> dict[str, str]:
        request = governance_pb2.ListAgreementsRequest(page=common_pb2.PageRequest(size=_PAGE))
        with client.acting(_ME):
            answer = await self._peers.governance.ListAgreements(request)
        return {one.id: one.title for one in answer.agreements}


@dataclass(frozen=True)
class Names:
    """The names that one page shows."""

    practitioners: dict[str, str]
    organisations: dict[str, directory_pb2.Organisation]

    def practitioner(self, practitioner_id: str) -> str:
        """A practitioner's name; empty where it is not known."""
        return self.practitioners.get(plain(practitioner_id), "")

    def organisation(self, organisation_id: str) -> str:
        """An organisation's name; empty where it is not known."""
        found = self.organisations.get(organisation_id)
        return found.name if found else ""

    def both(self, practitioner_id: str, organisation_id: str, otherwise: str = "Joinedup") -> str:
        """ "Amara Okafor, North Moor Council", as far as it is known."""
        parts = (self.practitioner(practitioner_id), self.organisation(organisation_id))
        return ", ".join(part for part in parts if part) or otherwise


def plain(subject: str) -> str:
    """The practitioner id in what an audit calls a practitioner."""
    return subject.removeprefix("practitioner:")


def posts(practitioner: directory_pb2.Practitioner, allowed: Iterable[str] = ()) -> tuple[Post, ...]:
    """The posts somebody holds, in the organisations `allowed`; everywhere where none is named."""
    within = frozenset(allowed)
    held = (Post(one.organisation_id, one.team_id, one.role) for one in practitioner.roles)
    return tuple(dict.fromkeys(post for post in held if not within or post.organisation_id in within))
