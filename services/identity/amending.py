"""What can be said of somebody who is registered: what is so now; and what was so, read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis import errors
from chassis.disclosure.answers import Answers
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.identity import commands, domain, events, histories, lookalikes, numbers, tracing
from services.identity.matching import blocking
from services.identity.store import histories as kept
from services.identity.store import numbers as numbered
from services.identity.store import people, traces

# Anybody may refer anybody: this relationship is one that its holder made, and gives no say in who somebody is.
PARTICIPANTS = Answers(disregards=frozenset({common_pb2.RELATIONSHIP_KIND_REFERRER}))


@dataclass(frozen=True, slots=True)
class History:
    """All that was stated of somebody, and all that was once shown of them."""

    person: domain.Person
    statements: Sequence[histories.Statement]
    former: Sequence[histories.Former]
    former_numbers: Sequence[numbers.Former]
    verifications: Sequence[numbers.Verified]


async def update(
    work: Work, person_id: str, *, version: int, amendment: histories.Amendment, bench: tracing.Bench
) -> domain.Person:
    """Say what is so of a person from a day on; what was shown becomes history, and they are found by it still.

    Whoever they now may be besides is for a human to say, and the PDS is asked about them anew where it was to be.
    `version` is the one that the caller saw. Raises Invalid naming each field, NotFound, Denied for a mere referrer,
    and Conflict when the record has changed since.
    """
    await require_part(work, person_id)
    stated = amendment.demographics
    if stated != domain.Demographics():
        domain.check_parts(stated, environment=bench.environment, today=work.now.date())
    before = await seen(work, person_id, version)
    change = histories.amend(before, amendment, await kept.statements(work.session, person_id))
    after = change.person
    if after == before:
        return before
    keys = blocking.keys(domain.comparable_person(after)) - blocking.keys(domain.comparable_person(before))
    await lookalikes.hold(work, after)
    await people.change(work.session, before, after)
    said = histories.Statement(
        stated,
        amendment.source,
        work.now,
        amendment.effective,
        work.actor.organisation_id,
        amendment.emptied,
        after.version,
    )
    await kept.state(work.session, after.id, said)
    await kept.keep(work.session, after.id, change.former)
    await kept.find_by(work.session, after.id, keys)
    events.publish_updated(work, after)
    parts = ",".join(sorted(one.part.value for one in change.former))
    work.audit("person.updated", subject=f"person/{after.id}", detail={"replaced": parts})
    after = await lookalikes.look(work, after, bench, source=amendment.source)
    if bench.asks_pds:
        traces.queue(work, after)
    return after


async def history(work: Work, person_id: str) -> History:
    """All that was stated and shown of a person within reach. Raises NotFound, Denied for a mere referrer."""
    await require_part(work, person_id)
    found = await people.get(work.session, [person_id])
    if not found:
        raise errors.NotFound("no such person")
    person = found[0]
    return History(
        person,
        tuple(histories.restated(person, await kept.statements(work.session, person_id))),
        tuple(histories.shown(person, await kept.former(work.session, person_id))),
        await numbered.former(work.session, person_id),
        await numbered.verifications(work.session, person_id),
    )


async def require_part(work: Work, person_id: str) -> None:
    """Denied unless the caller has a part in the person's support other than having referred them."""
    considered = await PARTICIPANTS.consider(work, [person_id])
    if considered.decide(person_id).is_stranger:
        raise errors.Denied("only those who have a part in this person's support may; having referred them is none")


async def seen(work: Work, person_id: str, version: int) -> domain.Person:
    """A person as the caller saw them. Raises NotFound, and Conflict when they have changed since.

    Row-level security is lifted for the rest of the transaction: a number may be held by somebody out of reach.
    """
    await work.see_everybody()
    found = await people.get(work.session, [person_id])
    if not found:
        raise errors.NotFound("no such person")
    if found[0].surviving_id:
        raise errors.Conflict(f"this person is known as {found[0].surviving_id}: change that record")
    if found[0].version != version:
        raise errors.Conflict("the person's record has changed meanwhile")
    return found[0]


def sourced(work: Work, source: str) -> str:
    """The record that says so, or whoever says it. Raises Invalid."""
    return commands.check_source(source) or work.actor.subject
