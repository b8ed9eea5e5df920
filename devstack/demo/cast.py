"""Who plays: staff of the place as the portal would vouch for them, and the systems of its organisations."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.auth import Actor, Kind, Sector
from cli import target
from devstack.loading import directory
from devstack.place.organisations import Organisation
from devstack.place.place import Place
from devstack.place.practitioners import Practitioner, RoleHeld


class NotCastError(LookupError):
    """The place has nobody for a part of the story."""


@dataclass(frozen=True)
class Player:
    """A member of staff in one role, able to call."""

    practitioner: Practitioner
    held: RoleHeld
    organisation: Organisation
    caller: target.Caller

    @property
    def name(self) -> str:
        """As the directory has it."""
        return self.practitioner.name

    @property
    def id(self) -> str:
        """The practitioner's id."""
        return self.practitioner.id


@dataclass(frozen=True)
class Cast:
    """Finds players in a place."""

    house: target.House
    place: Place

    def member(self, team: str, role: str) -> Player:
        """The first who holds this role in the team of this key as their first role. Raises NotCastError."""
        team_id = self.place.teams[team].id
        for practitioner in self.place.practitioners:
            held = practitioner.roles[0]
            if held.team_id == team_id and held.role == role:
                return self._player(practitioner, held)
        raise NotCastError(f"nobody is {role} in {team}")

    def overseer(self, organisation: str) -> Player:
        """The information governance lead of the organisation of this key. Raises NotCastError."""
        organisation_id = self.place.organisations[organisation].id
        for practitioner in self.place.practitioners:
            held = practitioner.roles[0]
            if held.organisation_id == organisation_id and held.role == "ig_lead":
                return self._player(practitioner, held)
        raise NotCastError(f"{organisation} has no information governance lead")

    def system(self, organisation: str) -> target.Caller:
        """The system of the organisation of this key."""
        found = self.place.organisations[organisation]
        return self.house.integrator(directory.code(found), organisation_id=found.id, sector=Sector(found.sector.value))

    def _player(self, practitioner: Practitioner, held: RoleHeld) -> Player:
        organisation = next(one for one in self.place.organisations.values() if one.id == held.organisation_id)
        actor = Actor(
            subject=practitioner.id,
            kind=Kind.PRACTITIONER,
            organisation_id=organisation.id,
            sector=Sector(organisation.sector.value),
            role=held.role,
            team_ids=(held.team_id,) if held.team_id else (),
            practitioner_id=practitioner.id,
        )
        return Player(practitioner, held, organisation, self.house.practitioner(actor))
