"""The rulebook: every rule with all its versions, and the choice of the one in force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import combinations, pairwise

from chassis import errors
from chassis.clock import LONDON
from services.referrals.rulebook.rule import Purpose, ResponseRule


class Rulebook:
    """Rules by id, versions in order. Raises Invalid where versions have gaps or two rules claim one referral."""

    def __init__(self, rules: Iterable[ResponseRule]) -> None:
        self._versions: dict[str, list[ResponseRule]] = {}
        for rule in sorted(rules, key=lambda rule: (rule.id, rule.version)):
            self._versions.setdefault(rule.id, []).append(rule)
        problems = [*self._gaps(), *self._collisions()]
        if problems:
            raise errors.Invalid(*problems)

    def in_force(
        self, *, team_kind: str, priority: str, at: datetime, purpose: str = Purpose.FIRST_RESPONSE
    ) -> ResponseRule | None:
        """The rule for a clock that starts at that moment, the most precise one; None where none covers it.

        `at` is an aware moment, its London date decides. A running clock keeps the rule it started under.
        """
        if at.tzinfo is None:
            raise ValueError(f"{at.isoformat()} has no time zone; pass an aware datetime")
        day = at.astimezone(LONDON).date()
        found = [
            rule
            for rule in self.on(day)
            if rule.applies_to.covers(purpose=purpose, team_kind=team_kind, priority=priority)
        ]
        return max(found, key=lambda rule: rule.applies_to.precision, default=None)

    def on(self, day: date) -> list[ResponseRule]:
        """The version in force of every rule on that London date, by id."""
        current = (
            next((rule for rule in reversed(versions) if rule.valid_from <= day), None)
            for versions in self._versions.values()
        )
        return [rule for rule in current if rule and (rule.valid_until is None or day < rule.valid_until)]

    def version(self, rule_id: str, version: int) -> ResponseRule:
        """That version of that rule. Raises NotFound."""
        for rule in self._versions.get(rule_id, []):
            if rule.version == version:
                return rule
        raise errors.NotFound(f"rule {rule_id} version {version}")

    def history(self, rule_id: str) -> tuple[ResponseRule, ...]:
        """All versions of a rule, oldest first. Raises NotFound."""
        if rule_id not in self._versions:
            raise errors.NotFound(f"rule {rule_id}")
        return tuple(self._versions[rule_id])

    def all(self) -> list[ResponseRule]:
        """Every version of every rule, by id and version."""
        return [rule for versions in self._versions.values() for rule in versions]

    def _gaps(self) -> Iterable[errors.Violation]:
        for rule_id, versions in self._versions.items():
            numbers = [rule.version for rule in versions]
            if numbers != list(range(1, len(versions) + 1)):
                yield errors.Violation(f"{rule_id}.version", f"versions are {numbers}, not 1, 2, 3 and so on")
            for earlier, later in pairwise(versions):
                if later.valid_from <= earlier.valid_from:
                    problem = f"version {later.version} is not in force later than version {earlier.version}"
                    yield errors.Violation(f"{rule_id}.valid_from", problem)

    def _collisions(self) -> Iterable[errors.Violation]:
        for one, other in combinations(self.all(), 2):
            if one.id == other.id or not one.applies_to.collides(other.applies_to):
                continue
            if max(one.valid_from, other.valid_from) < min(self._ends(one), self._ends(other)):
                problem = f"{one.id} {one.version} and {other.id} {other.version} claim the same referrals"
                yield errors.Violation(f"{one.id}.applies_to", problem)

    def _ends(self, rule: ResponseRule) -> date:
        """The first day on which that version no longer holds."""
        following = [later.valid_from for later in self._versions[rule.id] if later.version > rule.version]
        return min([*following, rule.valid_until or date.max], default=date.max)
