"""Finds records of the same person in one collection: clusters that hold together, and pairs for a human to look at.

A chain is not a proof: a record that gives only an initial agrees with both twins. Two clusters are joined only where
they agree as wholes and nothing in one contradicts the other, and never through a record that fits two who differ.
"""

import dataclasses
import itertools
from collections.abc import Collection, Iterator, Mapping

from services.identity.matching import blocking, decide, features
from services.identity.matching.compare import Comparison, compare, either_way
from services.identity.matching.decide import Rules
from services.identity.matching.levels import Name, Number
from services.identity.matching.normalise import Normalised
from services.identity.matching.rarity import Rarity
from services.identity.matching.scorer import Scorer

MOST_PER_KEY = 200
"""A key that more records share than this says nothing and is skipped."""

# Given names that agree so tell a person from a twin; an initial or a missing name does not.
_TELLING = frozenset({Name.EXACT, Name.MIDDLE, Name.NICKNAME, Name.SHORT, Name.SOUNDS, Name.TYPO, Name.SWAPPED})


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one person: `score` 0..1, and why they may not be joined without a human, if so."""

    left: str
    right: str
    score: float
    comparison: Comparison

    @property
    def forbidden(self) -> str:
        """Why a human must look, however high the score; empty where none needs to."""
        return decide.forbidden(self.comparison)


@dataclasses.dataclass(frozen=True, slots=True)
class Duplicates:
    """Clusters of record ids (each id in exactly one, single ones included), and the pairs worth a human's look."""

    clusters: tuple[tuple[str, ...], ...]
    review: tuple[Pair, ...]
    skipped_keys: int


def rules_for(names: Rarity, size: int, scorer: Scorer | None = None) -> Rules:
    """Where the lines are drawn in a collection of this size, which holds each person about once or twice."""
    return Rules(match=0.90, review=0.05, register_size=size, names=names, scorer=scorer or Scorer.load())


def find(
    records: Mapping[str, Normalised], rules: Rules, *, apart: Collection[tuple[str, str]] = frozenset()
) -> Duplicates:
    """Clusters of records; the order in which they are given does not matter.

    `apart` are pairs of ids of whom a human has said that they are two people: no cluster holds both, and they are
    not proposed again.
    """
    different = {(min(pair), max(pair)) for pair in apart}
    candidates, skipped = _candidates(records)
    judged = (_judge(left, right, records, rules) for left, right in candidates - different)
    pairs = sorted(
        (pair for pair in judged if pair.score >= rules.review), key=lambda pair: (-pair.score, pair.left, pair.right)
    )
    clusters = _Joining(records, pairs, rules, different).join()
    review = tuple(pair for pair in pairs if clusters[pair.left] is not clusters[pair.right])
    distinct = {id(cluster): tuple(sorted(cluster)) for cluster in clusters.values()}
    return Duplicates(tuple(sorted(distinct.values())), review, skipped)


def _candidates(records: Mapping[str, Normalised]) -> tuple[set[tuple[str, str]], int]:
    holders: dict[str, list[str]] = {}
    for record_id in sorted(records):
        for key in blocking.keys(records[record_id]):
            holders.setdefault(key, []).append(record_id)
    skipped = sum(len(ids) > MOST_PER_KEY for ids in holders.values())
    meeting = (itertools.combinations(ids, 2) for ids in holders.values() if len(ids) <= MOST_PER_KEY)
    return set(itertools.chain.from_iterable(meeting)), skipped


def _judge(left: str, right: str, records: Mapping[str, Normalised], rules: Rules) -> Pair:
    compared = either_way(compare(records[left], records[right]))
    row = features.row_in_collection(compared, rules.names, size=rules.register_size)
    return Pair(left, right, rules.scorer.probability(row), compared)


class _Joining:
    """Joins clusters pair by pair, the surest first."""

    def __init__(
        self, records: Mapping[str, Normalised], pairs: list[Pair], rules: Rules, different: set[tuple[str, str]]
    ) -> None:
        self._records = records
        self._different = different
        self._pairs = pairs
        self._rules = rules
        self._known = {(pair.left, pair.right): pair for pair in pairs}
        self._clusters = {record_id: [record_id] for record_id in records}
        self._partners: dict[str, list[str]] = {}
        for pair in pairs:
            self._partners.setdefault(pair.left, []).append(pair.right)
            self._partners.setdefault(pair.right, []).append(pair.left)

    def join(self) -> dict[str, list[str]]:
        """The cluster of each record."""
        for pair in self._pairs:
            one, other = self._clusters[pair.left], self._clusters[pair.right]
            if one is not other and self._may_join(pair, one, other):
                one.extend(other)
                self._clusters.update(dict.fromkeys(other, one))
        return self._clusters

    def _pair(self, left: str, right: str) -> Pair:
        key = (left, right) if left < right else (right, left)
        if key not in self._known:
            self._known[key] = _judge(*key, self._records, self._rules)
        return self._known[key]

    def _may_join(self, pair: Pair, one: list[str], other: list[str]) -> bool:
        if pair.score < self._rules.match or pair.forbidden:
            return False
        if any((min(link), max(link)) in self._different for link in itertools.product(one, other)):
            return False
        links = [self._pair(left, right) for left, right in itertools.product(one, other)]
        telling = pair.comparison.given in _TELLING or pair.comparison.number is Number.SAME
        if any(self._contradicts(link, telling=telling) for link in links):
            return False
        if 2 * sum(link.score >= self._rules.review for link in links) < len(links):
            return False
        return telling or not any(self._rivals(pair, one, other))

    def _contradicts(self, link: Pair, *, telling: bool) -> bool:
        # Jo and Josephine differ and Joanne fits both: where names tell, their difference elsewhere is a nickname.
        if link.comparison.given is Name.DIFFERENT and telling and link.score >= self._rules.review:
            return False
        return bool(decide.contradiction(link.comparison))

    def _rivals(self, pair: Pair, one: list[str], other: list[str]) -> Iterator[str]:
        """Records outside that fit one of the two and contradict the other."""
        for near, far in ((pair.left, pair.right), (pair.right, pair.left)):
            for third in self._partners.get(near, ()):
                if third in one or third in other:
                    continue
                if decide.contradiction(self._pair(third, far).comparison):
                    yield third
