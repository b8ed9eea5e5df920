"""That somebody has died, or has not after all: kept by whose word, and told without saying which."""

from __future__ import annotations

from chassis.work import Work
from services.identity import domain, events
from services.identity.store import deaths
from services.identity.store import merges as register


async def follow(work: Work, person: domain.Person, died_on: str, *, source: str) -> None:
    """Put on record that somebody died on a day (ISO 8601), or, empty, that they did not. Again it changes nothing.

    Their record, with its statements and its number, stays as it is.
    """
    await register.locked(work.session, [person.id])
    version, known = await deaths.last(work.session, person.id)
    if died_on == known:
        return
    version += 1
    await deaths.add(work.session, person.id, version=version, died_on=died_on, source=source, at=work.now)
    events.publish_vital_status(work, person.id, version)
    # What it says now is for whoever may read the record.
    work.audit("person.vital_status", subject=f"person/{person.id}", detail={"source": source})
