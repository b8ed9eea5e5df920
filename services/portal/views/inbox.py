"""GET /inbox: what a team has received, with the ones that wait first."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from chassis import errors
from joinedup.common.v1 import common_pb2
from joinedup.referrals.v1 import referrals_pb2
from services.portal.pages import inbox, parts
from services.portal.shown import people, referrals
from services.portal.views import lists
from services.portal.visit import Visit

_RECEIVED, _HELD = referrals_pb2.STATUS_RECEIVED, referrals_pb2.STATUS_ON_HOLD
STATUSES = {
    "": "Waiting and returned",
    "received": "Waiting for triage",
    "on_hold": "Returned with advice",
    "accepted": "Accepted",
    "rejected": "Refused",
    "all": "All",
}
_ASKED: dict[str, list[referrals_pb2.Status.ValueType]] = {
    "": [_RECEIVED, _HELD],
    "received": [_RECEIVED],
    "on_hold": [_HELD],
    "accepted": [
        referrals_pb2.STATUS_ACCEPTED,
        referrals_pb2.STATUS_IN_PROGRESS,
        referrals_pb2.STATUS_COMPLETED,
    ],
    "rejected": [referrals_pb2.STATUS_REJECTED],
    "all": [number for number in referrals_pb2.Status.values() if number],
}
SORTS = {"due": "Soonest due", "newest": "Newest first", "priority": "Priority"}
_ORDERS = {
    "due": referrals_pb2.WORKLIST_ORDER_DUE,
    "newest": referrals_pb2.WORKLIST_ORDER_RECEIVED_NEWEST,
    "priority": referrals_pb2.WORKLIST_ORDER_PRIORITY,
}


async def show(visit: Visit) -> Response:
    """The inbox of the reader's team."""
    if visit.team is None:
        raise errors.NotFound("the reader is in no team")
    status, statuses = lists.chosen(STATUSES, visit.query("status"))
    sort, sorts = lists.chosen(SORTS, visit.query("sort"))
    text, place = visit.query("q"), lists.Place(visit)
    request = referrals_pb2.ListWorklistRequest(
        team_id=visit.team.id, statuses=_ASKED[status], order=_ORDERS[sort], page=place.request()
    )
    answer = await _searched(visit, request, text) if text else await _asked(visit, request)
    page = inbox.InboxPage(
        team=visit.team.name,
        waiting=answer.counts.waiting,
        overdue=answer.counts.overdue,
        new=answer.counts.recent,
        search=parts.Search("/inbox", text, "Search by name or NHS Number", sorts, statuses),
        rows=await rows(visit, answer.referrals),
        paging=place.paging(answer.page, len(answer.referrals)),
        live=visit.live(f"team:{visit.team.id}"),
    )
    return visit.show(page, current="/inbox")


async def _asked(visit: Visit, request: referrals_pb2.ListWorklistRequest) -> referrals_pb2.ListWorklistResponse:
    with visit.acting():
        return await visit.peers.referrals.ListWorklist(request)


async def _searched(
    visit: Visit, request: referrals_pb2.ListWorklistRequest, text: str
) -> referrals_pb2.ListWorklistResponse:
    """The part of the list that is about people of that name: names are identity's to know, and the list is not."""
    everybody: list[str] = []
    wide = referrals_pb2.ListWorklistRequest()
    wide.CopyFrom(request)
    wide.page.CopyFrom(common_pb2.PageRequest(size=lists.MOST_PEOPLE))
    while True:
        found = await _asked(visit, wide)
        everybody += [one.person_id for one in found.referrals]
        wide.page.token = found.page.next_token
        if not wide.page.token or len(everybody) >= lists.MOST_SEARCHED:
            break
    meant = await lists.matching(visit, everybody, text)
    if not meant:
        return referrals_pb2.ListWorklistResponse(counts=found.counts)
    request.person_ids.extend(meant)
    return await _asked(visit, request)


async def rows(visit: Visit, found: Sequence[referrals_pb2.Referral]) -> tuple[inbox.ReferralRow, ...]:
    """Referrals with the names of everybody in them."""
    known = await lists.named(visit, (one.person_id for one in found))
    names = await visit.portal.directory.names(one.referrer_practitioner_id for one in found)
    today = visit.now.date()
    return tuple(
        referrals.row(one, people.person(one.person_id, known.get(one.person_id), today=today), names, now=visit.now)
        for one in found
    )
