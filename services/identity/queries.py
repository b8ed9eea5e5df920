"""What can be read of the register; the frame decides afterwards what of it the caller may know."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import errors
from chassis.work import Work
from services.identity import domain, tracing
from services.identity.store import people as register

MOST_PEOPLE = 200


async def trace(
    work: Work, stated: domain.Demographics, bench: tracing.Bench
) -> tuple[domain.Demographics, tracing.Traced]:
    """Say who is meant; answers the demographics as they were read, too. Raises Invalid naming each field."""
    checked = domain.check(stated, environment=bench.environment, today=work.now.date())
    return checked, await tracing.trace(work, checked, bench)


async def person(work: Work, person_id: str) -> domain.Person:
    """A person within reach. Raises NotFound."""
    found = await register.shown(work.session, [person_id])
    if not found:
        raise errors.NotFound("no such person")
    return found[0]


async def people(work: Work, person_ids: Sequence[str]) -> list[domain.Person]:
    """Those within reach of some people. Raises Invalid for more than 200."""
    if len(person_ids) > MOST_PEOPLE:
        raise errors.Invalid.of("person_ids", f"are more than {MOST_PEOPLE}")
    return await register.shown(work.session, person_ids)
