"""Rows of features with their truth, made of invented sets in the way in which the matcher meets them."""

import collections
import dataclasses
import random
from collections.abc import Iterator

from services.identity.matching import blocking, features, nicknames, rarity
from services.identity.matching.compare import Comparison, compare, either_way
from services.identity.matching.features import Row
from services.identity.matching.normalise import Normalised, normalise
from services.identity.matching.rarity import Rarity
from services.identity.training.sets import Collection, TraceSet

_ONLINE_REGISTER = 500_000


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A row and whether it is the same person."""

    row: Row
    same: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Sight:
    """What the matcher knows of names when it meets a set."""

    names: Rarity
    register_size: int
    forms: nicknames.Table = nicknames.KNOWN


def sight(register: list[Normalised], chance: random.Random, *, unknown_forms: float) -> Sight:
    """The register's names counted, or in a third of the sets Britain's; some forms of names unknown."""
    forgotten = frozenset(name for name in nicknames.names_with_forms() if chance.random() < unknown_forms)
    forms = nicknames.Table(forgotten)
    if chance.random() < 1 / 3:
        return Sight(rarity.BRITAIN, chance.choice((len(register), _ONLINE_REGISTER)), forms)
    return Sight(rarity.counted(register), len(register), forms)


def index(register: list[Normalised]) -> dict[str, list[int]]:
    """Positions in the register by blocking key."""
    found: dict[str, list[int]] = collections.defaultdict(list)
    for position, record in enumerate(register):
        for key in blocking.keys(record):
            found[key].append(position)
    return found


def near(asked: Normalised, holders: dict[str, list[int]]) -> list[int]:
    """Positions of those who share a key with who is asked about."""
    return sorted({position for key in blocking.keys(asked) for position in holders.get(key, ())})


def of_traces(made: TraceSet, *, seed: int, unknown_forms: float) -> Iterator[Judged]:
    """A row for each candidate of each query."""
    register = [normalise(record) for record in made.register]
    known = sight(register, random.Random(f"{seed} sight"), unknown_forms=unknown_forms)  # noqa: S311 (invented people)
    holders = index(register)
    for query in made.queries:
        asked = normalise(query.asked)
        positions = near(asked, holders)
        compared = [compare(asked, register[position], known.forms) for position in positions]
        rows = features.rows(compared, known.names, register_size=known.register_size)
        for position, row in zip(positions, rows, strict=True):
            yield Judged(row, position == query.person)


def of_collection(made: Collection, *, seed: int, unknown_forms: float) -> Iterator[Judged]:
    """A row for each pair of records that share a key."""
    records = [normalise(record) for record in made.records]
    known = sight(records, random.Random(f"{seed} sight"), unknown_forms=unknown_forms)  # noqa: S311 (invented people)
    for (left, right), found in pairs(records, known):
        row = features.row_in_collection(found, known.names, size=known.register_size)
        yield Judged(row, made.people[left] == made.people[right])


def pairs(records: list[Normalised], known: Sight) -> Iterator[tuple[tuple[int, int], Comparison]]:
    """Each pair of records that share a key, once, in order."""
    holders = index(records)
    for left, record in enumerate(records):
        for right in near(record, holders):
            if right > left:
                yield (left, right), either_way(compare(record, records[right], known.forms))
