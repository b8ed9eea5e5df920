"""Splink 5 on DuckDB asked about one new record at a time, with its register, model and term frequencies in memory.

It answers what we answer: whom it found, what is known of them, and of each field how it was weighed.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

from services.identity import domain
from tests.bench.identity import crowd, loading, peer, peer_register

LEAST_PROBABILITY = 0.01
_COUNTED = ("given_name", "family_name", "postcode", "phone")


class Predicting:
    """A register of a crowd, under the very model whose accuracy is measured (peer_register.DUPLICATES)."""

    def __init__(self, people: int) -> None:
        import duckdb
        from splink import Linker
        from splink.backends.duckdb import DuckDBAPI

        self._places = itertools.count()
        self._api = DuckDBAPI(duckdb.connect())
        rows = (_row(loading.person_id(place), known) for place, known in enumerate(crowd.people(people)))
        self._register = self._api.register(_frame(list(rows)), table_name="register")
        self._linker = Linker(self._register, peer.settings(peer_register.DUPLICATES, explains=True), log_level=None)
        # Nobody stands twice in the crowd, so that how duplicates differ cannot be learnt from it; Splink's own
        # defaults take the same time.
        self._linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for column in _COUNTED:
            self._linker.table_management.compute_tf_table(column)

    def ask(self, stated: domain.Demographics) -> tuple[float, set[str]]:
        """Seconds that one prediction took, and the ids of those whom it finds likely enough."""
        place = next(self._places)
        row = _row(f"q{place}", stated)
        begun = time.perf_counter()
        one = self._api.register(_frame([row]), table_name=f"asked_{place}")
        predicted = self._linker.inference.predict_between(
            self._register, one, threshold_match_probability=LEAST_PROBABILITY, warning_mode="never"
        )
        pairs = predicted.as_record_list()
        seconds = time.perf_counter() - begun
        predicted.drop_table_from_database_and_remove_from_cache()
        return seconds, {str(pair["unique_id_l"]) for pair in pairs} | {str(pair["unique_id_r"]) for pair in pairs}


def _row(unique_id: str, known: domain.Demographics) -> dict[str, Any]:
    row = peer_register.cleaned(
        {
            "nhs_number": known.nhs_number,
            "given_name": known.given[0] if known.given else "",
            "family_name": known.family,
            "prev_family_name": "",
            "birth_date": known.birth_date,
            "postcode": known.postcode,
            "gender": known.gender,
            "phone": known.telephone,
        }
    )
    return {"unique_id": unique_id, **{name: value.lower() or None for name, value in row.items()}}


def _frame(rows: list[dict[str, Any]]) -> Any:
    import pandas  # type: ignore[import-untyped]

    return pandas.DataFrame(rows)
