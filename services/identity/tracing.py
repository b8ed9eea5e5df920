"""Who is this? Candidates from the register, judged by the matching: what tracing and registering have in common."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from chassis.work import Work
from services.identity import domain
from services.identity.matching import blocking, decide
from services.identity.store import nearby


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging depends on: where the lines are drawn, and where this runs (synthetic numbers are for tests)."""

    rules: decide.Rules
    environment: str


@dataclass(frozen=True, slots=True)
class Traced:
    """What a trace found: the decision, what it means, the keys that were asked by, and the people behind the ids.

    `skipped` are those of the keys that too many people share, so that nobody was looked for by them.
    """

    decision: decide.Decision
    verdict: domain.Verdict
    keys: Collection[str]
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
    asked_by = keys(stated)
    if wait:
        await nearby.lock(work.session, asked_by)
    found = await nearby.candidates(work.session, asked_by, stated.nhs_number)
    people = {person.id: person for person in found.people}
    registered = [(person.id, domain.comparable_person(person)) for person in people.values()]
    decision = decide.trace(domain.comparable(stated), registered, bench.rules)
    holder = next(
        (one.id for one in people.values() if stated.nhs_number and one.demographics.nhs_number == stated.nhs_number),
        "",
    )
    return Traced(decision, domain.judge(decision, stated, holder_id=holder), asked_by, people, found.skipped)
