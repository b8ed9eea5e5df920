"""Keys under which a person is stored and looked up, so that a trace reads a few records and not the register.

Two records meet when they share any key. Each key needs two or three things to agree, and each thing is missing from
some key, so that no single slip, move or change of name hides a person. Keys are short texts for one indexed column;
they hold personal data in the clear and belong inside identity's database only.
"""

from collections.abc import Iterable

from services.identity.matching import spelling
from services.identity.matching.normalise import Normalised

LOCATED = frozenset({"t", "dp", "pf", "pi", "of"})
"""The kinds of key, before the colon, that hold where somebody is or how they are reached."""


def keys(record: Normalised) -> frozenset[str]:
    """All keys of a record, of one that is stored and of one that is asked about alike."""
    found: set[str] = set()
    if record.number:
        found.add(f"n:{record.number}")
    if record.phone:
        found.add(f"t:{record.phone}")
    _by_birth_date(record, found)
    _by_postcode(record, found)
    _by_names(record, found)
    return frozenset(found)


def located(keys: Iterable[str]) -> frozenset[str]:
    """Those of the keys that find somebody by where they are or how they are reached."""
    return frozenset(key for key in keys if key.partition(":")[0] in LOCATED)


def _sounds(record: Normalised) -> set[str]:
    """Sounds of every family name, of its parts and of the whole."""
    parts = {word for name in record.families for word in name if len(word) > 2}
    return {spelling.sound(word) for word in parts | {"".join(name) for name in record.families}}


def _initials(record: Normalised) -> set[str]:
    return {word[0] for word in record.given[:2]}


def _by_birth_date(record: Normalised, found: set[str]) -> None:
    date = record.birth_date
    if date is None or not date.whole:
        return
    whole = date.digits
    # Day and month in order of size: a swap does not change the key.
    unordered = f"{date.year}{min(date.month, date.day):02d}{max(date.month, date.day):02d}"
    found.update(f"df:{unordered}:{sound}" for sound in _sounds(record))
    # Given and family names together: exchanged names and new family names still meet.
    found.update(f"dg:{whole}:{spelling.sound(word)}" for word in record.given if len(word) > 1)
    found.update(f"dg:{whole}:{sound}" for sound in _sounds(record))
    found.update(f"dp:{whole}:{outward}" for outward, _ in record.postcodes)


def _by_postcode(record: Normalised, found: set[str]) -> None:
    for outward, inward in record.postcodes:
        if not inward:
            continue
        code = f"{outward}{inward}"
        found.update(f"pf:{code}:{sound}" for sound in _sounds(record))
        if record.birth_date is not None:
            found.update(f"pi:{code}:{letter}:{record.birth_date.year}" for letter in _initials(record))
    sounds = _sounds(record)
    for outward, _ in record.postcodes:
        found.update(f"of:{outward}:{sound}:{letter}" for sound in sounds for letter in _initials(record))


def _by_names(record: Normalised, found: set[str]) -> None:
    date = record.birth_date
    if date is None:
        return
    for sound in _sounds(record):
        found.update(f"fy:{sound}:{spelling.sound(word)}:{date.year}" for word in record.given[:2] if len(word) > 1)
        if date.whole:
            found.update(f"fd:{sound}:{letter}:{date.month:02d}{date.day:02d}" for letter in _initials(record))
