"""Figures of answers whose truth is known: the ones by which practice and acceptance sets are scored."""

from __future__ import annotations

import collections
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Quality:
    """Shares of 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class Tracing:
    """What became of queries, as shares of 0 to 1."""

    automatic: Quality
    wrong: float
    non_members_taken: float
    found: float
    review: float


def tracing(truth: Mapping[str, str], answers: Mapping[str, tuple[str, str, Sequence[str]]]) -> Tracing:
    """Of queries: who each is about, empty for nobody; and decision, person and candidates of each."""
    members = sum(1 for person in truth.values() if person)
    matched = {query: person for query, (decision, person, _) in answers.items() if decision == "match"}
    right = sum(1 for query, person in matched.items() if person == truth[query])
    taken = sum(1 for query in matched if not truth[query])
    reviewed = [query for query, (decision, _, _) in answers.items() if decision == "review"]
    hit = sum(1 for query in reviewed if truth[query] and truth[query] in answers[query][2][:5])
    return Tracing(
        Quality(right / max(1, len(matched)), right / members),
        wrong=1 - right / max(1, len(matched)),
        non_members_taken=taken / max(1, len(truth) - members),
        found=(right + hit) / members,
        review=len(reviewed) / len(truth),
    )


def clusters(truth: Mapping[str, str], found: Mapping[str, Hashable]) -> Quality:
    """Pairs of records in one cluster, against pairs of one person."""
    alone = {record: found.get(record, ("alone", record)) for record in truth}
    right = _pairs(collections.Counter((truth[record], alone[record]) for record in truth).values())
    claimed = _pairs(collections.Counter(alone.values()).values())
    return Quality(right / max(1, claimed), right / max(1, _pairs(collections.Counter(truth.values()).values())))


def mixed(truth: Mapping[str, str], found: Mapping[str, Hashable]) -> float:
    """Clusters of more than one person, in 1,000 people."""
    people: dict[Hashable, set[str]] = collections.defaultdict(set)
    for record, cluster in found.items():
        people[cluster].add(truth[record])
    return 1000 * sum(len(each) > 1 for each in people.values()) / len(set(truth.values()))


def links(truth: set[tuple[str, str]], found: Iterable[tuple[str, str]]) -> Quality:
    """Links against true links."""
    claimed = set(found)
    right = len(truth & claimed)
    return Quality(right / max(1, len(claimed)), right / len(truth))


def _pairs(sizes: Iterable[int]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes)
