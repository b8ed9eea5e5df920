"""Where a referral goes, and why: a pure choice among the teams that could take it, told in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

# Royal Mail's outward codes, and GIR 0AA's, as BS 7666 writes them.
OUTWARD = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]?|GIR")


@dataclass(frozen=True, slots=True)
class Ask:
    """What the referrer said about where it should go; any part may be empty."""

    team_id: str = ""
    service_id: str = ""
    team_kind: str = ""
    outward_postcode: str = ""


def nowhere(ask: Ask) -> Ask:
    """What was asked without the area that the person lives in."""
    return replace(ask, outward_postcode="")


@dataclass(frozen=True, slots=True)
class Team:
    """A team as routing knows it. `open_referrals` is counted no further than `capacity`.

    `service_hours` maps ISO weekdays 1 to 7 to "09:00-17:00".
    """

    id: str
    organisation_id: str
    name: str
    kind: str
    catchment: tuple[str, ...]
    capacity: int
    service_hours: Mapping[int, str]
    service_ids: tuple[str, ...]
    organisation_name: str = ""
    open_referrals: int = 0

    @property
    def named(self) -> str:
        """The team and whose it is, as people know them."""
        return f"{self.name} ({self.organisation_name})" if self.organisation_name else self.name

    @property
    def free(self) -> int:
        """Places left; 0 when it is full."""
        return max(self.capacity - self.open_referrals, 0)

    def serves(self, ask: Ask) -> bool:
        """Whether it is of the kind asked for and works where the person is; nowhere in particular is everywhere."""
        here = not ask.outward_postcode or ask.outward_postcode in self.catchment
        return bool(ask.team_kind) and self.kind == ask.team_kind and here


@dataclass(frozen=True, slots=True)
class Route:
    """The team that was chosen, None when nobody can take it, and how that came about."""

    team: Team | None
    why: str


def choose(ask: Ask, teams: Iterable[Team], *, fallback_team_id: str = "") -> Route:
    """The team named; else the service named; else the freest team of the kind in the area; else the fallback team.

    A full team is still sent work that nobody else can take: capacity spreads work, and turns nobody away (a team
    that has no room refuses with BaRS reason 22, which the referrer learns). What is asked for and not known is said in
    the answer, and the next way is tried.
    """
    known = sorted(teams, key=lambda team: team.id)
    unknown: list[str] = []
    if ask.team_id:
        if named := next((team for team in known if team.id == ask.team_id), None):
            return Route(named, f"Sent to {named.named}, as asked.")
        unknown.append("the team that was asked for is not known here")
    if ask.service_id:
        if served := _by_service(ask.service_id, known):
            told = f"sent to {served.named}, which answers to the service {ask.service_id}"
            return Route(served, _sentence([*unknown, told]))
        unknown.append(f"no team answers to the service {ask.service_id}")
    if ask.team_kind:
        if serving := [team for team in known if team.serves(ask)]:
            return _freest(ask, serving, unknown)
        unknown.append(f"no {_area(ask)} is known here")
    return _nobody(known, fallback_team_id, unknown)


def _by_service(service_id: str, teams: Sequence[Team]) -> Team | None:
    """The team behind a service identifier; of several that share it, the freest."""
    found = [team for team in teams if service_id in team.service_ids]
    return max(found, key=_room) if found else None


def _freest(ask: Ask, serving: Sequence[Team], unknown: Sequence[str]) -> Route:
    team = max(serving, key=_room)
    room = f"{team.free} of its {team.capacity} places free" if team.free else "no place free"
    if len(serving) == 1:
        choice = f"the only {_area(ask)}, with {room}"
    elif team.free:
        choice = f"a {_area(ask)}; of the {len(serving)} there it has the most room, {room}"
    else:
        choice = f"a {_area(ask)}; all {len(serving)} there are full, and it is the largest"
    return Route(team, _sentence([*unknown, f"sent to {team.named}: {choice}"]))


def _room(team: Team) -> tuple[float, int]:
    """Teams by the share of their places that is free, then by size: the first of equals is taken."""
    return (team.free / team.capacity if team.capacity else 0.0, team.capacity)


def _nobody(known: Sequence[Team], fallback_team_id: str, unknown: Sequence[str]) -> Route:
    fallback = next((team for team in known if team.id == fallback_team_id), None) if fallback_team_id else None
    if fallback:
        told = f"{fallback.named} takes what has no other place and passes it on"
        return Route(fallback, _sentence([*unknown, told]))
    waits = "it waits here, and is sent on as soon as a team that can take it is known"
    return Route(None, _sentence([*unknown, waits]))


def _area(ask: Ask) -> str:
    """The kind of team; never the postcode, which says where the person lives, while this text is operational."""
    kind = ask.team_kind.replace("_", " ")
    return f"{kind} team for the person's area" if ask.outward_postcode else f"{kind} team"


def _sentence(parts: Sequence[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."
