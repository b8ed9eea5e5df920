"""Who stated something of a person, in words: what the register calls a source is an id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from services.portal.directory import Names

ANOTHER = "Another system's record"
_MARK = re.compile("[/:]")
# By the word that a source begins with: what it is where the organisation has a name, and where it has none.
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bars": ("A referral from {}", "A referral"),
        "load": ("A file from {}", "A file of people"),
        "practitioner": ("Somebody at {}", "A member of staff"),
    }
)
# Those that are no organisation of the directory.
_OURS: Mapping[str, str] = MappingProxyType({"pds": "The Personal Demographics Service", "service": "Joinedup"})


def words(source: str, organisation_id: str, names: Names) -> str:
    """ "A referral from North Moor Housing"; never an id.

    Whoever states something names the source as they like, but signs for their organisation: a statement that has one
    is told as its word, whatever the source pretends to be.
    """
    kind = _MARK.split(source, maxsplit=1)[0]
    if not organisation_id and kind in _OURS:
        return _OURS[kind]
    told, untold = _WORDS.get(kind, ("A record of {}", ANOTHER))
    organisation = names.organisation(organisation_id)
    return told.format(organisation) if organisation else untold
