"""One measure: a figure of ours beside that of a ceiling in the same run, their ratio, and what it should be."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A line of the table. `bound` is what the ratio ours/ceiling should be at least, or at most for a latency."""

    name: str
    ours: float
    ceiling: float
    unit: str
    bound: float
    at_least: bool
    against: str

    @property
    def ratio(self) -> float:
        """Ours over the ceiling."""
        return self.ours / self.ceiling

    @property
    def holds(self) -> bool:
        """Whether the ratio is what it should be."""
        return self.ratio >= self.bound if self.at_least else self.ratio <= self.bound


def percentile(values: Sequence[float], hundredths: int) -> float:
    """The value that so many hundredths of the values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[hundredths - 1]


def latency(
    name: str, ours: Sequence[float], ceiling: Sequence[float], *, p50: float, p99: float, against: str
) -> list[Row]:
    """Two rows for latencies in seconds, shown in milliseconds: the median and the 99th percentile."""
    rows = []
    for hundredths, bound in ((50, p50), (99, p99)):
        mine, theirs = percentile(ours, hundredths) * 1000, percentile(ceiling, hundredths) * 1000
        rows.append(Row(f"{name}, p{hundredths}", mine, theirs, "ms", bound, False, against))
    return rows


def rate(name: str, ours: float, ceiling: float, *, bound: float, against: str) -> Row:
    """A row for events or commands a second."""
    return Row(name, ours, ceiling, "/s", bound, True, against)
