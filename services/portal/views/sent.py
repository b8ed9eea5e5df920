"""GET /sent: what became of the referrals that the reader's organisation sent."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from joinedup.referrals.v1 import referrals_pb2
from services.portal.pages import inbox, parts
from services.portal.views import lists
from services.portal.views.inbox import rows
from services.portal.visit import Visit

STATUSES = {"": "All", "open": "Not decided yet", "on_hold": "Returned to us", "ended": "Decided"}
_OPEN = [referrals_pb2.STATUS_REQUESTED, referrals_pb2.STATUS_RECEIVED, referrals_pb2.STATUS_ON_HOLD]
_ASKED: dict[str, list[referrals_pb2.Status.ValueType]] = {
    "": [],
    "open": _OPEN,
    "on_hold": [referrals_pb2.STATUS_ON_HOLD],
    "ended": [number for number in referrals_pb2.Status.values() if number and number not in _OPEN],
}


async def show(visit: Visit) -> Response:
    """The organisation's sent referrals, the newest first."""
    status, filters = lists.chosen(STATUSES, visit.query("status"))
    place = lists.Place(visit)
    request = referrals_pb2.ListSentReferralsRequest(
        statuses=_ASKED[status], order=referrals_pb2.WORKLIST_ORDER_RECEIVED_NEWEST, page=place.request()
    )
    with visit.acting():
        answer = await visit.peers.referrals.ListSentReferrals(request)
    names = await visit.portal.directory.names([])
    teams = {one.team_id: await visit.portal.directory.team(one.team_id) for one in answer.referrals}
    made = await rows(visit, answer.referrals)
    shown = tuple(
        replace(row, referrer=team.name if team else names.organisation(one.organisation_id), new=False)
        for row, one in zip(made, answer.referrals, strict=True)
        for team in (teams[one.team_id],)
    )
    page = inbox.SentPage(
        organisation=visit.organisation.name,
        search=parts.Search("/sent", "", "", filters=filters),
        rows=shown,
        paging=place.paging(answer.page, len(shown)),
        live=visit.live(f"organisation:{visit.organisation.id}"),
    )
    return visit.show(page, current="/sent")
