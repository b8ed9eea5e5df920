"""What can be read of referrals; the frame decides afterwards what of it the caller may know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chassis import errors, paging
from chassis.disclosure import restrictions
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from services.referrals import domain, policy, store, submission

MOST_PEOPLE = 200
NOBODY = "00000000-0000-0000-0000-000000000000"
# What waits for somebody.
_UNLESS_SAID = (domain.Status.RECEIVED, domain.Status.ON_HOLD)


def check(work: Work, asked: submission.Submission) -> None:
    """Raises what submitting this would raise for its own sake: Invalid naming each field, Denied.

    For whoever registers a person in order to refer them: somebody who is not yet known stands for that person.
    """
    policy.may_submit(work.actor)
    submission.check(replace(asked, person_id=asked.person_id or NOBODY), now=work.now)


async def get(work: Work, referral_id: str) -> domain.Referral:
    """A referral with its history. Raises NotFound, as OutOfReach when row-level security hides one."""
    try:
        return await store.referrals.with_history(work.session, referral_id)
    except errors.NotFound:
        await work.see_everybody()
        raise errors.OutOfReach(await store.referrals.person_of(work.session, referral_id)) from None


async def may_know_referrer(work: Work, referral: domain.Referral) -> bool:
    """Whether the caller may know who referred: of a restricted person only those who answer each other may.

    It may be the person's own practice, and the partners of a plan can read of the referral that it came from.
    """
    actor = work.actor
    if actor.is_internal or actor.organisation_id in (referral.organisation_id, referral.referrer_organisation_id):
        return True
    return not await restrictions.holds(work.session, referral.person_id)


async def worklist(
    work: Work,
    *,
    team_id: str,
    statuses: Sequence[domain.Status],
    person_ids: Sequence[str],
    order: store.lists.Order,
    page: common_pb2.PageRequest,
) -> store.lists.Page:
    """What a team has received, those that wait for somebody unless statuses are named. Raises Denied, Invalid."""
    if len(person_ids) > MOST_PEOPLE:
        raise errors.Invalid.of("person_ids", f"are more than {MOST_PEOPLE}")
    wanted = store.lists.Filter(
        statuses=statuses or _UNLESS_SAID,
        team_ids=policy.teams_to_list(work.actor, team_id),
        person_ids=person_ids,
    )
    return await _page(work, wanted, order, page)


async def worklist_counts(work: Work, team_id: str) -> store.lists.Counts:
    """How the whole work list of a team, or of all the caller's teams, stands. Raises Denied."""
    return await store.lists.counts(work.session, policy.teams_to_list(work.actor, team_id), now=work.now)


async def sent(
    work: Work, *, statuses: Sequence[domain.Status], order: store.lists.Order, page: common_pb2.PageRequest
) -> store.lists.Page:
    """What the caller's organisation has sent, whatever became of it. Raises Denied, Invalid."""
    wanted = store.lists.Filter(
        statuses=statuses or tuple(domain.Status),
        referrer_organisation_id=policy.organisation_to_list(work.actor),
    )
    return await _page(work, wanted, order, page)


async def _page(
    work: Work, wanted: store.lists.Filter, order: store.lists.Order, page: common_pb2.PageRequest
) -> store.lists.Page:
    return await store.lists.page(
        work.session,
        wanted,
        order=order,
        after=paging.position(page, like=store.lists.SHAPES[order]),
        size=paging.size(page),
    )
