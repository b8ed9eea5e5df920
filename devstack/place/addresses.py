"""Addresses in a county that does not exist.

WH is an area that Royal Mail never made, yet it has the shape of one (the second letter of an area is never I, J or
Z), so every validator takes it and no letter arrives. ZZ99 3VZ is the NHS's own pseudo postcode for no fixed abode.
"""

import dataclasses
import random

NORTH_MOOR = ("WH1", "WH2", "WH3", "WH4", "WH5", "WH6")
SOUTH_HAVEN = ("WH7", "WH8", "WH9", "WH10", "WH11", "WH12")
OUTWARD = NORTH_MOOR + SOUTH_HAVEN
COUNTY = "Westhaven"
NO_FIXED_ABODE = "ZZ99 3VZ"

# Letters that Royal Mail uses in the last two places.
_INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"

_TOWNS = {
    "WH1": "Moorgate", "WH2": "Moorgate", "WH3": "Carrow Bridge", "WH4": "Upper Fellgate", "WH5": "Stanner",
    "WH6": "Thornwick", "WH7": "Port Haven", "WH8": "Port Haven", "WH9": "Saltersby", "WH10": "Ellerquay",
    "WH11": "Winsford Sands", "WH12": "Marram End",
}  # fmt: skip

_STREETS = (
    "Abbotsfield", "Alder", "Ashgrove", "Bakers", "Beacon", "Birchwood", "Brewery", "Cannery", "Castle", "Chapel",
    "Cobden", "Copper", "Coronation", "Dock", "Drovers", "Elm", "Fellside", "Fishergate", "Foundry", "Gladstone",
    "Granary", "Harbour", "Hawthorn", "Heather", "Jubilee", "Kiln", "Larkfield", "Lime Kiln", "Marsh", "Mill",
    "Moorside", "Nelson", "Orchard", "Park", "Priory", "Quarry", "Ropewalk", "Rosebery", "Sandpiper", "School",
    "Shearwater", "Station", "Tannery", "Tern", "Tollgate", "Victoria", "Weavers", "Wharf", "Willow", "Windmill",
)  # fmt: skip
_KINDS = ("Road", "Street", "Close", "Lane", "Terrace", "Avenue", "Crescent", "Court", "Way", "Gardens")


@dataclasses.dataclass(frozen=True)
class Address:
    """Where somebody lives: lines without the postcode, and the postcode with its space."""

    lines: tuple[str, ...]
    postcode: str

    @property
    def outward(self) -> str:
        """The part before the space, which catchments are written in."""
        return self.postcode.split(" ")[0]


def no_fixed_abode() -> Address:
    """The address of somebody who has none."""
    return Address(lines=("No fixed abode",), postcode=NO_FIXED_ABODE)


def draw(stream: random.Random, *, flat: bool = False) -> Address:
    """An address anywhere in the county. Neighbours share a postcode: a street has one."""
    outward = stream.choice(OUTWARD)
    return within(stream, outward, flat=flat)


def within(stream: random.Random, outward: str, *, flat: bool = False) -> Address:
    """An address in one outward postcode."""
    name, kind = stream.randrange(len(_STREETS)), stream.randrange(len(_KINDS))
    number = stream.randint(1, 120)
    # The postcode follows from the street and the part of it, so that people next door have the same one.
    place = (name * len(_KINDS) + kind) * 4 + number // 31
    sector, rest = place % 9 + 1, place // 9
    letters = _INWARD_LETTERS[rest % 20] + _INWARD_LETTERS[(rest // 20) % 20]
    street = f"{number} {_STREETS[name]} {_KINDS[kind]}"
    lines = (f"Flat {stream.randint(1, 24)}", street) if flat else (street,)
    return Address(lines=(*lines, _TOWNS[outward], COUNTY), postcode=f"{outward} {sector}{letters}")
