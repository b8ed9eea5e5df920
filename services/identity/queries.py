"""What can be read of the register; the frame decides afterwards what of it the caller may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chassis import errors
from chassis.work import Work
from services.identity import domain, tracing
from services.identity.store import deaths
from services.identity.store import people as register

MOST_PEOPLE = 200

Answer = tuple[domain.Demographics, tracing.Traced]


async def trace(work: Work, stated: domain.Demographics, bench: tracing.Bench) -> Answer:
    """Say who is meant; answers the demographics as they were read, too. Raises Invalid naming each field."""
    checked = domain.check(stated, environment=bench.environment, today=work.now.date())
    return checked, await tracing.trace(work, checked, bench)


async def trace_many(
    work: Work, stated: Sequence[domain.Demographics], bench: tracing.Bench
) -> list[Answer | errors.Invalid]:
    """The same for each of many, or what is wrong with it. Raises Invalid for more than 200."""
    if len(stated) > MOST_PEOPLE:
        raise errors.Invalid.of("questions", f"are more than {MOST_PEOPLE}")
    read = [_read(work, each, bench) for each in stated]
    readable = [each for each in read if not isinstance(each, errors.Invalid)]
    traced = iter(zip(readable, await tracing.trace_many(work, readable, bench), strict=True))
    return [each if isinstance(each, errors.Invalid) else next(traced) for each in read]


def _read(work: Work, stated: domain.Demographics, bench: tracing.Bench) -> domain.Demographics | errors.Invalid:
    try:
        return domain.check(stated, environment=bench.environment, today=work.now.date())
    except errors.Invalid as refusal:
        return refusal


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


async def died(work: Work, person_ids: Sequence[str]) -> Mapping[str, str]:
    """On which day (ISO 8601) those of some people died who did, as far as it is known."""
    return await deaths.of(work.session, person_ids)
