"""The organisations of the county: a tree of areas, and the agencies that work in them."""

import dataclasses
import enum
from collections.abc import Iterator

from devstack.place import addresses
from devstack.place.seeding import Seeding


class Sector(enum.StrEnum):
    """Sector of an organisation, as sharing agreements name it."""

    NHS = "nhs"
    COUNCIL = "council"
    POLICE = "police"
    HOUSING = "housing"
    CHARITY = "charity"


@dataclasses.dataclass(frozen=True)
class Organisation:
    """One organisation. `level` is neighbourhood, place or system for an area, else empty.

    ODS codes have the right shape (NHS Data Dictionary: ORGANISATION CODE) and are invented; only NHS bodies,
    councils and the police have one. Mail domains end in `.example` (RFC 2606), so that no message can leave.
    """

    id: str
    key: str
    ods_code: str
    name: str
    sector: Sector
    level: str
    parent_id: str
    email_domain: str
    # Outward postcodes of an area; empty for an organisation that is none.
    covers: tuple[str, ...] = ()

    @property
    def secure_email(self) -> str:
        """Mailbox to which the organisation has its notifications sent."""
        return f"joinedup@{self.email_domain}"


# key, ODS code, name, sector, level, key of the parent, mail domain
_ROWS = (
    ("system", "ZWH", "Westhaven Integrated Care System", "nhs", "system", "", "ics.westhaven.example"),
    ("north-moor", "ZW1", "North Moor Place Partnership", "nhs", "place", "system", "northmoor-place.example"),
    ("south-haven", "ZW2", "South Haven Place Partnership", "nhs", "place", "system", "southhaven-place.example"),
    ("moorgate", "ZW101", "Moorgate Neighbourhood", "nhs", "neighbourhood", "north-moor", "moorgate-pcn.example"),
    ("fells", "ZW102", "Fells and Villages Neighbourhood", "nhs", "neighbourhood", "north-moor", "fells-pcn.example"),
    ("port-haven", "ZW201", "Port Haven Neighbourhood", "nhs", "neighbourhood", "south-haven", "porthaven-pcn.example"),
    ("sands", "ZW202", "Sands and Quays Neighbourhood", "nhs", "neighbourhood", "south-haven", "sands-pcn.example"),
    ("hospital", "ZWA", "Westhaven University Hospitals NHS Trust", "nhs", "", "system", "wuh.nhs.example"),
    ("community", "ZWC", "Westhaven Community Health NHS Trust", "nhs", "", "system", "wch.nhs.example"),
    ("mental-health", "ZWM", "Moor and Coast Mental Health NHS Trust", "nhs", "", "system", "moorcoast.nhs.example"),
    ("ambulance", "ZWB", "Western Shires Ambulance Service NHS Trust", "nhs", "", "system", "wsas.nhs.example"),
    ("surgery-moorgate", "Z81001", "Moorgate Health Centre", "nhs", "", "moorgate", "moorgate-hc.nhs.example"),
    ("surgery-fells", "Z81002", "Fellgate Surgery", "nhs", "", "fells", "fellgate.nhs.example"),
    ("surgery-harbour", "Z81003", "Harbour Medical Practice", "nhs", "", "port-haven", "harbourmp.nhs.example"),
    ("surgery-sands", "Z81004", "Winsford Sands Surgery", "nhs", "", "sands", "sands.nhs.example"),
    ("council-north", "Z901", "North Moor Council", "council", "", "north-moor", "northmoor.gov.example"),
    ("council-south", "Z902", "South Haven Borough Council", "council", "", "south-haven", "southhaven.gov.example"),
    ("police", "ZPW", "Westhaven Police", "police", "", "system", "westhaven.police.example"),
    ("homes", "", "Moor and Haven Homes", "housing", "", "system", "moorhavenhomes.example"),
    ("quayside", "", "Quayside Supported Housing", "housing", "", "south-haven", "quayside-housing.example"),
    ("lantern", "", "Lantern Street Outreach", "charity", "", "system", "lantern.example"),
    ("safe-harbour", "", "Safe Harbour Domestic Abuse Service", "charity", "", "system", "safeharbour.example"),
    ("even-keel", "", "Even Keel Debt and Benefits Advice", "charity", "", "north-moor", "evenkeel.example"),
    ("carers", "", "Westhaven Carers' Circle", "charity", "", "system", "carerscircle.example"),
)

_COVERS = {
    "system": addresses.OUTWARD,
    "north-moor": addresses.NORTH_MOOR,
    "south-haven": addresses.SOUTH_HAVEN,
    "moorgate": addresses.NORTH_MOOR[:3],
    "fells": addresses.NORTH_MOOR[3:],
    "port-haven": addresses.SOUTH_HAVEN[:3],
    "sands": addresses.SOUTH_HAVEN[3:],
}


def organisations(seeding: Seeding) -> Iterator[Organisation]:
    """Every organisation, each after its parent."""
    for key, ods_code, name, sector, level, parent, domain in _ROWS:
        yield Organisation(
            id=seeding.identifier("organisation", key),
            key=key,
            ods_code=ods_code,
            name=name,
            sector=Sector(sector),
            level=level,
            parent_id=seeding.identifier("organisation", parent) if parent else "",
            email_domain=domain,
            covers=_COVERS.get(key, ()),
        )
