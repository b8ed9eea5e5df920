"""The matcher on the practice sets with known truth, where they are present: no figure may fall behind its gate."""

import collections
import csv
import os
import pathlib

import pytest

from services.identity.matching import blocking, decide, dedupe, rarity
from services.identity.matching.decide import Outcome, Rules
from services.identity.matching.demographics import Demographics
from services.identity.matching.normalise import Normalised, normalise

_ROOT = pathlib.Path(os.environ.get("JOINEDUP_STANDARDS", pathlib.Path(__file__).parents[3] / "shared" / "data"))
FOLDER = _ROOT / "identity"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"practice data for matching are not at {FOLDER}")

Row = dict[str, str]


def rows(*path: str) -> list[Row]:
    with FOLDER.joinpath(*path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def record(row: Row) -> Normalised:
    return normalise(
        Demographics(
            nhs_number=row["nhs_number"],
            given=f"{row['given_name']} {row.get('middle_name', '')}".strip(),
            family=row["family_name"],
            birth_date=row["birth_date"],
            gender=row["gender"],
            postcode=row["postcode"],
            phone=row["phone"],
            previous_families=(row.get("prev_family_name", ""),),
            previous_postcodes=(row.get("prev_postcode", ""),),
        )
    )


def test_tracing_passes_its_gates() -> None:
    register = {row["person_id"]: record(row) for row in rows("uk_trace", "registry.csv")}
    index: dict[str, list[str]] = collections.defaultdict(list)
    for person_id, known in register.items():
        for key in blocking.keys(known):
            index[key].append(person_id)
    truth = {row["query_id"]: row for row in rows("uk_trace", "truth.csv")}
    rules = Rules(register_size=len(register), names=rarity.counted(register.values()))
    counts: collections.Counter[str] = collections.Counter()
    for row in rows("uk_trace", "queries.csv"):
        asked = record(row)
        met = {person_id for key in blocking.keys(asked) for person_id in index.get(key, ())}
        decision = decide.trace(asked, [(person_id, register[person_id]) for person_id in met], rules)
        counts.update(_score(decision, truth[row["query_id"]]))
    members = sum(bool(row["person_id"]) for row in truth.values())
    precision, recall = counts["right"] / counts["match"], counts["right"] / members
    assert 2 * precision * recall / (precision + recall) >= 0.975
    assert 1 - precision <= 0.005
    assert counts["stranger taken"] <= 0.01 * (len(truth) - members)
    assert counts["found"] >= 0.99 * members
    assert counts["review"] <= 0.08 * len(truth)
    assert counts["twin taken"] <= 2


def _score(decision: decide.Decision, truth: Row) -> list[str]:
    found = [decision.outcome.value]
    if decision.outcome is Outcome.MATCH:
        right = decision.person_id == truth["person_id"]
        found += ["right", "found"] if right else []
        found += ["stranger taken"] if not truth["person_id"] else []
        found += ["twin taken"] if truth["kind"] in {"twin", "household"} else []
    elif decision.outcome is Outcome.REVIEW and truth["person_id"]:
        found += ["found"] if truth["person_id"] in {c.person_id for c in decision.candidates} else []
    return found


def test_finding_duplicates_passes_its_gates() -> None:
    records = {row["record_id"]: record(row) for row in rows("uk_dedupe", "records.csv")}
    truth = {row["record_id"]: row["person_id"] for row in rows("uk_dedupe", "truth.csv")}
    found = dedupe.find(records, dedupe.rules_for(rarity.counted(records.values()), len(records)))
    inside = [collections.Counter(truth[record_id] for record_id in cluster) for cluster in found.clusters]
    right = sum(_pairs(count) for counts in inside for count in counts.values())
    claimed = sum(_pairs(len(cluster)) for cluster in found.clusters)
    true = sum(_pairs(count) for count in collections.Counter(truth.values()).values())
    precision, recall = right / claimed, right / true
    assert precision >= 0.995
    assert 2 * precision * recall / (precision + recall) >= 0.965
    assert 1_000 * sum(len(counts) > 1 for counts in inside) <= len(set(truth.values()))


def _pairs(size: int) -> int:
    return size * (size - 1) // 2
