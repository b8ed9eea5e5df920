"""What a piece of work tells while it runs, and when it is done."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.identity import sheets
from services.identity.sheets import Reject, Sheet

Telling = Callable[[str], None]
"""Told the name of each step as it begins."""


def silently(_: str) -> None:
    """Tells nobody."""


@dataclasses.dataclass(frozen=True)
class Summary:
    """Counts of what was read and found, and notices for whoever started it; nothing in it is about a person."""

    counts: Mapping[str, int]
    notices: Sequence[str]


def notices(*files: tuple[Path, Sheet]) -> list[str]:
    """What was left out of files, in a line each."""
    found = []
    for path, sheet in files:
        if sheet.unknown:
            found.append(f"{path.name}: columns that are not known were ignored: {', '.join(sheet.unknown)}")
        if sheet.rejects:
            first = sheet.rejects[0]
            told = f"{path.name}: rows rejected: {len(sheet.rejects)}; the first is line {first.line}: {first.reason}"
            found.append(told)
    return found


def write_rejects(path: Path | None, *files: Sheet) -> None:
    """Writes the rejected rows of a file, where there is somewhere to write to; an empty one tells of none.

    Those of two files go into two, numbered, or they could not be fed back.
    """
    if path is None:
        return
    for number, each in enumerate(files, start=1):
        named = path if len(files) == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        sheets.write_rejects(named, each.headings, each.rejects)


def rejected(*files: Sheet) -> Sequence[Reject]:
    """All rejected rows."""
    return [reject for each in files for reject in each.rejects]
