"""Splink 5 on DuckDB as its documentation says: clean columns, term frequencies, trained by EM, many blocking rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tests.bench.identity.practice import Row

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """What Splink is told of a kind of data."""

    link_type: Literal["link_only", "dedupe_only"]
    columns: Sequence[str]
    comparisons: Callable[[], list[Any]]
    blocking: Sequence[tuple[str, ...]]
    training: Sequence[tuple[str, ...]]
    sure: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Predicted:
    """Pairs of ids with the weight of each, base 2; how long predicting took, and all from the rows on, in seconds."""

    left: Sequence[str]
    right: Sequence[str]
    weight: Floats
    predicting: float
    whole: float


def settings(model: Model, *, explains: bool = False) -> Any:
    """Splink's settings of a model; one that `explains` tells of each field what it had and how much that weighed."""
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type=model.link_type,
        unique_id_column_name="unique_id",
        comparisons=model.comparisons(),
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in model.blocking],
        retain_matching_columns=explains,
        retain_intermediate_calculation_columns=explains,
    )


def predict(model: Model, *tables: Sequence[Row]) -> Predicted:
    """Trains a model on the rows and predicts on them."""
    import duckdb
    import pandas  # type: ignore[import-untyped]
    from splink import Linker, block_on
    from splink.backends.duckdb import DuckDBAPI

    begun = time.perf_counter()
    api = DuckDBAPI(duckdb.connect())
    frames = [pandas.DataFrame(_lower(model.columns, rows)) for rows in tables]
    registered = [api.register(frame, table_name=f"t{number}") for number, frame in enumerate(frames)]
    linker = Linker(registered, settings(model), log_level=None)
    linker.training.estimate_probability_two_random_records_match(
        [block_on(*columns) for columns in model.sure], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for columns in model.training:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns), record_sample_proportion=1.0
        )
    training = time.perf_counter()
    predicted = linker.inference.predict(threshold_match_weight=-8, warning_mode="never")
    done = time.perf_counter()
    found = predicted.as_pandas_dataframe()  # type: ignore[no-untyped-call]
    return Predicted(
        found["unique_id_l"].tolist(),
        found["unique_id_r"].tolist(),
        found["match_weight"].to_numpy(dtype=np.float64),
        predicting=done - training,
        whole=time.perf_counter() - begun,
    )


def _lower(columns: Sequence[str], rows: Sequence[Row]) -> list[dict[str, str | None]]:
    return [
        {"unique_id": row["unique_id"], **{name: row.get(name, "").strip().lower() or None for name in columns}}
        for row in rows
    ]


def _history_comparisons() -> list[Any]:
    import splink.comparison_library as cl

    return [
        cl.ForenameSurnameComparison("given_name", "family_name").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("birth_date", input_is_string=True),
        cl.PostcodeComparison("postcode"),
        cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
        cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
    ]


# Columns, comparisons and rules of Splink's own example on the data from which hist_half comes.
HISTORY = Model(
    "dedupe_only",
    ("given_name", "family_name", "full_name", "birth_date", "gender", "postcode", "birth_place", "occupation"),
    _history_comparisons,
    blocking=(
        ("substr(given_name, 1, 3)", "substr(family_name, 1, 4)"), ("family_name", "birth_date"),
        ("given_name", "birth_date"), ("postcode", "given_name"), ("postcode", "family_name"),
        ("birth_date", "birth_place"), ("substr(postcode, 1, 3)", "birth_date"),
        ("substr(postcode, 1, 3)", "given_name"), ("substr(postcode, 1, 3)", "family_name"),
        ("substr(given_name, 1, 2)", "substr(family_name, 1, 2)", "substr(birth_date, 1, 4)"),
    ),
    training=(("given_name", "family_name"), ("birth_date",)),
    sure=(("given_name", "family_name", "birth_date"),),
)  # fmt: skip


def _census_comparisons() -> list[Any]:
    import splink.comparison_library as cl

    return [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("family_name").configure(term_frequency_adjustments=True),
        cl.ExactMatch("middle_initial"),
        cl.DateOfBirthComparison("birth_date", input_is_string=True, invalid_dates_as_null=False),
        cl.ExactMatch("gender"),
        cl.LevenshteinAtThresholds("address", 3).configure(term_frequency_adjustments=True),
    ]


CENSUS = Model(
    "link_only",
    ("given_name", "middle_initial", "family_name", "birth_date", "gender", "address"),
    _census_comparisons,
    blocking=(
        ("given_name", "family_name"), ("family_name", "birth_date"), ("given_name", "birth_date"),
        ("address", "given_name"), ("address", "birth_date"), ("birth_date", "middle_initial"),
    ),
    training=(("given_name", "family_name"), ("birth_date",)),
    sure=(("given_name", "family_name", "birth_date"),),
)  # fmt: skip


def _febrl_comparisons() -> list[Any]:
    import splink.comparison_library as cl

    return [
        cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("surname").configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("date_of_birth", [1, 2]),
        cl.ExactMatch("street_number"),
        cl.DamerauLevenshteinAtThresholds("address_1", [1, 3]).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("suburb", [1, 3]).configure(term_frequency_adjustments=True),
        cl.DamerauLevenshteinAtThresholds("postcode", 1).configure(term_frequency_adjustments=True),
        cl.ExactMatch("state"),
    ]


FEBRL = Model(
    "link_only",
    ("given_name", "surname", "date_of_birth", "street_number", "address_1", "suburb", "postcode", "state"),
    _febrl_comparisons,
    blocking=(
        ("given_name", "surname"), ("date_of_birth",), ("postcode", "surname"), ("address_1", "street_number"),
        ("postcode", "given_name"), ("suburb", "surname"), ("suburb", "given_name"), ("address_1", "suburb"),
    ),
    training=(("date_of_birth",), ("given_name", "surname")),
    sure=(("date_of_birth", "given_name"), ("date_of_birth", "surname")),
)  # fmt: skip
