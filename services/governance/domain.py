"""The rules of governance: what makes an agreement and a directory entry sound, and how the ledger is chained."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

# The hash before the first link.
GENESIS = "0" * 64

# Neighbourhood 30-50 thousand people, place 250-500 thousand, system 1-3 million; empty: no area.
LEVELS = ("", "neighbourhood", "place", "system")
PURPOSES = ("direct_care", "safeguarding", "administration", "audit", "data_quality")
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: the path of the field, and what about it."""

    field: str
    text: str


@dataclass(frozen=True)
class Rule:
    """One rule of an agreement, as far as its soundness goes; sectors and so on by their numbers on the wire."""

    id: str
    sectors: tuple[int, ...]
    relationships: tuple[int, ...]
    purposes: tuple[str, ...]
    releases: tuple[int, ...]
    lawful_basis: str


@dataclass(frozen=True)
class Agreement:
    """One version of a sharing agreement."""

    id: str
    version: int
    title: str
    valid_from: datetime | None
    valid_to: datetime | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Organisation:
    """An organisation in the tree neighbourhood, place, system."""

    id: str
    name: str
    sector: int
    level: str
    parent_id: str


@dataclass(frozen=True)
class Team:
    """A team with the hours of service by ISO weekday."""

    id: str
    organisation_id: str
    name: str
    capacity: int
    service_hours: dict[int, str]


@dataclass(frozen=True)
class Link:
    """One link of the ledger's chain: the hash of the link before, and the entry's canonical bytes."""

    sequence: int
    previous_hash: str
    hash: str
    body: bytes


def chained(previous_hash: str, body: bytes) -> str:
    """The hash of a link: SHA-256 over the previous hash and the entry's canonical bytes, lower-case hexadecimal."""
    return hashlib.sha256(bytes.fromhex(previous_hash) + body).hexdigest()


def first_broken(links: Iterable[Link], *, previous_hash: str = GENESIS, after: int = 0) -> int | None:
    """The sequence of the first link that does not hold, or None when all do.

    A link holds when its sequence follows without a gap, it names the hash of the link before, and its own hash is that
    of its content. `previous_hash` and `after` let a long chain be checked in pieces.
    """
    expected = after + 1
    for link in links:
        sound = link.previous_hash == previous_hash and link.hash == chained(previous_hash, link.body)
        if link.sequence != expected or not sound:
            return expected if link.sequence != expected else link.sequence
        previous_hash, expected = link.hash, expected + 1
    return None


def agreement_problems(agreement: Agreement) -> Iterator[Problem]:
    """What keeps an agreement from being published."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{2,63}", agreement.id):
        yield Problem("agreement.id", "must be 3 to 64 lower-case letters, digits and hyphens")
    if agreement.version < 1:
        yield Problem("agreement.version", "must be 1 or more")
    if not agreement.title.strip():
        yield Problem("agreement.title", "must be given")
    if agreement.valid_from is None:
        yield Problem("agreement.valid_from", "must be given")
    elif agreement.valid_to is not None and agreement.valid_to <= agreement.valid_from:
        yield Problem("agreement.valid_to", "must be later than valid_from")
    if not agreement.rules:
        yield Problem("agreement.rules", "must hold at least one rule")
    if len({rule.id for rule in agreement.rules}) < len(agreement.rules):
        yield Problem("agreement.rules", "must have different ids")
    for index, rule in enumerate(agreement.rules):
        yield from _rule_problems(f"agreement.rules[{index}]", rule)


def _rule_problems(path: str, rule: Rule) -> Iterator[Problem]:
    if not rule.id:
        yield Problem(f"{path}.id", "must be given")
    # Our own services have neither sector nor relationship; only a rule that speaks of them alone may name none.
    ours = rule.sectors == (0,) and rule.relationships == (0,)
    for name in ("sectors", "relationships", "releases"):
        values: tuple[int, ...] = getattr(rule, name)
        if 0 in values and (name == "releases" or not ours):
            yield Problem(f"{path}.{name}", "must name known values")
    if not rule.releases:
        yield Problem(f"{path}.releases", "must name at least one data class")
    for purpose in rule.purposes:
        if purpose not in PURPOSES:
            yield Problem(f"{path}.purposes", f"must be among {', '.join(PURPOSES)}")
    if not rule.lawful_basis.strip():
        yield Problem(f"{path}.lawful_basis", "must be given: every release names one")


def organisation_problems(path: str, organisation: Organisation) -> Iterator[Problem]:
    """What keeps an organisation from being registered."""
    if not organisation.id:
        yield Problem(f"{path}.id", "must be given")
    if not organisation.name.strip():
        yield Problem(f"{path}.name", "must be given")
    if organisation.sector == 0:
        yield Problem(f"{path}.sector", "must be given")
    if organisation.level not in LEVELS:
        yield Problem(f"{path}.level", f"must be one of {', '.join(LEVELS[1:])}, or empty")
    if organisation.parent_id and organisation.parent_id == organisation.id:
        yield Problem(f"{path}.parent_id", "must be another organisation")


def team_problems(path: str, team: Team) -> Iterator[Problem]:
    """What keeps a team from being registered."""
    for name in ("id", "organisation_id", "name"):
        if not getattr(team, name).strip():
            yield Problem(f"{path}.{name}", "must be given")
    if team.capacity < 0:
        yield Problem(f"{path}.capacity", "must be 0 or more")
    for day, hours in team.service_hours.items():
        if day not in range(1, 8):
            yield Problem(f"{path}.service_hours", f"has day {day}; ISO weekdays are 1 to 7")
        elif not _HOURS.fullmatch(hours) or hours[:5] >= hours[6:]:
            yield Problem(f"{path}.service_hours[{day}]", f"is {hours!r}; write it as 09:00-17:00")
