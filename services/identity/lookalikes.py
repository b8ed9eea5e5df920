"""Who else somebody may be, since what is known of them changed: traced as who registers is, and a human is asked."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.work import Work
from services.identity import domain, events, restricting, tracing
from services.identity.matching import blocking, decide
from services.identity.store import nearby, people, reviews, whereabouts
from services.identity.store import numbers as numbered


async def hold(work: Work, person: domain.Person) -> None:
    """Until the end of the transaction nobody comes to look like this person, who is as they will be stored.

    To be asked for before the person's row is changed: whoever registers waits for keys first and for rows then.
    """
    await nearby.lock(work.session, blocking.keys(domain.comparable_person(person)))


async def look(work: Work, person: domain.Person, bench: tracing.Bench, *, source: str) -> domain.Person:
    """Have a human say of everybody whom a stored person now may be whether they are; the person as they are then.

    However alike they are, nobody is merged without a human: both are known, and work hangs on both.
    """
    traced = await tracing.trace_others(work, person, bench)
    suspects = traced.verdict.suspects
    if traced.verdict.outcome is decide.Outcome.MATCH:
        best = traced.decision.candidates[0]
        suspects = (domain.Suspect(best.person_id, best.score, best.reasons), *suspects)
    return await suspect(work, person, suspects, source=source)


async def suspect(
    work: Work, person: domain.Person, suspects: Iterable[domain.Suspect], *, source: str
) -> domain.Person:
    """Have a human say of each whether the two are one; the person is protected as whoever of them is protected.

    Not where a human has said already that they are two: nobody is asked about them again. Nor is anybody protected
    again whose protection a human has ended, unless there is somebody new whom they may be.
    """
    for one in suspects:
        if await reviews.apart(work.session, (person.id, one.person_id)):
            continue
        fresh = await numbered.suspect(work.session, person.id, one, at=work.now)
        if fresh:
            events.publish_suspected(work, person.id, one)
        # As they are shown: protected under whichever of their ids that was said.
        (other,) = await people.shown(work.session, [one.person_id])
        if person.restricted or not other.restricted:
            continue
        if fresh or not await whereabouts.was_lifted(work.session, person.id):
            person = await restricting.protect(work, person, source=source, reason=restricting.PERHAPS)
    return person
