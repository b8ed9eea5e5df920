"""Shows the measures: a table, build/bench.json, and docs/reference/performance.md when asked to."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.measure import Row

CHECKOUT = Path(__file__).resolve().parents[2]


def show(rows: Sequence[Row]) -> None:
    """Print the table."""
    table = Table("measure", "ours", "ceiling", "unit", "ratio", "should be", "against")
    for row in rows:
        mark = "[green]" if row.holds else "[red]"
        sign = ">=" if row.at_least else "<="
        table.add_row(
            row.name,
            f"{row.ours:,.1f}",
            f"{row.ceiling:,.1f}",
            row.unit,
            f"{mark}{row.ratio:.2f}",
            f"{sign} {row.bound:g}",
            row.against,
        )
    Console().print(table)


def write(rows: Sequence[Row]) -> Path:
    """Write build/bench.json."""
    path = CHECKOUT / "build" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    found = [{**vars(row), "ratio": row.ratio, "holds": row.holds} for row in rows]
    told = {"at": datetime.datetime.now(datetime.UTC).isoformat(), "cores": os.cpu_count(), "rows": found}
    path.write_text(json.dumps(told, indent=2) + "\n")
    return path


def page(rows: Sequence[Row]) -> str:
    """The page docs/reference/performance.md."""
    lines = [
        "# Performance",
        "",
        "Written by `make bench ARGS=--page`. Each figure stands beside a ceiling that was measured in the same run,",
        "since machines differ and drift; the ratio is what counts. All parts ran on one machine,",
        f"{os.cpu_count()} cores, {datetime.datetime.now(datetime.UTC).date().isoformat()}.",
        "",
        "| measure | ours | ceiling | ratio | should be | ceiling is |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        sign = "at least" if row.at_least else "at most"
        ours, ceiling = f"{row.ours:,.1f} {row.unit}", f"{row.ceiling:,.1f} {row.unit}"
        mark = "" if row.holds else " (missed)"
        lines.append(
            f"| {row.name} | {ours} | {ceiling} | {row.ratio:.2f}{mark} | {sign} {row.bound:g} | {row.against} |"
        )
    return "\n".join(lines) + "\n"
