"""Draws precision and recall of tracing against the line from which a match is automatic, ours and Splink's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.identity import answers, truth
from tests.bench.identity.peer import Predicted
from tests.bench.identity.practice import Row
from tests.bench.identity.truth import Quality

LINES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)

# What is open because the score is too low would be a match if the line were lower; what is forbidden would not.
_OPEN = frozenset({"two people fit nearly as well", "the evidence is not strong enough"})


def ours(true: Mapping[str, str], decisions: Sequence[Row]) -> list[Quality]:
    """Precision and recall at each line."""
    found = []
    for line in LINES:
        matched = {
            row["query_id"]: ("match", row["candidates"].split("|")[0], ())
            for row in decisions
            if (row["decision"] == "match" or row["explanation"] in _OPEN) and float(row["score"] or 0) >= line
        }
        found.append(truth.tracing(true, matched).automatic)
    return found


def theirs(true: Mapping[str, str], predicted: Predicted, *, of_left: bool) -> list[Quality]:
    """Splink's precision and recall at each line: the likeliest person where it is likely enough."""
    found = []
    for line in LINES:
        best = answers.surest(predicted, answers.weight(line), of_left=of_left)
        matched = {query: ("match", person, ()) for query, person in best.items()}
        found.append(truth.tracing(true, matched).automatic)
    return found


def draw(path: Path, mine: Sequence[Quality], peer: Sequence[Quality], *, match: float) -> None:
    """Draws both into a file; `match` is the line in force."""
    import matplotlib

    matplotlib.use("svg")
    # The same picture for the same figures.
    matplotlib.rcParams.update({"svg.hashsalt": "joinedup", "font.size": 10})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.5, 4.2), layout="constrained")
    places = list(range(len(LINES)))
    for found, name, style in ((mine, "Joinedup", "-"), (peer, "Splink 5", "--")):
        axes.plot(
            places, [each.precision for each in found], f"C0{style}", marker="o", ms=3, label=f"{name}: precision"
        )
        axes.plot(places, [each.recall for each in found], f"C1{style}", marker="s", ms=3, label=f"{name}: recall")
    at = min(places, key=lambda place: abs(LINES[place] - match))
    axes.axvline(at, color="0.6", lw=1)
    axes.text(at, 0.805, " the line in force", color="0.3", va="bottom")
    axes.set_xticks(places, [f"{line:g}" for line in LINES], rotation=60)
    axes.set_xlabel("probability from which a match is automatic")
    axes.set_ylim(0.8, 1.002)
    axes.set_title("uk_trace: precision and recall of automatic matches")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", fontsize=9)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
