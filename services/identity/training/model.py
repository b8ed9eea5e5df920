"""The recipe of a model: which invented sets it learns from, and the file with its training record."""

from __future__ import annotations

import dataclasses
import datetime
import random
from collections.abc import Iterator, Sequence
from typing import Any

from services.identity.matching import features
from services.identity.training import fit, rows, sets
from services.identity.training.rows import Judged

REVIEWED_WEIGHT = 5.0
"""A pair that a human judged counts as much as so many invented ones."""


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """Invented sets by number, so that the same recipe makes the same model. Sets for measuring have other seeds."""

    seed: int = 1
    trace_sets: int = 24
    register: int = 12_000
    queries: int = 8_000
    collections: int = 8
    people: int = 8_000

    @property
    def sets(self) -> int:
        """How many sets there are."""
        return self.trace_sets + self.collections


def invented(recipe: Recipe) -> Iterator[list[Judged]]:
    """The rows of each set of a recipe."""
    for number in range(recipe.trace_sets):
        seed = recipe.seed * 1_000 + number
        made = sets.trace_set(sets.varied(seed), seed=seed, size=recipe.register, queries=recipe.queries)
        yield list(rows.of_traces(made, seed=seed, unknown_forms=_unknown_forms(seed)))
    for number in range(recipe.collections):
        seed = recipe.seed * 1_000 + 500 + number
        collection = sets.collection(sets.varied(seed), seed=seed, people=recipe.people)
        yield list(rows.of_collection(collection, seed=seed, unknown_forms=_unknown_forms(seed)))


def _unknown_forms(seed: int) -> float:
    """Part of the table of forms is kept from the model, so that it learns what unknown forms of names look like."""
    return random.Random(f"{seed} forms").uniform(0.1, 0.6)  # noqa: S311 (invented people)


def build(
    learnt: Sequence[Judged], reviewed: Sequence[Judged] = (), *, version: str, recipe: Recipe, today: datetime.date
) -> dict[str, Any]:
    """A model as its file holds it."""
    weights = [1.0] * len(learnt) + [REVIEWED_WEIGHT] * len(reviewed)
    return {
        "version": version,
        "features": list(features.NAMES),
        "levels": features.LEVELS,
        "record": {
            "trained": today.isoformat(),
            "data": "people invented by services/identity/training, no record of a real person and no practice set",
            "recipe": dataclasses.asdict(recipe),
            "rows": len(learnt),
            "same": sum(each.same for each in learnt),
            "reviewed": len(reviewed) // 2,
            "method": {**fit.PARAMETERS, "rounds": fit.ROUNDS},
        },
        "trees": fit.fit([*learnt, *reviewed], weights),
    }
