"""Splink 5 on DuckDB asked about one new record at a time, with its register and its model in memory."""

from __future__ import annotations

import statistics
import time
from typing import Any

from services.identity import domain
from tests.bench.identity import crowd, loading


def timed(people: int, asked: list[tuple[str, domain.Demographics]]) -> float:
    """The median milliseconds of predicting one record against a register of so many people."""
    import duckdb
    import splink.comparison_library as cl
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    api = DuckDBAPI(duckdb.connect())
    register = api.register(_frame(_rows(people)), table_name="register")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=[
            cl.ForenameSurnameComparison("given", "family"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.PostcodeComparison("postcode"),
            cl.ExactMatch("phone"),
            cl.ExactMatch("gender"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("family", "birth_date"),
            block_on("given", "birth_date"),
            block_on("postcode", "birth_date"),
            block_on("family", "given", "postcode"),
            block_on("phone"),
        ],
        retain_matching_columns=False,
    )
    linker = Linker(register, settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match([block_on("phone", "birth_date")], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    # Nobody stands twice in the crowd, so that how duplicates differ cannot be learnt from it; Splink's own defaults
    # take the same time.
    for column in ("given", "family"):
        linker.table_management.compute_tf_table(column)
    found = []
    for place, (_, stated) in enumerate(asked):
        begun = time.perf_counter()
        one = api.register(_frame([_row(f"q{place}", stated)]), table_name=f"asked_{place}")
        predicted = linker.inference.predict_between(
            register, one, threshold_match_probability=0.01, warning_mode="never"
        )
        predicted.as_record_list()
        found.append((time.perf_counter() - begun) * 1000)
    return statistics.median(found[5:])


def _rows(people: int) -> list[dict[str, Any]]:
    return [_row(loading.person_id(place), known) for place, known in enumerate(crowd.people(people))]


def _row(unique_id: str, known: domain.Demographics) -> dict[str, Any]:
    return {
        "unique_id": unique_id,
        "given": known.given[0].lower() if known.given else None,
        "family": known.family.lower() or None,
        "birth_date": known.birth_date if len(known.birth_date) == 10 else None,
        "postcode": known.postcode.upper() or None,
        "phone": "".join(filter(str.isdigit, known.telephone)) or None,
        "gender": known.gender or None,
    }


def _frame(rows: list[dict[str, Any]]) -> Any:
    import pandas  # type: ignore[import-untyped]

    return pandas.DataFrame(rows)
