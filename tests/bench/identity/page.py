"""Writes the table of figures into docs/reference/matching.md, between its markers; the words around them stay."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence

from tests.bench.identity import report
from tests.bench.identity.figures import Figure
from tests.bench.report import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "matching.md"
PICTURE = PAGE.with_suffix(".svg")
BEGIN, END = "<!-- figures: make bench-identity ARGS=--page -->", "<!-- end of figures -->"


def write(figures: Sequence[Figure]) -> None:
    """Puts the figures in the place of those of the last run."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_table(figures)}\n{END}{after}", encoding="utf-8")


def _table(figures: Sequence[Figure]) -> str:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    lines = [
        f"Measured on {today}, {os.cpu_count()} cores shared with other work.",
        "",
        "| figure | ours | Splink 5 | ratio | must | aim | |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for each in figures:
        sign, of = ("≥" if each.at_least else "≤"), ("x" if each.of_ratio else "")
        peer = "" if each.peer is None else report.number(each.peer, each.unit)
        ratio = "" if each.ratio is None else f"{each.ratio:.3g}"
        mark = "" if each.reaches(each.aim) else "aim missed" if each.reaches(each.must) else "**missed**"
        ours = report.number(each.ours, each.unit)
        lines.append(
            f"| {each.name} | {ours} | {peer} | {ratio} | {sign} {each.must:g}{of} | {sign} {each.aim:g}{of} | {mark} |"
        )
    return "\n".join(lines)
