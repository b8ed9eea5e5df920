"""Linking record sets of other registers on practice sets with known truth: no figure may fall behind its gate."""

from pathlib import Path

import pytest

from services.identity.offline import dedupe, pairs
from tests.bench.identity import practice, truth
from tests.bench.identity.practice import FOLDER

present = pytest.mark.skipif(not practice.present(), reason=f"practice data for matching are not at {FOLDER}")


def linked(directory: Path, left: Path, right: Path) -> list[tuple[str, str]]:
    pairs.run(left, right, directory / "links.csv", review=None, rejects=None)
    return [(row["id_l"], row["id_r"]) for row in practice.rows(directory / "links.csv")]


@present
def test_two_censuses_pass_their_gates(tmp_path: Path) -> None:
    folder = FOLDER / "pp_census"
    true = {(row["id_l"], row["id_r"]) for row in practice.rows(folder / "truth.csv")}
    found = truth.links(true, linked(tmp_path, folder / "a.csv", folder / "b.csv"))
    assert found.precision >= 0.998
    assert found.f1 >= 0.993


@present
def test_records_of_history_pass_their_gates(tmp_path: Path) -> None:
    dedupe.run(FOLDER / "hist_half" / "records.csv", tmp_path / "clusters.csv", review=None, rejects=None)
    clusters = {row["record_id"]: row["cluster_id"] for row in practice.rows(tmp_path / "clusters.csv")}
    found = truth.clusters(practice.truth("hist_half"), clusters)
    assert found.precision >= 0.95
    assert found.f1 >= 0.90


def test_febrl_passes_its_gate(tmp_path: Path) -> None:
    left, right, true = practice.febrl4(tmp_path)
    assert truth.links(true, linked(tmp_path, left, right)).f1 >= 0.993
