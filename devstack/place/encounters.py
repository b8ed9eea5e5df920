"""Half a year of contacts with A&E, ambulance, police, GP and housing: most people few, a few dozen very many."""

import dataclasses
import datetime
import enum
import math
import random
from collections.abc import Iterator, Mapping

from devstack.place import addresses, protagonist
from devstack.place.organisations import Organisation
from devstack.place.people import Person
from devstack.place.seeding import Seeding

HALF_YEAR = datetime.timedelta(days=182)
_MOST_CONTACTS = 90


class EncounterClass(enum.StrEnum):
    """Kind of contact; the names of the wire's EncounterClass in small letters."""

    EMERGENCY = "emergency"
    AMBULANCE = "ambulance"
    POLICE = "police"
    PRIMARY_CARE = "primary_care"
    HOUSING = "housing"


CRISIS = frozenset({EncounterClass.EMERGENCY, EncounterClass.AMBULANCE, EncounterClass.POLICE})
"""What counts as a crisis contact."""


@dataclasses.dataclass(frozen=True)
class Encounter:
    """One contact of a person with an organisation. `at` is an aware UTC time in whole minutes."""

    id: str
    person: str
    nhs_number: str
    birth_date: datetime.date
    encounter_class: EncounterClass
    organisation_id: str
    at: datetime.datetime


def encounters(
    seeding: Seeding, person: Person, organisations: Mapping[str, Organisation], until: datetime.datetime
) -> list[Encounter]:
    """The contacts of one person in the half year before `until`, oldest first."""
    if person.number == 0:
        times = sorted((_protagonist_time(row, until), EncounterClass(row[2])) for row in protagonist.HISTORY)
    else:
        times = sorted(_draw(seeding.stream("encounters", person.number), person, until))
    return [
        Encounter(
            id=seeding.identifier("encounter", f"{person.number}/{ordinal}"),
            person=person.id,
            nhs_number=person.nhs_number,
            birth_date=person.birth_date,
            encounter_class=kind,
            organisation_id=organisations[_organisation(kind, person.address)].id,
            at=at,
        )
        for ordinal, (at, kind) in enumerate(times)
    ]


def _protagonist_time(row: tuple[int, int, str], until: datetime.datetime) -> datetime.datetime:
    days, hour, _ = row
    return until.replace(hour=hour, minute=days % 60, second=0, microsecond=0) - datetime.timedelta(days=days)


def _draw(
    stream: random.Random, person: Person, until: datetime.datetime
) -> Iterator[tuple[datetime.datetime, EncounterClass]]:
    # A lognormal load makes the tail: the median person has next to none, one in sixty has dozens of crises.
    load = math.exp(stream.gauss(-2.6, 1.75)) * _burden(person)
    rates = (
        (EncounterClass.EMERGENCY, load),
        (EncounterClass.POLICE, load * 0.25 if person.age >= 12 else 0.0),
        (EncounterClass.HOUSING, load * 0.3 + 0.02 if person.relation == "head" else 0.0),
        (EncounterClass.PRIMARY_CARE, min(load, 2.0) + 0.9 + (0.8 if person.age > 70 else 0.0)),
    )
    for kind, rate in rates:
        for _ in range(_poisson(stream, rate)):
            at = _time(stream, kind, until)
            yield at, kind
            if kind is EncounterClass.EMERGENCY and stream.random() < 0.3:
                yield at - datetime.timedelta(minutes=stream.randint(25, 120)), EncounterClass.AMBULANCE


def _burden(person: Person) -> float:
    if person.postcode == addresses.NO_FIXED_ABODE:
        return 5.0
    if person.relation == "resident":
        return 3.0
    return 1.6 if person.age > 75 else 1.0


def _poisson(stream: random.Random, rate: float) -> int:
    """Number of events at a mean rate (Knuth's method), never more than a person could have."""
    limit, count, product = math.exp(-min(rate, 60.0)), 0, stream.random()
    while product > limit and count < _MOST_CONTACTS:
        count += 1
        product *= stream.random()
    return count


def _time(stream: random.Random, kind: EncounterClass, until: datetime.datetime) -> datetime.datetime:
    day = (until - datetime.timedelta(days=stream.randint(1, HALF_YEAR.days))).replace(second=0, microsecond=0)
    office = kind in {EncounterClass.PRIMARY_CARE, EncounterClass.HOUSING}
    if office and day.weekday() >= 5:
        day -= datetime.timedelta(days=2 if day > until - HALF_YEAR + datetime.timedelta(days=2) else -2)
    hour = stream.randint(8, 16) if office else int(stream.triangular(3, 27, 20)) % 24
    return day.replace(hour=hour, minute=stream.randrange(60))


def _organisation(kind: EncounterClass, address: addresses.Address) -> str:
    if kind is EncounterClass.EMERGENCY:
        return "hospital"
    if kind is EncounterClass.AMBULANCE:
        return "ambulance"
    if kind is EncounterClass.POLICE:
        return "police"
    if kind is EncounterClass.HOUSING:
        return "homes"
    return surgery(address.outward)


def surgery(outward: str) -> str:
    """Key of the practice with which people of this outward postcode are registered."""
    if outward in addresses.NORTH_MOOR[:3]:
        return "surgery-moorgate"
    if outward in addresses.NORTH_MOOR:
        return "surgery-fells"
    return "surgery-harbour" if outward in addresses.SOUTH_HAVEN[:3] else "surgery-sands"
