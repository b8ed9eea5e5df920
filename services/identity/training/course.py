"""A course of training from beginning to end: invent, learn, read what people decided, and measure."""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from services.identity.matching import rarity, scorer
from services.identity.matching.scorer import Scorer
from services.identity.training import measure, model, reviewed
from services.identity.training.model import Recipe
from services.identity.training.rows import Judged

_KEPT = 5
"""Every fifth reviewed pair is kept for measuring."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What is to be learnt and measured, in how many steps."""

    recipe: Recipe
    version: str
    measure: bool

    @property
    def steps(self) -> int:
        """Sets to invent, the fitting, and sets to measure on."""
        return self.recipe.sets + 1 + (len(measure.TRIALS) if self.measure else 0)


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """A model as its file holds it, and what to tell of it."""

    model: dict[str, Any]
    summary: dict[str, Any]


def plan(*, seed: int, sets: int, version: str, measure: bool) -> Plan:
    """A plan with so many invented sets, a quarter of them collections with duplicates in them."""
    collections = max(1, sets // 4)
    return Plan(Recipe(seed=seed, trace_sets=sets - collections, collections=collections), version, measure)


def run(
    planned: Plan, pairs: Path | None, *, register_size: int, today: datetime.date, told: Callable[[str], None]
) -> Made:
    """The model of a plan. Raises ValueError for a file of pairs that cannot be read."""
    decided = reviewed.read(pairs) if pairs else reviewed.File((), 0, ())
    kept = decided.pairs[::_KEPT]
    learnt_pairs = [pair for place, pair in enumerate(decided.pairs) if place % _KEPT]
    learnt: list[Judged] = []
    for made in model.invented(planned.recipe):
        learnt.extend(made)
        told("inventing people and comparing them")
    of_pairs = list(reviewed.rows(learnt_pairs, rarity.BRITAIN, register_size=register_size))
    built = model.build(learnt, of_pairs, version=planned.version, recipe=planned.recipe, today=today)
    told("fitting")
    new = scorer.read(built)
    if planned.measure:
        built["record"]["measured"] = measure.held_out(new, told=lambda name: told(f"measuring: {name}"))
    judged = [row for row in reviewed.rows(kept, rarity.BRITAIN, register_size=register_size)][::2]
    return Made(
        built,
        {
            "version": planned.version,
            "rows": len(learnt),
            "reviewed": len(learnt_pairs),
            "undecided": decided.undecided,
            "refused": [dataclasses.asdict(each) for each in decided.refused],
            "measured": built["record"].get("measured"),
            "on_reviewed": {
                each.version: _on_pairs(each, judged) for each in (Scorer.load(), new)
            } if judged else {},
        },
    )  # fmt: skip


def _on_pairs(judge: Scorer, judged: Sequence[Judged]) -> dict[str, float]:
    """How many pairs the scorer judges as people did, and the mean logarithmic loss (0 is perfect)."""
    right, loss = 0, 0.0
    for each in judged:
        chance = judge.probability(each.row)
        right += (chance >= 0.5) == each.same
        loss -= math.log(max(1e-9, chance if each.same else 1 - chance))
    return {"pairs": len(judged), "right": right, "log_loss": round(loss / len(judged), 4)}
