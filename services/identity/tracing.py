"""Who is this? Candidates from the register, judged by the matching: what tracing and registering have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.work import Work
from services.identity import domain, numbers
from services.identity.matching import blocking, decide, normalise
from services.identity.store import nearby


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging depends on: where the lines are drawn, and where this runs (synthetic numbers are for tests).

    `asks_pds` tells whether the Personal Demographics Service is asked, later, about whoever is registered.
    """

    rules: decide.Rules
    environment: str
    asks_pds: bool = False


@dataclass(frozen=True, slots=True)
class Traced:
    """What a trace found: the decision, what it means, the keys that were asked by, and the people behind the ids.

    `skipped` are those of the keys that too many people share, so that nobody was looked for by them.
    """

    decision: decide.Decision
    verdict: domain.Verdict
    keys: frozenset[str]
    people: dict[str, domain.Person]
    skipped: frozenset[str] = frozenset()


def keys(stated: domain.Demographics) -> frozenset[str]:
    """The keys by which somebody of these demographics is looked for."""
    return blocking.keys(domain.comparable(stated))


async def trace(work: Work, stated: domain.Demographics, bench: Bench, *, wait: bool = False) -> Traced:
    """Compare with everybody in the register who comes into question.

    Row-level security is lifted for it, for the rest of the transaction: whether a stranger is known here cannot be
    found out among one's own acquaintances. What the caller learns of it is decided by the frame, field by field, and a
    caller without a relationship learns no personal field. With `wait`, nobody who shares a key is registered between
    this look and the end of the transaction.
    """
    await work.see_everybody()
    asked = _Asked.of(stated)
    if wait:
        await nearby.lock(work.session, asked.keys)
    (found,) = await nearby.candidates(work.session, [asked.question])
    return asked.judged(found, bench)


async def trace_many(work: Work, stated: Sequence[domain.Demographics], bench: Bench) -> list[Traced]:
    """The same for many people in one look at the register; other calls are served between two of them."""
    await work.see_everybody()
    asked = [_Asked.of(each) for each in stated]
    nearest = await nearby.candidates(work.session, [each.question for each in asked])
    traced = []
    for each, found in zip(asked, nearest, strict=True):
        traced.append(each.judged(found, bench))
        await asyncio.sleep(0)
    return traced


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody who is asked about, in the forms in which they are looked for and compared."""

    stated: domain.Demographics
    comparable: normalise.Normalised
    keys: frozenset[str]

    @classmethod
    def of(cls, stated: domain.Demographics) -> _Asked:
        comparable = domain.comparable(stated)
        return cls(stated, comparable, blocking.keys(comparable))

    @property
    def question(self) -> nearby.Question:
        return nearby.Question(self.keys, self.stated.nhs_number)

    def judged(self, found: nearby.Nearby, bench: Bench) -> Traced:
        people = {person.id: person for person in found.people}
        number = self.stated.nhs_number
        registered = [(one.id, domain.comparable_person(one, asked_number=number)) for one in found.people]
        decision = decide.trace(self.comparable, registered, bench.rules)
        verdict = domain.judge(decision, self.stated, holder_id=numbers.holder(found.people, number))
        return Traced(decision, verdict, self.keys, people, found.skipped)
