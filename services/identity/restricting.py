"""Protecting somebody's whereabouts, and ending it: from the moment it is said, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chassis import errors
from chassis.disclosure import restrictions
from chassis.work import Work
from services.identity import domain, events, histories
from services.identity.matching import blocking
from services.identity.store import histories as kept
from services.identity.store import nearby, people, whereabouts

LONGEST_REASON = 2_000
PERHAPS = "may be somebody whose whereabouts are protected"
MEANWHILE = "was taken for somebody whose whereabouts came to be protected meanwhile"


@dataclass(frozen=True, slots=True)
class Restricted:
    """A person whose whereabouts are protected, and the ids of those who may be the same person and are not."""

    person: domain.Person
    possibly_the_same: Sequence[str]


async def restrict(work: Work, person_id: str, *, source: str, reason: str) -> Restricted:
    """Protect a person's whereabouts from now on; again changes nothing. Raises Invalid, NotFound, Conflict."""
    _check(reason)
    person = await _anybody(work, person_id)
    if not person.restricted:
        person = await protect(work, person, source=source, reason=reason)
    return Restricted(person, await whereabouts.suspects(work.session, person_id))


async def protect(work: Work, before: domain.Person, *, source: str, reason: str) -> domain.Person:
    """The same for somebody who was read already, past row-level security. Raises Conflict when they changed since."""
    after = replace(before, restricted=True, version=before.version + 1)
    # Whoever is registering somebody like them has done so, or waits. The version grows, so that whoever is just
    # learning of a new address loses that race and leaves no key behind.
    await nearby.lock(work.session, blocking.keys(domain.comparable_person(before)))
    await people.change(work.session, before, after)
    await whereabouts.forget(work.session, after.id)
    await settle(work, after, source=source, reason=reason)
    events.publish_updated(work, after)
    return after


async def lift(work: Work, person_id: str, *, source: str, reason: str) -> domain.Person:
    """End the protection; they are found by where they are and were as before. Raises as `restrict` does."""
    _check(reason)
    before = await _anybody(work, person_id)
    if not before.restricted:
        return before
    after = replace(before, restricted=False, version=before.version + 1)
    await people.change(work.session, before, after)
    keys = set(blocking.keys(domain.comparable_person(after)))
    for one in await kept.statements(work.session, after.id):
        keys |= blocking.keys(domain.comparable(one.demographics))
    for was in await kept.former(work.session, after.id):
        # Found by what was theirs together with what is: an old address under the present name, an old telephone.
        keys |= blocking.keys(domain.comparable(histories.as_was(after.demographics, was)))
    await kept.find_by(work.session, after.id, blocking.located(keys))
    await settle(work, after, source=source, reason=reason)
    events.publish_updated(work, after)
    return after


async def settle(work: Work, person: domain.Person, *, source: str, reason: str) -> None:
    """Keep the decision, tell it, and have every answer of this service obey it."""
    decision = whereabouts.Decision(
        person.restricted, source, reason, work.actor.subject, work.actor.organisation_id, work.now
    )
    version = await whereabouts.decide(work.session, person.id, decision)
    await restrictions.record(work.session, person.id, restricted=person.restricted, version=version, at=work.now)
    events.publish_restriction(work, person, version)
    act = "person.restricted" if person.restricted else "person.unrestricted"
    work.audit(act, subject=f"person/{person.id}")


async def _anybody(work: Work, person_id: str) -> domain.Person:
    await work.see_everybody()
    found = await people.get(work.session, [person_id])
    if not found:
        raise errors.NotFound("no such person")
    return found[0]


def _check(reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise errors.Invalid.of("reason", f"say why, in at most {LONGEST_REASON} characters")
