"""Whose is it? Referrals that came in while two people were taken for one, and a human's word on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chassis import auth, errors, paging
from chassis.disclosure import merges
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.referrals import domain, events, policy, store

Oversees = Callable[[auth.Actor], bool]
_RELATED = (common_pb2.RELATIONSHIP_KIND_REFERRER, common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM)


async def since_merge(
    work: Work, merge_id: str, *, page: common_pb2.PageRequest, oversees: Oversees
) -> tuple[Sequence[domain.Referral], common_pb2.PageResponse]:
    """What was referred under any id of the two while they were merged, oldest first. Raises NotFound, Invalid."""
    spell = await merges.spell(work.session, merge_id)
    if oversees(work.actor):
        await work.see_everybody()
    offset, limit = paging.start(page), paging.size(page)
    found, total = await store.referrals.between(
        work.session, spell.ids, begin=spell.merged_at, end=spell.until, offset=offset, limit=limit
    )
    return found, paging.answer(offset=offset, shown=len(found), total=total)


async def assign(
    work: Work, referral_id: str, *, version: int, merge_id: str, person_id: str, oversees: Oversees
) -> domain.Referral:
    """A human says which of two people, who had been taken for one, a referral is about.

    Its referrer and its team know that person from now on, and by this referral no longer the other. Raises NotFound,
    Denied, Invalid, and Conflict when the referral changed or is not one to assign.
    """
    spell = await merges.spell(work.session, merge_id)
    overseen = oversees(work.actor)
    if overseen:
        await work.see_everybody()
    before = await _reached(work, referral_id)
    policy.may_assign(work.actor, before, oversees=overseen)
    moves = await merges.to_assign(
        work.session, spell, held_by=before.person_id, to=person_id, came_at=before.received_at
    )
    if not moves:
        return before
    if version != before.version:
        raise errors.Conflict(f"the referral has changed: its version is {before.version}, not {version}")
    await work.see_everybody()
    after = domain.assign(before, person_id=person_id, by=work.actor, now=work.now)
    await store.referrals.change(work.session, before, after)
    await store.referrals.move_history(work.session, after)
    await _relate_anew(work, before, after)
    events.publish_assigned(work, after, former_person_id=before.person_id, merge_id=merge_id)
    detail = {"merge": merge_id, "from": before.person_id, "to": after.person_id}
    work.audit("referral.assigned", subject=f"referral/{after.id}", detail=detail)
    return after


async def _relate_anew(work: Work, before: domain.Referral, after: domain.Referral) -> None:
    source = f"referral/{after.id}"
    holders = ((after.referrer_organisation_id, ""), (after.organisation_id, after.team_id))
    for kind, (organisation_id, team_id) in zip(_RELATED, holders, strict=True):
        if not organisation_id or (after.status is domain.Status.ENTERED_IN_ERROR and team_id):
            continue
        await work.unrelate(person_id=before.person_id, organisation_id=organisation_id, kind=kind, source=source)
        await work.relate(
            person_id=after.person_id, organisation_id=organisation_id, team_id=team_id, kind=kind, source=source
        )


async def _reached(work: Work, referral_id: str) -> domain.Referral:
    try:
        return await store.referrals.get(work.session, referral_id)
    except errors.NotFound:
        await work.see_everybody()
        raise errors.OutOfReach(await store.referrals.person_of(work.session, referral_id)) from None
