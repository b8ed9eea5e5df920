"""Links two files in each of which a person stands at most once, one record to one."""

from collections.abc import Sequence
from pathlib import Path

from services.identity import sheets
from services.identity.linkage import columns, sets
from services.identity.offline import progress
from services.identity.offline.progress import Summary, Telling
from services.identity.sheets import Sheet

HEADINGS = ("id_l", "id_r", "score", "reasons")


def run(
    left: Path,
    right: Path,
    out: Path,
    *,
    review: Path | None,
    rejects: Path | None,
    telling: Telling = progress.silently,
) -> Summary:
    """Writes the links, and where asked the pairs that a human should look at, both with the likeliest first."""
    telling("reading files")
    one, other = (
        sheets.read(path, ids=columns.IDS, known=columns.known, check=sheets.anything) for path in (left, right)
    )
    found = sets.pairs(one.rows(), other.rows(), telling)
    telling("writing")
    sheets.write(out, HEADINGS, _told(found.links, one, other))
    if review is not None:
        sheets.write(review, HEADINGS, _told(found.review, one, other))
    progress.write_rejects(rejects, one, other)
    counts = {
        "left": len(one.ids),
        "right": len(other.ids),
        "links": len(found.links),
        "review": len(found.review),
        "rejected": len(progress.rejected(one, other)),
    }
    return Summary(counts, progress.notices((left, one), (right, other)))


def _told(pairs: Sequence[sets.Pair], one: Sheet, other: Sheet) -> Sequence[Sequence[object]]:
    return [(one.ids[pair.left], other.ids[pair.right], f"{pair.score:.4f}", "; ".join(pair.reasons)) for pair in pairs]
