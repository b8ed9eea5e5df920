"""The words in which a decision is told to people, and the names by which agreements call the codes on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.auth import Sector
from joinedup.common.v1 import common_pb2
from joinedup.options.v1 import options_pb2

SECTOR_CODES: Mapping[Sector, int] = {
    Sector.NONE: common_pb2.SECTOR_UNSPECIFIED,
    Sector.NHS: common_pb2.SECTOR_NHS,
    Sector.COUNCIL: common_pb2.SECTOR_COUNCIL,
    Sector.POLICE: common_pb2.SECTOR_POLICE,
    Sector.HOUSING: common_pb2.SECTOR_HOUSING,
    Sector.CHARITY: common_pb2.SECTOR_CHARITY,
}

SECTORS: Mapping[int, str] = {
    common_pb2.SECTOR_UNSPECIFIED: "an organisation of no known sector",
    common_pb2.SECTOR_NHS: "the NHS",
    common_pb2.SECTOR_COUNCIL: "the council",
    common_pb2.SECTOR_POLICE: "the police",
    common_pb2.SECTOR_HOUSING: "housing",
    common_pb2.SECTOR_CHARITY: "charities",
}

CLASSES: Mapping[int, str] = {
    options_pb2.DATA_CLASS_UNSPECIFIED: "information of no known class",
    options_pb2.DATA_CLASS_IDENTIFYING: "identifying information",
    options_pb2.DATA_CLASS_CONTACT: "contact details",
    options_pb2.DATA_CLASS_HEALTH: "health information",
    options_pb2.DATA_CLASS_SOCIAL_CARE: "social care information",
    options_pb2.DATA_CLASS_POLICE: "police information",
    options_pb2.DATA_CLASS_HOUSING: "housing information",
    options_pb2.DATA_CLASS_FINANCE: "financial information",
    options_pb2.DATA_CLASS_SAFEGUARDING: "safeguarding information",
    options_pb2.DATA_CLASS_VOICE: "the person's own words",
}

PURPOSES: Mapping[str, str] = {
    "direct_care": "direct care",
    "safeguarding": "safeguarding",
    "administration": "administration",
    "audit": "audit",
    "data_quality": "keeping the register right",
}


def no_relationship() -> str:
    """The caller has no part in this person's care."""
    return "Your organisation has no current part in this person's support"


def no_subject() -> str:
    """Nobody can be asked about whom the record is."""
    return "It is not known yet whom this is about"


def no_agreement(sector: int, data_class: int, purpose: str, *, elsewhere: bool) -> str:
    """No rule releases the class to the sector; `elsewhere`: one does, for another relationship or purpose."""
    sentence = f"No sharing agreement lets {SECTORS[sector]} see {CLASSES[data_class]}"
    return f"{sentence} in this role for {PURPOSES.get(purpose, 'this purpose')}" if elsewhere else sentence


def no_internal_rule(data_class: int) -> str:
    """No agreement covers processing by Joinedup's own services."""
    return f"No sharing agreement lets Joinedup's own services handle {CLASSES[data_class]}"


def refused(sector: int) -> str:
    """The person said no to the sector."""
    return f"The person has refused sharing with {SECTORS[sector]}"


def restricted() -> str:
    """The person's whereabouts are protected (PDS security code R)."""
    return "This person's whereabouts are protected"
