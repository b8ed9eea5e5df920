"""Who is this? Candidates from the register, judged by the matching: what tracing and registering have in common."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.work import Work
from services.identity import domain, numbers
from services.identity.matching import blocking, decide
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
    """What a trace found: the decision, what it means, the keys that were asked by, and the people behind the ids."""

    decision: decide.Decision
    verdict: domain.Verdict
    keys: frozenset[str]
    people: dict[str, domain.Person]


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
    asked_by = keys(stated)
    if wait:
        await nearby.lock(work.session, asked_by)
    people = {person.id: person for person in await nearby.candidates(work.session, asked_by, stated.nhs_number)}
    number = stated.nhs_number
    registered = [(one.id, domain.comparable_person(one, asked_number=number)) for one in people.values()]
    decision = decide.trace(domain.comparable(stated), registered, bench.rules)
    holder_id = numbers.holder(people.values(), number)
    return Traced(decision, domain.judge(decision, stated, holder_id=holder_id), asked_by, people)
