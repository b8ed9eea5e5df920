"""One figure of ours beside that of a peer in the same run, what it must be, and what we aim at."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench import measure


@dataclass(frozen=True)
class Figure:
    """A line of the table. `must` and `aim` are bounds of ours, or of its ratio to the peer's if `of_ratio` is set."""

    name: str
    ours: float
    peer: float | None
    must: float
    aim: float
    unit: str = ""
    at_least: bool = True
    of_ratio: bool = False

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's, where both are to be had."""
        return self.ours / self.peer if self.peer else None

    @property
    def judged(self) -> float:
        """What the bounds are for; a ratio without a peer holds nothing."""
        if not self.of_ratio:
            return self.ours
        return self.ratio if self.ratio is not None else (0.0 if self.at_least else float("inf"))

    def reaches(self, bound: float) -> bool:
        """Whether the figure is as good as a bound."""
        return self.judged >= bound if self.at_least else self.judged <= bound


def of_row(row: measure.Row, aim: float) -> Figure:
    """A row of `make bench`, whose one bound is what its ratio must be."""
    return Figure(row.name, row.ours, row.ceiling, row.bound, aim, row.unit, row.at_least, of_ratio=True)
