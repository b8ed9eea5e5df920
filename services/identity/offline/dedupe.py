"""Finds the records of one person in one file: by the register's matcher, or by what the file itself teaches."""

from collections.abc import Sequence
from pathlib import Path

from services.identity import sheets
from services.identity.bulk import people
from services.identity.linkage import columns, sets
from services.identity.matching import dedupe
from services.identity.offline import progress
from services.identity.offline.progress import Summary, Telling
from services.identity.sheets import Sheet

HEADINGS = ("record_id", "cluster_id")
REVIEW_HEADINGS = ("record_id_l", "record_id_r", "score", "reasons")

Pair = tuple[str, str, float, Sequence[str]]


def of_this_register(headings: Sequence[str]) -> bool:
    """Whether records are like those of the register: they have the column of the NHS Number, filled or not."""
    return "nhs_number" in headings


def run(
    records: Path,
    out: Path,
    *,
    review: Path | None,
    rejects: Path | None,
    telling: Telling = progress.silently,
) -> Summary:
    """Writes the cluster of each record, and where asked the pairs that a human should look at, the likeliest first."""
    telling("reading files")
    sheet = _read(records)
    find = _as_register if of_this_register(sheet.headings) else _as_they_teach
    clusters, pairs = find(sheet, telling)
    telling("writing")
    sheets.write(out, HEADINGS, list(zip(sheet.ids, clusters, strict=True)))
    if review is not None:
        told = ([left, right, f"{score:.4f}", "; ".join(why)] for left, right, score, why in pairs)
        sheets.write(review, REVIEW_HEADINGS, told)
    progress.write_rejects(rejects, sheet)
    counts = {
        "records": len(sheet.ids),
        "clusters": len(set(clusters)),
        "review": len(pairs),
        "rejected": len(sheet.rejects),
    }
    return Summary(counts, progress.notices((records, sheet)))


def _read(path: Path) -> Sheet:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        headings = [heading.strip() for heading in lines.readline().split(",")]
    if of_this_register(headings):
        return sheets.read(path, ids=columns.IDS, known=people.FIELDS.__contains__, check=sheets.registered)
    return sheets.read(path, ids=columns.IDS, known=columns.known, check=sheets.anything)


def _as_register(sheet: Sheet, telling: Telling) -> tuple[Sequence[str], Sequence[Pair]]:
    if not sheet.ids:
        return (), ()
    telling("making comparable")
    known = people.read(sheet.columns, len(sheet.ids), {}, 0)
    records = {record_id: known.normalised(at) for at, record_id in enumerate(sheet.ids)}
    telling("joining")
    found = dedupe.find(records, dedupe.rules_for(people.names(known), len(records)))
    cluster = {record_id: ids[0] for ids in found.clusters for record_id in ids}
    pairs = [(pair.left, pair.right, pair.score, pair.comparison.reasons) for pair in found.review]
    return [cluster[record_id] for record_id in sheet.ids], pairs


def _as_they_teach(sheet: Sheet, telling: Telling) -> tuple[Sequence[str], Sequence[Pair]]:
    found = sets.dedupe(sheet.rows(), telling)
    first: dict[int, str] = {}
    names = [first.setdefault(cluster, sheet.ids[at]) for at, cluster in enumerate(found.clusters)]
    pairs = [(sheet.ids[pair.left], sheet.ids[pair.right], pair.score, pair.reasons) for pair in found.review]
    return names, pairs
