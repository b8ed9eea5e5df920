"""Queries a second of bulk tracing, with reasons, beside Splink predicting the same pairs of files without them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from services.identity import sheets
from services.identity.bulk import people, trace
from services.identity.offline import link
from tests.bench.identity import peer, peer_register, practice
from tests.bench.identity.figures import Figure
from tests.bench.identity.practice import TODAY


def figures(folder: Path, queries: int, directory: Path) -> Iterator[Figure]:
    """Rates on a register and who asks, laid out as uk_trace."""
    register, asked = (
        [peer_register.cleaned({**row, "unique_id": row[key]}) for row in practice.rows(folder / name)]
        for name, key in (("registry.csv", "person_id"), ("queries.csv", "query_id"))
    )
    # In turn, and the better of two for each: the machine is not ours alone.
    predictions = [peer.predict(peer_register.TRACING, register, asked) for _ in range(2)]
    predicted = min(predictions, key=lambda each: each.predicting)
    deciding = min(_deciding(folder) for _ in range(2))
    yield Figure(
        "bulk: queries a second with reasons, register prepared; Splink predicting, model trained",
        queries / deciding, queries / predicted.predicting, 0.3, 1.0, "/s", of_ratio=True,
    )  # fmt: skip
    begun = time.perf_counter()
    link.run(
        folder / "registry.csv",
        folder / "queries.csv",
        directory / "rate.csv",
        rejects=None,
        today=TODAY,
    )
    whole = time.perf_counter() - begun
    yield Figure(
        "bulk: queries a second from file to file; Splink from rows to pairs, training included",
        queries / whole, queries / predicted.whole, 0.3, 1.0, "/s", of_ratio=True,
    )  # fmt: skip


def _deciding(folder: Path) -> float:
    """Seconds from the columns of queries in memory to decisions and the reasons of all candidates."""
    known, asked = (
        sheets.read(folder / name, ids=(key,), known=people.FIELDS.__contains__, check=sheets.asked)
        for name, key in (("registry.csv", "person_id"), ("queries.csv", "query_id"))
    )
    register = trace.prepare(known.columns, known.ids)
    begun = time.perf_counter()
    traced = trace.trace(register, asked.columns, len(asked.ids))
    told = sum(len(shown.levels.reasons) for decided in traced.decided for shown in decided.candidates)
    seconds = time.perf_counter() - begun
    assert told
    return seconds
