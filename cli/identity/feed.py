"""Puts the rows of a CSV file to a service: several calls in flight, answers in order, progress, resume and rejects."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis import errors
from cli import exits, output
from cli.identity.journal import Journal
from cli.identity.rows import ROW, Row, Rows

IN_FLIGHT = 4
PROBLEM = "problem"
"""The column that a file of rejected rows has beside those that it came with."""

_ATTEMPTS = 6

Answer = Mapping[str, Any] | errors.Invalid
Ask = Callable[[Sequence[tuple[str, Row]]], Awaitable[Sequence[Answer]]]


@dataclass
class Told:
    """What became of a file: rows answered, rows that an earlier run had done, and rows rejected."""

    answered: int = 0
    before: int = 0
    rejected: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Feed:
    """A file, where its answers go, and how much is asked at once. `key` is the column of the answer to count by."""

    rows: Rows
    answers: Path
    columns: Sequence[str]
    key: str
    batch: int
    in_flight: int = IN_FLIGHT

    @property
    def rejects(self) -> Path:
        """Rejected rows with the reason in a column more: the file can be mended and fed back."""
        return self.rows.path.with_name(f"{self.rows.path.stem}.rejects.csv")

    async def run(self, ask: Ask, *, resume: bool) -> Told:
        """Ask about every row that is in neither file yet. Raises what `ask` does when it goes on failing."""
        # A file that is fed back has these two columns already.
        columns = [name for name in self.rows.columns if name not in (ROW, PROBLEM)]
        with (
            Journal(self.answers, self.columns, resume=resume) as answers,
            Journal(self.rejects, [ROW, *columns, PROBLEM], resume=resume, lazily=True) as rejects,
            output.progress(f"{self.rows.path.name}", self.rows.count()) as advance,
        ):
            told = Told()
            flight: deque[tuple[list[tuple[str, Row]], asyncio.Task[Sequence[Answer]]]] = deque()
            batches = self._batches(told, answers, rejects, advance)
            try:
                while True:
                    for batch in itertools.islice(batches, self.in_flight - len(flight)):
                        flight.append((batch, asyncio.create_task(_patiently(ask, batch))))
                    if not flight:
                        return told
                    batch, task = flight.popleft()
                    self._settle(told, batch, await task, answers, rejects)
                    advance(len(batch))
            finally:
                for _, task in flight:
                    task.cancel()

    def _batches(
        self, told: Told, answers: Journal, rejects: Journal, advance: Callable[[int], None]
    ) -> Iterator[list[tuple[str, Row]]]:
        done = answers.done | rejects.done
        seen: set[str] = set()
        batch: list[tuple[str, Row]] = []
        for row_id, row in self.rows:
            if row_id in done:
                told.before += 1
                advance(1)
            elif row_id in seen:
                self._reject(told, rejects, row_id, row, f"another row has the id {row_id}")
                advance(1)
            else:
                seen.add(row_id)
                batch.append((row_id, row))
            if len(batch) == self.batch:
                yield batch
                batch = []
        if batch:
            yield batch

    def _settle(
        self,
        told: Told,
        batch: Sequence[tuple[str, Row]],
        found: Sequence[Answer],
        answers: Journal,
        rejects: Journal,
    ) -> None:
        good: list[Mapping[str, Any]] = []
        for (row_id, row), answer in zip(batch, found, strict=True):
            if isinstance(answer, errors.Invalid):
                self._reject(told, rejects, row_id, row, str(answer))
                continue
            good.append({self.columns[0]: row_id, **answer})
            outcome = str(answer[self.key])
            told.outcomes[outcome] = told.outcomes.get(outcome, 0) + 1
        answers.write(good)
        told.answered += len(good)

    @staticmethod
    def _reject(told: Told, rejects: Journal, row_id: str, row: Row, problem: str) -> None:
        rejects.write([{**row, ROW: row_id, PROBLEM: problem}])
        told.rejected += 1


async def _patiently(ask: Ask, batch: Sequence[tuple[str, Row]]) -> Sequence[Answer]:
    """Ask again, for half a minute in all, while the service cannot be reached or has too much to do."""
    for attempt in range(_ATTEMPTS):
        try:
            return await ask(batch)
        except errors.Unavailable:
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.5 * 2**attempt)
    raise AssertionError("the last attempt answers or raises")


def finish(feed: Feed, told: Told, *, as_json: bool) -> None:
    """Print the counts, and end with the exit code for refused input where a row was."""
    if as_json:
        rejects = str(feed.rejects) if told.rejected else ""
        output.as_json({**vars(told), "out": str(feed.answers), "rejects": rejects})
    else:
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(told.outcomes.items()))
        before = f"; {told.before:,} were done before" if told.before else ""
        output.say(f"[green]✓[/] {told.answered:,} answered ({counts or 'none'}){before}: {feed.answers}")
        if told.rejected:
            output.say(f"[yellow]![/] {told.rejected:,} rejected; mend {feed.rejects} and feed it back")
    if told.rejected:
        sys.exit(exits.REFUSED)
