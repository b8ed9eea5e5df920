"""Shows the figures as a table and writes build/bench-identity.json."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.identity.figures import Figure
from tests.bench.report import CHECKOUT


def show(figures: Sequence[Figure]) -> None:
    """Print the table."""
    table = Table("figure", "ours", "Splink 5", "ratio", "must", "aim", "reached")
    for each in figures:
        sign = ">=" if each.at_least else "<="
        of = " x" if each.of_ratio else ""
        table.add_row(
            each.name,
            number(each.ours, each.unit),
            "-" if each.peer is None else number(each.peer, each.unit),
            "-" if each.ratio is None else f"{each.ratio:.3g}",
            f"{sign} {each.must:g}{of}",
            f"{sign} {each.aim:g}{of}",
            reached(each),
        )
    Console(width=150).print(table)


def reached(figure: Figure) -> str:
    """Whether the figure reaches what we aim at, what it must be, or neither."""
    if figure.reaches(figure.aim):
        return "[green]aim"
    return "[yellow]must" if figure.reaches(figure.must) else "[red]missed"


def number(value: float, unit: str) -> str:
    """A figure as it is read: shares with four digits, the rest with few."""
    return f"{value:.4f}" if not unit else f"{value:,.1f} {unit}"


def write(figures: Sequence[Figure], seconds: float) -> Path:
    """Write build/bench-identity.json."""
    path = CHECKOUT / "build" / "bench-identity.json"
    path.parent.mkdir(exist_ok=True)
    found = [
        {
            **vars(each),
            "ratio": each.ratio,
            "reaches_must": each.reaches(each.must),
            "reaches_aim": each.reaches(each.aim),
        }
        for each in figures
    ]
    at = datetime.datetime.now(datetime.UTC).isoformat()
    told = {"at": at, "cores": os.cpu_count(), "seconds": round(seconds), "figures": found}
    path.write_text(json.dumps(told, indent=2) + "\n")
    return path
