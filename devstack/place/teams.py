"""The twelve teams that receive referrals and carry out actions."""

import dataclasses
from collections.abc import Iterator, Mapping

from devstack.place import addresses
from devstack.place.seeding import Seeding

_WEEKDAYS = {day: "09:00-17:00" for day in range(1, 6)}
_LONG_DAYS = {day: "08:00-20:00" for day in range(1, 8)}
_ALWAYS = {day: "00:00-24:00" for day in range(1, 8)}


@dataclasses.dataclass(frozen=True)
class Team:
    """One team.

    `catchment` is in outward postcodes, `capacity` in referrals that it can hold open, `service_hours` by ISO weekday
    (a day that is absent is closed), `accepts` in needs that it takes, `service_ids` in identifiers that messages
    address.
    """

    id: str
    key: str
    organisation_id: str
    name: str
    kind: str
    catchment: tuple[str, ...]
    capacity: int
    service_hours: Mapping[int, str]
    accepts: tuple[str, ...]
    service_ids: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Row:
    key: str
    organisation: str
    name: str
    kind: str
    catchment: tuple[str, ...]
    capacity: int
    hours: Mapping[int, str]
    accepts: tuple[str, ...]


_COMPLEX = (
    "complex_needs",
    "high_intensity_use",
    "homelessness",
    "substance_use",
    "debt",
    "domestic_abuse",
    "learning_disability",
)

_ROWS = (
    _Row(
        "complex-north",
        "community",
        "North Moor Complex Needs Team",
        "complex_needs",
        addresses.NORTH_MOOR,
        60,
        _WEEKDAYS,
        _COMPLEX,
    ),
    _Row(
        "complex-south",
        "community",
        "South Haven Complex Needs Team",
        "complex_needs",
        addresses.SOUTH_HAVEN,
        60,
        _WEEKDAYS,
        _COMPLEX,
    ),
    _Row(
        "urgent-response",
        "community",
        "Urgent Community Response",
        "urgent_community_response",
        addresses.OUTWARD,
        40,
        _LONG_DAYS,
        ("fall", "frailty", "urgent_care_at_home"),
    ),
    _Row(
        "virtual-ward",
        "community",
        "Frailty Virtual Ward",
        "virtual_ward",
        addresses.OUTWARD,
        30,
        _LONG_DAYS,
        ("frailty", "step_up"),
    ),
    _Row(
        "emergency",
        "hospital",
        "Emergency Department Liaison",
        "emergency_liaison",
        addresses.OUTWARD,
        80,
        _ALWAYS,
        ("high_intensity_use", "discharge"),
    ),
    _Row(
        "mental-health",
        "mental-health",
        "Community Mental Health Team",
        "mental_health",
        addresses.OUTWARD,
        120,
        _WEEKDAYS,
        ("mental_health", "self_harm"),
    ),
    _Row(
        "social-care-north",
        "council-north",
        "North Moor Adult Social Care",
        "adult_social_care",
        addresses.NORTH_MOOR,
        150,
        _WEEKDAYS,
        ("care_assessment", "safeguarding", "carer_support"),
    ),
    _Row(
        "social-care-south",
        "council-south",
        "South Haven Adult Social Care",
        "adult_social_care",
        addresses.SOUTH_HAVEN,
        150,
        _WEEKDAYS,
        ("care_assessment", "safeguarding", "carer_support"),
    ),
    _Row(
        "housing-options",
        "council-north",
        "Housing Options",
        "housing_options",
        addresses.OUTWARD,
        100,
        _WEEKDAYS,
        ("homelessness", "duty_to_refer"),
    ),
    _Row(
        "tenancy",
        "homes",
        "Tenancy Sustainment Team",
        "tenancy_support",
        addresses.OUTWARD,
        90,
        _WEEKDAYS,
        ("rent_arrears", "repairs", "antisocial_behaviour"),
    ),
    _Row(
        "policing",
        "police",
        "Neighbourhood Policing and Vulnerability Hub",
        "neighbourhood_policing",
        addresses.OUTWARD,
        70,
        _ALWAYS,
        ("antisocial_behaviour", "domestic_abuse", "missing_person"),
    ),
    _Row(
        "outreach",
        "lantern",
        "Lantern Outreach",
        "outreach",
        addresses.OUTWARD,
        45,
        _LONG_DAYS,
        ("homelessness", "substance_use"),
    ),
)


def teams(seeding: Seeding) -> Iterator[Team]:
    """The twelve teams; two of them are the integrated teams (kind complex_needs) that hold cases."""
    for position, row in enumerate(_ROWS):
        yield Team(
            id=seeding.identifier("team", row.key),
            key=row.key,
            organisation_id=seeding.identifier("organisation", row.organisation),
            name=row.name,
            kind=row.kind,
            catchment=row.catchment,
            capacity=row.capacity,
            service_hours=row.hours,
            accepts=row.accepts,
            service_ids=(f"{2_000_072_000 + position}",),
        )
