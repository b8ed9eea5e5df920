"""A site's own reviewed decisions as rows to learn from: what its people found in pairs that were not sure."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from services.identity.matching import features
from services.identity.matching.compare import Comparison, compare, either_way
from services.identity.matching.demographics import Demographics
from services.identity.matching.normalise import Normalised, normalise
from services.identity.matching.rarity import Rarity
from services.identity.training.rows import Judged

COLUMNS = (
    "nhs_number", "given_name", "middle_name", "family_name", "prev_family_name", "birth_date", "gender", "postcode",
    "prev_postcode", "phone",
)  # fmt: skip
"""Columns of a person; each stands twice in a file, with _l and _r at its end. One that is missing nobody knows."""

_DECISIONS = {"same": True, "different": False}
_OPEN = frozenset({"not sure", "not_sure", ""})


@dataclasses.dataclass(frozen=True, slots=True)
class Reviewed:
    """Two records and whether a human found them to be the same person."""

    left: Normalised
    right: Normalised
    same: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """A line of the file that cannot be learnt from, and why."""

    line: int
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """What a file of reviewed pairs holds; `undecided` counts those of which the human was not sure."""

    pairs: tuple[Reviewed, ...]
    undecided: int
    refused: tuple[Refused, ...]


def read(path: Path) -> File:
    """The pairs of a file; raises ValueError where it has no column for the decision, OSError without a file."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        if "decision" not in (reader.fieldnames or ()):
            raise ValueError("the file has no column `decision`")
        try:
            return _sorted(enumerate(reader, start=2))
        except csv.Error as failure:
            raise ValueError(f"the file is no CSV: {failure}") from None


def _sorted(lines: Iterable[tuple[int, Mapping[str, str | None]]]) -> File:
    pairs: list[Reviewed] = []
    refused: list[Refused] = []
    undecided = 0
    for number, line in lines:
        decision = (line.get("decision") or "").strip().lower()
        left, right = _record(line, "l"), _record(line, "r")
        if decision in _OPEN:
            undecided += 1
        elif decision not in _DECISIONS:
            refused.append(Refused(number, "the decision is not one of same, different and not sure"))
        elif Normalised() in {left, right}:
            refused.append(Refused(number, "nothing is known of one of the two"))
        else:
            pairs.append(Reviewed(left, right, _DECISIONS[decision]))
    return File(tuple(pairs), undecided, tuple(refused))


def _record(line: Mapping[str, str | None], side: str) -> Normalised:
    known = {name: (line.get(f"{name}_{side}") or "").strip() for name in COLUMNS}
    return normalise(
        Demographics(
            nhs_number=known["nhs_number"],
            given=f"{known['given_name']} {known['middle_name']}".strip(),
            family=known["family_name"],
            birth_date=known["birth_date"],
            gender=known["gender"],
            postcode=known["postcode"],
            phone=known["phone"],
            previous_families=(known["prev_family_name"],),
            previous_postcodes=(known["prev_postcode"],),
        )
    )


def rows(pairs: Sequence[Reviewed], names: Rarity, *, register_size: int) -> Iterator[Judged]:
    """Two rows for each pair: as one who asks and the only candidate, and as two records of one collection."""
    for pair in pairs:
        found: Comparison = compare(pair.left, pair.right)
        yield Judged(features.rows([found], names, register_size=register_size)[0], pair.same)
        yield Judged(features.row_in_collection(either_way(found), names, size=register_size), pair.same)
