"""Measures a model on sets whose truth is known, in tracing and in finding duplicates."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Hashable, Mapping, Sequence

from services.identity.matching import decide, dedupe, nicknames, rarity
from services.identity.matching.compare import compare
from services.identity.matching.decide import Decision, Outcome, Rules
from services.identity.matching.normalise import normalise
from services.identity.matching.rarity import Rarity
from services.identity.training.rows import index, near
from services.identity.training.sets import Collection, TraceSet

Figures = dict[str, float]


def decisions(made: TraceSet, rules: Rules, forms: nicknames.Table = nicknames.KNOWN) -> list[Decision]:
    """The decision on each query of a set, with the register's own names counted."""
    register = [normalise(record) for record in made.register]
    holders = index(register)
    found = []
    for query in made.queries:
        asked = normalise(query.asked)
        compared = [(f"{position:07d}", compare(asked, register[position], forms)) for position in near(asked, holders)]
        found.append(decide.among(compared, rules))
    return found


def counted(made: TraceSet, rules: Rules) -> Rules:
    """The rules with the size and the names of the set's register."""
    names = rarity.counted(normalise(record) for record in made.register)
    return dataclasses.replace(rules, register_size=len(made.register), names=names)


def tracing(made: TraceSet, found: Sequence[Decision]) -> Figures:
    """F1 of automatic decisions, wrong ones among them, non-members taken, found at all, and sent to review."""
    members = sum(query.person is not None for query in made.queries)
    counts: collections.Counter[str] = collections.Counter()
    for query, decision in zip(made.queries, found, strict=True):
        truth = "" if query.person is None else f"{query.person:07d}"
        counts[decision.outcome.value] += 1
        if decision.outcome is Outcome.MATCH:
            counts["right" if decision.person_id == truth else "wrong"] += 1
            counts["stranger taken"] += not truth
        elif decision.outcome is Outcome.REVIEW:
            counts["in review"] += truth in {candidate.person_id for candidate in decision.candidates}
    precision = counts["right"] / max(1, counts["match"])
    recall = counts["right"] / max(1, members)
    return {
        "f1": 2 * precision * recall / max(1e-9, precision + recall),
        "wrong": counts["wrong"] / max(1, counts["match"]),
        "non_members_taken": counts["stranger taken"] / max(1, len(made.queries) - members),
        "found": (counts["right"] + counts["in review"]) / max(1, members),
        "review": counts["review"] / max(1, len(made.queries)),
    }


def by_origin(made: TraceSet, found: Sequence[Decision]) -> dict[str, tuple[int, int, int]]:
    """Members who ask, those of them matched rightly, and those matched wrongly, by the origin of their names."""
    counts: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0, 0])
    for query, decision in zip(made.queries, found, strict=True):
        if query.person is None:
            continue
        tally = counts[made.origins[query.person]]
        tally[0] += 1
        if decision.outcome is Outcome.MATCH:
            tally[1 if decision.person_id == f"{query.person:07d}" else 2] += 1
    return {origin: (tally[0], tally[1], tally[2]) for origin, tally in sorted(counts.items())}


def duplicates(made: Collection, rules: Callable[[Rarity, int], Rules] = dedupe.rules_for) -> Figures:
    """Pair precision and F1 of the clusters, and mixed clusters in 1,000 people."""
    records = {f"{position:07d}": normalise(record) for position, record in enumerate(made.records)}
    known = rules(rarity.counted(records.values()), len(records))
    truth = {f"{position:07d}": person for position, person in enumerate(made.people)}
    return clusters(truth, dedupe.find(records, known).clusters)


def clusters(truth: Mapping[str, Hashable], found: Sequence[Sequence[str]]) -> Figures:
    """Figures of clusters against the person of each record."""
    inside = [collections.Counter(truth[record_id] for record_id in cluster) for cluster in found]
    right = sum(_pairs(count) for counts in inside for count in counts.values())
    claimed = sum(_pairs(len(cluster)) for cluster in found)
    true = sum(_pairs(count) for count in collections.Counter(truth.values()).values())
    precision, recall = right / max(1, claimed), right / max(1, true)
    return {
        "pair_f1": 2 * precision * recall / max(1e-9, precision + recall),
        "pair_precision": precision,
        "mixed_in_1000": 1_000 * sum(len(counts) > 1 for counts in inside) / max(1, len(set(truth.values()))),
    }


def _pairs(size: int) -> int:
    return size * (size - 1) // 2
