"""Messages for the tests of the door: the synthetic place's own referral, and ways to change it."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

from devstack.place import bars as place_bars
from devstack.place.place import Place
from services.gateway import bars

Tree = dict[str, Any]

_PLACE = Place(people=20, seed=7, until=datetime(2025, 6, 30, tzinfo=UTC))
MESSAGE = place_bars.protagonist_referral(_PLACE)
_BUNDLE: Tree = place_bars.bundle(_PLACE.seeding, MESSAGE)


def bundle() -> Tree:
    """A fresh copy of a sound message, as a tree to change."""
    return copy.deepcopy(_BUNDLE)


def resource(tree: Tree, resource_type: str) -> Any:
    """The first resource of that type in the message."""
    return next(entry["resource"] for entry in tree["entry"] if entry["resource"]["resourceType"] == resource_type)


def place_of(resource_type: str) -> str:
    """The FHIRPath of the first resource of that type in the sound message."""
    types = [entry["resource"]["resourceType"] for entry in _BUNDLE["entry"]]
    return f"Bundle.entry[{types.index(resource_type)}].resource"


def as_json(tree: Any) -> bytes:
    """The tree as sent."""
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")


def as_xml(tree: Tree) -> bytes:
    """The tree as sent in XML."""
    return place_bars.as_xml(tree)


def taken(data: bytes) -> bars.ReferralMessage:
    """The message that the bytes hold, which must be taken in."""
    result = bars.read(data)
    assert isinstance(result, bars.ReferralMessage), result
    return result


def refused(data: bytes) -> bars.Refusal:
    """The refusal of the bytes, which must be refused."""
    result = bars.read(data)
    assert isinstance(result, bars.Refusal)
    return result
