"""What of a place has been loaded into a stack: a file in its folder, so that a second run loads nothing twice."""

from __future__ import annotations

import datetime
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = "place.json"


class OtherPlaceError(ValueError):
    """The stack holds another place already."""


@dataclass
class Record:
    """A place in a stack: `until` ends its half year of contacts; `people` maps its ids of people to identity's.

    The contacts of the first `with_encounters` people are loaded; `doubts` are those who were registered again.
    """

    seed: int
    until: str
    people: dict[str, str] = field(default_factory=dict)
    with_encounters: int = 0
    doubts: list[str] = field(default_factory=list)

    @property
    def until_time(self) -> datetime.datetime:
        """The end of the half year as an aware UTC time."""
        return datetime.datetime.fromisoformat(self.until)

    def save(self, root: Path) -> None:
        """Replace the file in one step, so that an interrupted run leaves the one before."""
        file = root / FILE
        unfinished = file.with_suffix(".new")
        unfinished.write_text(json.dumps(asdict(self), indent=0) + "\n", encoding="utf-8")
        unfinished.replace(file)


def read(root: Path) -> Record | None:
    """The record of the place in a stack, None when there is no place in it."""
    try:
        return Record(**json.loads((root / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def opened(root: Path, *, seed: int, now: datetime.datetime) -> Record:
    """The record to go on with; a new one ends at the last midnight (UTC). Raises OtherPlaceError for another seed."""
    known = read(root)
    if known is None:
        midnight = now.astimezone(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return Record(seed=seed, until=midnight.isoformat())
    if known.seed != seed:
        raise OtherPlaceError(
            f"the place of seed {known.seed} is loaded here already; `joinedup stack down` and "
            f"`python -m devstack clean` make room for another"
        )
    return known
