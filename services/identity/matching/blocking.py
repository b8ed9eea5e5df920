"""Keys under which a person is stored and looked up, so that a trace reads a few records and not the register.

Two records meet when they share any key. Each key needs two or three things to agree, and each thing is missing from
some key, so that no single slip, move or change of name hides a person. Keys are short texts that begin with their
kind; they hold personal data in the clear, and the register stores a hash of each.
"""

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from services.identity.matching import spelling
from services.identity.matching.normalise import Normalised

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "n": "this NHS Number",
        "t": "this telephone number",
        "df": "this date of birth with a family name that sounds like this",
        "dg": "this date of birth with a name that sounds like this",
        "dp": "this date of birth in this postcode area",
        "pf": "this postcode with a family name that sounds like this",
        "pi": "this postcode with this initial and year of birth",
        "of": "this initial and a family name that sounds like this in this postcode area",
        "fy": "names that sound like these with this year of birth",
        "fd": "this initial and a family name that sounds like this with this day and month of birth",
    }
)
"""What the people who share a key have in common, by the kind with which the key begins; names no value."""

MOST_PER_KEY = 200
"""A key that more people share than this says nothing, and is skipped: a trace reads no more of the register."""

MOST_CANDIDATES = 50
"""Whom one trace compares with, those who share most and rarest keys; whoever is beyond shares one broad key."""

CODES: Mapping[str, int] = MappingProxyType({kind: code for code, kind in enumerate(KINDS, start=1)})
"""The last byte of a key as it is stored, by its kind; the numbers are on disk, so that new kinds go to the end."""


def kind(key: str) -> str:
    """The kind of a key, one of KINDS."""
    return key.partition(":")[0]


def hashed(key: str) -> int:
    """A key as it is stored: seven bytes of its SHA-256 and one for its kind, as PostgreSQL reads them into a bigint.

    Two keys that hash alike do no harm: whoever shares one is compared. The hash keeps names out of the table; it does
    not keep a guess from being tried, so that it is personal data still.
    """
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:7] + bytes((CODES[kind(key)],)), signed=True)


EXACT = "dg"
"""The kind of key by which an exact trace by names asks (`exact_key`)."""

LOCATED = frozenset({"t", "dp", "pf", "pi", "of"})
"""The kinds of key that hold where somebody is or how they are reached."""


def keys(record: Normalised) -> frozenset[str]:
    """All keys of a record, of one that is stored and of one that is asked about alike."""
    found: set[str] = set()
    if record.number:
        found.add(f"n:{record.number}")
    if record.phone:
        found.add(f"t:{record.phone}")
    sounds, initials = _sounds(record), _initials(record)
    _by_birth_date(record, sounds, found)
    _by_postcode(record, sounds, initials, found)
    _by_names(record, sounds, initials, found)
    return frozenset(found)


def exact_key(record: Normalised) -> str:
    """The one of the keys that everybody shares whom an exact trace by names finds (`decide.names_trace`).

    Empty where too little is stated for such a trace.
    """
    date = record.birth_date
    if date is None or not date.whole or not (record.given and record.families and (record.postcodes or record.phone)):
        return ""
    return f"{EXACT}:{date.digits}:{spelling.sound(''.join(record.family))}"


def exact_keys(record: Normalised) -> frozenset[str]:
    """Those of a record's keys by which an exact trace may ask (`exact_key`)."""
    found: set[str] = set()
    _by_birth_date(record, _sounds(record), found)
    return frozenset(key for key in found if kind(key) == EXACT)


def located(keys: Iterable[str]) -> frozenset[str]:
    """Those of the keys that find somebody by where they are or how they are reached."""
    return frozenset(key for key in keys if kind(key) in LOCATED)


def _sounds(record: Normalised) -> set[str]:
    """Sounds of every family name, of its parts and of the whole."""
    parts = {word for name in record.families for word in name if len(word) > 2}
    return {spelling.sound(word) for word in parts | {"".join(name) for name in record.families}}


def _initials(record: Normalised) -> set[str]:
    return {word[0] for word in record.given[:2]}


def _by_birth_date(record: Normalised, sounds: set[str], found: set[str]) -> None:
    date = record.birth_date
    if date is None or not date.whole:
        return
    whole = date.digits
    # Day and month in order of size: a swap does not change the key.
    unordered = f"{date.year}{min(date.month, date.day):02d}{max(date.month, date.day):02d}"
    found.update(f"df:{unordered}:{sound}" for sound in sounds)
    # Given and family names together: exchanged names and new family names still meet.
    found.update(f"dg:{whole}:{spelling.sound(word)}" for word in record.given if len(word) > 1)
    found.update(f"dg:{whole}:{sound}" for sound in sounds)
    found.update(f"dp:{whole}:{outward}" for outward, _ in record.postcodes)


def _by_postcode(record: Normalised, sounds: set[str], initials: set[str], found: set[str]) -> None:
    for outward, inward in record.postcodes:
        found.update(f"of:{outward}:{sound}:{letter}" for sound in sounds for letter in initials)
        if inward:
            code = f"{outward}{inward}"
            found.update(f"pf:{code}:{sound}" for sound in sounds)
            if record.birth_date is not None:
                found.update(f"pi:{code}:{letter}:{record.birth_date.year}" for letter in initials)


def _by_names(record: Normalised, sounds: set[str], initials: set[str], found: set[str]) -> None:
    date = record.birth_date
    if date is None:
        return
    for sound in sounds:
        found.update(f"fy:{sound}:{spelling.sound(word)}:{date.year}" for word in record.given[:2] if len(word) > 1)
        if date.whole:
            found.update(f"fd:{sound}:{letter}:{date.month:02d}{date.day:02d}" for letter in initials)
