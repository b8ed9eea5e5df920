"""A CSV file that is written as work goes on, from which an interrupted run goes on: a row is in it, or not done."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import click

_BLOCK = 65_536


class Journal:
    """Appends rows; `done` holds the ids, in the first column, of those that were there."""

    def __init__(self, path: Path, columns: Sequence[str], *, resume: bool, lazily: bool = False) -> None:
        """Open the file, mending a torn last line. Made `lazily`, there is no file before there is a row.

        Raises click.UsageError when it exists and is not to be gone on with, or has other columns.
        """
        self.path = path
        self._columns = list(columns)
        self._lines: IO[str] | None = None
        self.count = 0
        there = path.exists() and path.stat().st_size > 0
        if there and not resume:
            raise click.UsageError(f"{path} exists: --resume goes on with it; or name another")
        self.done = frozenset(_ids(path, self._columns)) if there and mend(path) else frozenset()
        if not lazily:
            self._open()

    def __enter__(self) -> Journal:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._lines is not None:
            self._lines.close()

    def write(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows, and hand them to the operating system as one piece."""
        told = list(rows)
        if not told:
            return
        text = io.StringIO(newline="")
        csv.DictWriter(text, self._columns, extrasaction="ignore", lineterminator="\n").writerows(told)
        lines = self._open()
        lines.write(text.getvalue())
        lines.flush()
        self.count += len(told)

    def _open(self) -> IO[str]:
        if self._lines is None:
            empty = not self.path.exists() or not self.path.stat().st_size
            self._lines = self.path.open("a", encoding="utf-8", newline="")
            if empty:
                csv.writer(self._lines, lineterminator="\n").writerow(self._columns)
                self._lines.flush()
        return self._lines


def mend(path: Path) -> bool:
    """Cut off a last line that was not finished, wherever it was torn; answers whether anything is left."""
    with path.open("r+b") as file:
        return file.truncate(_sound_bytes(file)) > 0


def _sound_bytes(file: IO[bytes]) -> int:
    """Up to the end of the last line that is outside of quotes."""
    sound, place, quoted = 0, 0, False
    while block := file.read(_BLOCK):
        for line in block.splitlines(keepends=True):
            quoted ^= line.count(b'"') % 2 == 1
            place += len(line)
            if line.endswith(b"\n") and not quoted:
                sound = place
    return sound


def _ids(path: Path, columns: Sequence[str]) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        found = next(reader, [])
        if found != list(columns):
            raise click.UsageError(f"{path} has the columns {', '.join(found)}, not {', '.join(columns)}")
        yield from (cells[0] for cells in reader if cells)
