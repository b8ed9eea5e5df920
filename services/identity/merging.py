"""Merging two people into one and taking it back: load, decide, store and tell, in the transaction of the call."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chassis import auth, errors, paging
from chassis.disclosure import restrictions
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.identity import domain, events, merges, restricting, reviews
from services.identity.store import confirmed, whereabouts
from services.identity.store import merges as register
from services.identity.store import reviews as decided

MOST_RECORDS = 200
Oversees = Callable[[auth.Actor], bool]


@dataclass(frozen=True, slots=True)
class AsSeen:
    """A person in the version that somebody looked at."""

    person_id: str
    version: int


async def merge(work: Work, *, surviving: AsSeen, merged: AsSeen, why: merges.Why) -> merges.Merge:
    """Say that two people are one. The frame has turned away whoever may not know of either.

    Raises Invalid, NotFound, and Conflict when one of them has changed since, or the two are one already.
    """
    merges.check(why, merges.REASONS)
    await work.see_everybody()
    records = await register.locked(work.session, [surviving.person_id, merged.person_id])
    kept, gone = _as_seen(records.get(surviving.person_id), surviving), _as_seen(records.get(merged.person_id), merged)
    made = merges.merge(kept, gone, merge_id=str(uuid.uuid4()), why=why, by=work.actor.subject, now=work.now)
    await register.add(work.session, made)
    events.publish_merged(work, made)
    detail = {"surviving": made.surviving_id, "merged": made.merged_id, "reason": why.reason_code}
    work.audit("person.merged", subject=f"merge/{made.id}", detail=detail)
    return made


async def unmerge(work: Work, merge_id: str, *, why: merges.Why, oversees: Oversees) -> merges.Merge:
    """Take a merge back. Raises Invalid, NotFound, and Conflict when it was taken back before."""
    merges.check(why, merges.UNMERGE_REASONS)
    standing = await _reached(work, merge_id, oversees)
    await work.see_everybody()
    await register.locked(work.session, [standing.surviving_id, standing.merged_id])
    over = merges.unmerge(standing, why=why, by=work.actor.subject, now=work.now)
    await register.end(work.session, standing, over)
    await _protect_both(work, over)
    # Whoever is told apart so is not proposed again, whatever the review queue said before.
    pair = reviews.Pair.of(over.surviving_id, over.merged_id)
    actor, different = work.actor, reviews.Decision.DIFFERENT
    told = reviews.Decided(different, reviews.UNMERGED, actor.practitioner_id, actor.organisation_id, work.now)
    await decided.mark_different(work.session, pair, told)
    events.publish_unmerged(work, over)
    detail = {"surviving": over.surviving_id, "merged": over.merged_id, "reason": why.reason_code}
    work.audit("person.unmerged", subject=f"merge/{over.id}", detail=detail)
    return over


async def _protect_both(work: Work, over: merges.Merge) -> None:
    """Of two who are two again, let both be protected if that was said while they were taken for one.

    It may have been said of either, and stands with one. Until a human lifts it the other is not left without.
    """
    kept, gone = (await register.records(work.session, [over.surviving_id, over.merged_id])).values()
    for shut, bare in ((kept, gone), (gone, kept)):
        if bare.restricted or not shut.restricted:
            continue
        if await whereabouts.protected_since(work.session, shut.id, over.merged_at):
            await restricting.protect(work, bare, source=f"merge/{over.id}", reason=restricting.MEANWHILE)


async def confirm(work: Work, merge_id: str, one: merges.Confirmed, *, oversees: Oversees) -> merges.Confirmed:
    """Remember that a human has looked at something that came in meanwhile. Raises Invalid, NotFound, Conflict."""
    said = merges.confirm(await _reached(work, merge_id, oversees), one)
    await confirmed.add(work.session, merge_id, said, by=work.actor.subject, at=work.now)
    detail = {"kind": said.kind, "item": said.item_id, "person": said.person_id}
    work.audit("assignment.confirmed", subject=f"merge/{merge_id}", detail=detail)
    return said


async def records(work: Work, person_ids: Sequence[str], *, oversees: Oversees) -> Sequence[domain.Person]:
    """The records of those within reach, as they are stored. Raises Invalid for more than 200."""
    if len(person_ids) > MOST_RECORDS:
        raise errors.Invalid.of("person_ids", f"are more than {MOST_RECORDS}")
    if oversees(work.actor):
        await work.see_everybody()
    found = await register.records(work.session, person_ids)
    return [found[person_id] for person_id in dict.fromkeys(person_ids) if person_id in found]


@dataclass(frozen=True, slots=True)
class Told:
    """A merge with what was stated of the person while it stood; by whom is withheld of somebody who is restricted.

    `confirmed` is what a human has looked at since.
    """

    merge: merges.Merge
    since: Sequence[register.Stated]
    confirmed: Sequence[merges.Confirmed]
    restricted: bool


async def get(work: Work, merge_id: str, *, oversees: Oversees) -> Told:
    """A merge, and what was stated of the person while it stood. Raises NotFound."""
    found = await _reached(work, merge_id, oversees)
    since = await register.stated_since(work.session, found)
    either = [await restrictions.holds(work.session, one) for one in (found.surviving_id, found.merged_id)]
    if any(either):
        since = [replace(one, source="", organisation_id="") for one in since]
    return Told(found, since, await confirmed.of(work.session, merge_id), any(either))


async def listed(
    work: Work, which: register.Wanted, *, page: common_pb2.PageRequest, oversees: Oversees
) -> tuple[Sequence[merges.Merge], common_pb2.PageResponse]:
    """Merges of people within reach, newest first. Raises Invalid for a page of another list."""
    if oversees(work.actor):
        await work.see_everybody()
    size, begin = paging.size(page), paging.position(page, like=(str, str))
    before = (paging.moment(begin[0]), str(begin[1])) if begin else None
    found, total = await register.page(work.session, which, before=before, most=size + 1)
    shown = found[:size]
    following = paging.token(shown[-1].merged_at.isoformat(), shown[-1].id) if len(found) > size else ""
    return shown, common_pb2.PageResponse(next_token=following, total=total)


async def _reached(work: Work, merge_id: str, oversees: Oversees) -> merges.Merge:
    """A merge of a person whom the caller is related to, or whoever it is for those who oversee. Raises NotFound."""
    if oversees(work.actor):
        await work.see_everybody()
    found = await register.get(work.session, merge_id)
    if found is not None:
        return found
    await work.see_everybody()
    hidden = await register.get(work.session, merge_id)
    raise errors.OutOfReach(hidden.surviving_id) if hidden else errors.NotFound("no such merge")


def _as_seen(person: domain.Person | None, seen: AsSeen) -> domain.Person:
    if person is None:
        raise errors.NotFound("no such person")
    if seen.version < 1:
        raise errors.Invalid.of("version", f"say which version of {seen.person_id} was looked at")
    if person.version != seen.version:
        raise errors.Conflict(f"{person.id} has changed: its version is {person.version}, not {seen.version}")
    return person
