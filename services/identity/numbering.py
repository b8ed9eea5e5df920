"""What can be asked of a person's NHS Number, and what an answer of the Personal Demographics Service brings about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from chassis.disclosure import merges
from chassis.work import Work
from services.identity import amending, domain, events, lookalikes, nhs_number, numbers, restricting, tracing
from services.identity.store import histories as kept
from services.identity.store import nearby, people
from services.identity.store import numbers as numbered


class Found(StrEnum):
    """What PDS answered."""

    PERSON = "person"
    NOBODY = "nobody"
    TOO_MANY = "too_many"
    # 404 INVALIDATED_RESOURCE: the number that was asked for is dead.
    INVALIDATED = "invalidated"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The person afterwards, and whether somebody else has or had the number that they were to be given."""

    person: domain.Person
    contested: bool


async def attach(
    work: Work,
    person_id: str,
    *,
    version: int,
    number: str,
    authority: numbers.Authority,
    source: str,
    environment: str,
) -> Outcome:
    """Give a person without a number the one that was traced. Raises Invalid, NotFound, Denied, Conflict."""
    value = nhs_number.parse(number, environment=environment).value
    await amending.require_part(work, person_id)
    before = await amending.seen(work, person_id, version)
    return await _attach(work, before, value, authority=authority, source=source)


async def verify(
    work: Work, person_id: str, *, version: int, status: domain.Verification, authority: numbers.Authority, source: str
) -> Outcome:
    """Record how far a person's number can be relied upon. Raises Invalid, NotFound, Denied, Conflict."""
    await amending.require_part(work, person_id)
    before = await amending.seen(work, person_id, version)
    return await _verify(work, before, status, authority=authority, source=source)


async def supersede(work: Work, person_id: str, *, version: int, number: str, source: str, environment: str) -> Outcome:
    """Replace a person's number by the one in its stead, as PDS says. Raises Invalid, NotFound, Denied, Conflict."""
    value = nhs_number.parse(number, environment=environment).value
    await amending.require_part(work, person_id)
    before = await amending.seen(work, person_id, version)
    return await _supersede(work, before, value, source=source)


async def invalidate(work: Work, person_id: str, *, version: int, source: str, bench: tracing.Bench) -> Outcome:
    """Take a dead number off a person. Raises NotFound, Denied, Conflict.

    Two numbers tell two people apart: who else the person may be without theirs is for a human to say.
    """
    await amending.require_part(work, person_id)
    before = await amending.seen(work, person_id, version)
    return await _invalidate(work, before, source=source, bench=bench)


async def apply(
    work: Work,
    *,
    person_id: str,
    version: int,
    found: Found,
    number: str = "",
    restricted: bool = False,
    source: str,
    bench: tracing.Bench,
) -> Outcome:
    """Bring about what PDS answered of a registered person, whoever asked it: for the service's own work.

    `version` is the one that was asked about, `number` the id of the Patient in the answer (PERSON only), `restricted`
    whether its meta.security holds the code R, `source` the record of the request ("pds/<request id>"). A different
    number than the person's supersedes theirs. The mark is set here and never lifted: a human ends a restriction
    (LiftRestriction). Raises Invalid for a number that is none, NotFound, and Conflict when the person changed since.
    """
    before = await amending.seen(work, person_id, version)
    if restricted and not before.restricted:
        before = await restricting.protect(work, before, source=source, reason="PDS: meta.security R")
    authority = numbers.Authority.PDS
    match found:
        case Found.PERSON:
            value = nhs_number.parse(number, environment=bench.environment).value
            return await _confirmed(work, before, value, source=source)
        case Found.INVALIDATED if before.demographics.nhs_number:
            return await _invalidate(work, before, source=source, bench=bench)
        case _:
            status = domain.Verification.NO_OR_MULTIPLE_MATCH
            return await _verify(work, before, status, authority=authority, source=source)


async def _confirmed(work: Work, before: domain.Person, number: str, *, source: str) -> Outcome:
    known = before.demographics.nhs_number
    if number in before.former_numbers:
        # PDS gives a number back that it had taken away: a human has to see why.
        status = domain.Verification.NEEDS_RESOLVING
        return await _verify(work, before, status, authority=numbers.Authority.PDS, source=source)
    if not known:
        return await _attach(work, before, number, authority=numbers.Authority.PDS, source=source)
    if known != number:
        return await _supersede(work, before, number, source=source)
    return await _verify(work, before, domain.Verification.VERIFIED, authority=numbers.Authority.PDS, source=source)


async def _attach(
    work: Work, before: domain.Person, number: str, *, authority: numbers.Authority, source: str
) -> Outcome:
    holder_id = await _held(work, number)
    if holder_id != before.id and holder_id in await merges.known_as(work.session, before.id):
        # It stands on another record of the same person, who answers with it already.
        return Outcome(before, contested=False)
    change = numbers.attach(before, number, authority=authority, holder_id=holder_id)
    return await _settle(work, before, change, "attached", number=number, authority=authority, source=source)


async def _supersede(work: Work, before: domain.Person, number: str, *, source: str) -> Outcome:
    holder_id, authority = await _held(work, number), numbers.Authority.PDS
    change = numbers.supersede(before, number, holder_id=holder_id, source=source, now=work.now, authority=authority)
    return await _settle(work, before, change, "superseded", number=number, authority=authority, source=source)


async def _invalidate(work: Work, before: domain.Person, *, source: str, bench: tracing.Bench) -> Outcome:
    change = numbers.invalidate(before, source=source, now=work.now)
    await lookalikes.hold(work, change.person)
    authority = numbers.Authority.PDS
    settled = await _settle(work, before, change, "invalidated", number="", authority=authority, source=source)
    return replace(settled, person=await lookalikes.look(work, settled.person, bench, source=source))


async def _verify(
    work: Work,
    before: domain.Person,
    status: domain.Verification,
    *,
    authority: numbers.Authority,
    source: str,
) -> Outcome:
    change = numbers.verify(before, status, authority=authority, today=work.now.date())
    return await _settle(work, before, change, "verified", number="", authority=authority, source=source)


def _keys(number: str) -> frozenset[str]:
    return tracing.keys(domain.Demographics(nhs_number=number))


async def _held(work: Work, number: str) -> str:
    """Who has or had a number; nobody takes it between this and the end of the transaction."""
    await nearby.lock(work.session, _keys(number))
    return await numbered.holder(work.session, number)


async def _settle(
    work: Work,
    before: domain.Person,
    change: numbers.Change,
    act: str,
    *,
    number: str,
    authority: numbers.Authority,
    source: str,
) -> Outcome:
    after, contested = change.person, bool(change.holder_id)
    if after != before:
        await people.change(work.session, before, after)
        events.publish_updated(work, after)
    if change.former:
        await numbered.end(work.session, after.id, change.former)
    if contested:
        held = domain.Suspect(change.holder_id, 0.0, ("NHS Number is the same",))
        after = await lookalikes.suspect(work, after, [held], source=source)
    elif number:
        await kept.find_by(work.session, after.id, _keys(number))
    verified = numbers.Verified(
        after.verification, authority, source, work.actor.subject, work.actor.organisation_id, work.now
    )
    await numbered.verified(work.session, after.id, verified)
    detail = {"status": after.verification.value, "authority": authority.value, "contested": str(contested).lower()}
    work.audit(f"number.{act}", subject=f"person/{after.id}", detail=detail)
    return Outcome(after, contested)
