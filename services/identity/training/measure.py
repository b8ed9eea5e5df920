"""What a model reaches on invented sets of unlike kinds that it did not learn from, some nicknames unknown."""

from __future__ import annotations

import collections
import dataclasses
import random
from collections.abc import Callable
from typing import Any

from services.identity.matching import decide, dedupe, nicknames
from services.identity.matching.scorer import Scorer
from services.identity.training import evaluate, sets
from services.identity.training.sets import Profile


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """A set to measure on: profile, seed, and the share of names whose other forms are kept from the matcher."""

    profile: Profile
    seed: int
    unknown_forms: float

    @property
    def name(self) -> str:
        """What the set is called in the record."""
        told = f"{self.profile.name}, seed {self.seed}"
        return f"{told}, {self.unknown_forms:.0%} of nicknames unknown" if self.unknown_forms else told


TRIALS = (
    Trial(sets.LIGHT, 90_001, 0.0),
    Trial(sets.USUAL, 90_002, 0.0),
    Trial(sets.USUAL, 90_003, 0.3),
    Trial(sets.HEAVY, 90_004, 0.0),
    Trial(sets.varied(90_005), 90_005, 0.3),
    Trial(sets.varied(90_006), 90_006, 0.3),
)
"""Seeds from 90,000 are for measuring only: no recipe learns from them."""


def held_out(
    scorer: Scorer,
    *,
    told: Callable[[str], None] = lambda _: None,
    trials: tuple[Trial, ...] = TRIALS,
    size: int = 20_000,
    queries: int = 5_000,
) -> dict[str, Any]:
    """Figures of tracing and of duplicates in each set, and the members found by the origin of their names."""
    origins: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0])
    tracing, duplicates = {}, {}
    for trial in trials:
        told(trial.name)
        made = sets.trace_set(trial.profile, seed=trial.seed, size=size, queries=queries)
        rules = evaluate.counted(made, decide.Rules(scorer=scorer))
        found = evaluate.decisions(made, rules, _forms(trial))
        tracing[trial.name] = _rounded(evaluate.tracing(made, found))
        for origin, tally in evaluate.by_origin(made, found).items():
            origins[origin] = [sum(both) for both in zip(origins[origin], tally, strict=True)]
        collection = sets.collection(trial.profile, seed=trial.seed, people=size // 4)
        duplicates[trial.profile.name + f", seed {trial.seed}"] = _rounded(
            evaluate.duplicates(collection, lambda names, count: dedupe.rules_for(names, count, scorer))
        )
    return {
        "tracing": tracing,
        "duplicates": duplicates,
        "origins": {
            name: {"members": members, "matched": right, "wrong": wrong}
            for name, (members, right, wrong) in sorted(origins.items())
        },
    }


def _forms(trial: Trial) -> nicknames.Table:
    chance = random.Random(f"{trial.seed} forms")  # noqa: S311 (invented people)
    return nicknames.Table(
        frozenset(name for name in nicknames.names_with_forms() if chance.random() < trial.unknown_forms)
    )


def _rounded(figures: evaluate.Figures) -> evaluate.Figures:
    return {name: round(figure, 4) for name, figure in figures.items()}
