"""The last step of every answer: gather the facts, decide for each person in it, redact, and enter it in the ledger."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from google.protobuf.message import Message

from chassis.disclosure import decision, ledger, redaction
from chassis.disclosure.decision import Decision
from chassis.disclosure.facts import Facts, Register

if TYPE_CHECKING:
    from chassis.work import Work

_REMEMBERED = 4096
_InForce = tuple[decision.Agreement, ...]
_Case = tuple[object, ...]


@dataclass(slots=True)
class Answers:
    """Decides what leaves one service; keeps that service's agreements in memory."""

    # Kinds of relationship that count for nothing in this service, though other services release on their strength.
    disregards: frozenset[int] = frozenset()
    register: Register = field(default_factory=Register)
    _settled: dict[_Case, Decision] = field(default_factory=dict, init=False, repr=False)

    async def consider(self, work: Work, people: Collection[str]) -> Considered:
        """Fetch what bears on these people, for decisions within this transaction."""
        known = [person_id for person_id in people if person_id]
        await work.begin_relationships()
        return Considered(self, work, await self._facts(work, known) if known else Facts(), frozenset(known))

    async def _facts(self, work: Work, people: Collection[str]) -> Facts:
        if work.foreseen is not None and work.foreseen.people.issuperset(people):
            return await self.register.read(work.session, work.actor, work.foreseen.rows)
        return await self.register.gather(work.session, work.actor, people)

    def settle(self, work: Work, kinds: frozenset[int], agreements: _InForce, *, refused: bool, shut: bool) -> Decision:
        """The decision for a case; most cases come again and again, and the same one has the same decision."""
        actor = work.actor
        # A version of an agreement never changes: its id and number stand for it.
        names = tuple((one.id, one.version) for one in agreements)
        case = (actor.sector, actor.is_internal, work.purpose, kinds, refused, shut, names)
        decided = self._settled.get(case)
        if decided is None:
            decided = decision.settle(actor, work.purpose, kinds, agreements, refused=refused, restricted=shut)
            if len(self._settled) >= _REMEMBERED:
                self._settled.clear()
            self._settled[case] = decided
        return decided

    async def release(
        self, work: Work, method: str, message: Message, considered: Considered | None = None
    ) -> list[redaction.Account]:
        """Redact `message` in place and enter what it tells in the ledger; answers with an account for each person.

        Facts considered earlier are used again when they cover everybody in the message: pass them only if nothing
        changed since.
        """
        subjects = redaction.subjects(message)
        if not subjects:
            return []
        people = {one.person_id for one in subjects if one.person_id}
        if considered is None or not considered.people.issuperset(people):
            considered = await self.consider(work, people)
        accounts = redaction.redact(subjects, considered.decide)
        ledger.record(work, method, accounts)
        return accounts


@dataclass(slots=True)
class Considered:
    """The facts about some people at one moment, and the decisions that follow from them for one actor."""

    answers: Answers
    work: Work
    facts: Facts
    people: frozenset[str]
    _agreements: _InForce = field(init=False)

    def __post_init__(self) -> None:
        self._agreements = decision.in_force(self.facts.agreements, self.work.now)

    def decide(self, person_id: str) -> Decision:
        """What the actor may know about one of these people; about anybody else, nothing."""
        if person_id not in self.people:
            return decision.about_nobody()
        actor, now = self.work.actor, self.work.now
        found = self.facts.relationships.get(person_id, ())
        kinds = frozenset(one.kind for one in found if one.holds_for(actor, now)) - self.answers.disregards
        refused = decision.has_refused(actor, self.facts.decisions.get(person_id, ()))
        shut = person_id in self.facts.restricted
        return self.answers.settle(self.work, kinds, self._agreements, refused=refused, shut=shut)
