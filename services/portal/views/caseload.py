"""GET /caseload: the people whom a key worker, or a team, holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from starlette.responses import Response

from chassis import errors
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from services.portal.pages import caseload, parts
from services.portal.shown import cases, people
from services.portal.views import lists
from services.portal.visit import Visit

WHOSE = {"mine": "Yours", "team": "The whole team"}
SORTS = {"urgency": "Trouble first", "newest": "Newest first", "review": "Review due"}
_ORDERS = {
    "urgency": caseworker_pb2.CASELOAD_ORDER_URGENCY,
    "newest": caseworker_pb2.CASELOAD_ORDER_OPENED_NEWEST,
    "review": caseworker_pb2.CASELOAD_ORDER_REVIEW_DUE,
}


async def show(visit: Visit) -> Response:
    """The caseload. A key worker's own to begin with; triage looks at the whole team's."""
    if not visit.may("caseworker.write"):
        raise errors.Denied("the role holds no cases")
    first = "team" if visit.team and visit.may("referrals.triage") else "mine"
    options = WHOSE if visit.team else {"mine": WHOSE["mine"]}
    whose, filters = lists.chosen(options, visit.query("whose") or first)
    sort, sorts = lists.chosen(SORTS, visit.query("sort"))
    text, place = visit.query("q"), lists.Place(visit)
    request = caseworker_pb2.ListCaseloadRequest(
        team_id=visit.post.team_id if whose == "team" else "",
        key_worker_id=visit.staff.id if whose == "mine" else "",
        order=_ORDERS[sort],
        page=place.request(),
    )
    everybody = await _everybody(visit, request)
    answer = await _searched(visit, request, everybody, text) if text else await _asked(visit, request)
    page = caseload.CaseloadPage(
        whose=visit.team.name if whose == "team" and visit.team else "Your caseload",
        alerts=sum(cases.alert_at(one, now=visit.now, within=_standing(visit)) is not None for one in everybody),
        overdue=sum(one.overdue_actions > 0 for one in everybody),
        search=parts.Search("/caseload", text, "Search by name or NHS Number", sorts, filters, filter_name="whose"),
        rows=await _rows(visit, answer.cases),
        paging=place.paging(answer.page, len(answer.cases)),
        live=visit.live(f"organisation:{visit.organisation.id}" if whose == "team" else f"worker:{visit.staff.id}"),
    )
    return visit.show(page, current="/caseload")


def _standing(visit: Visit) -> timedelta:
    return timedelta(hours=visit.portal.config.alert_hours)


async def _asked(visit: Visit, request: caseworker_pb2.ListCaseloadRequest) -> caseworker_pb2.ListCaseloadResponse:
    with visit.acting():
        return await visit.peers.caseworker.ListCaseload(request)


async def _everybody(visit: Visit, request: caseworker_pb2.ListCaseloadRequest) -> list[caseworker_pb2.Case]:
    """All cases of the list, for what stands above it; a case says nothing about its person but that it is one."""
    wide = caseworker_pb2.ListCaseloadRequest()
    wide.CopyFrom(request)
    wide.page.CopyFrom(common_pb2.PageRequest(size=lists.MOST_PEOPLE))
    found: list[caseworker_pb2.Case] = []
    while True:
        answer = await _asked(visit, wide)
        found += answer.cases
        wide.page.token = answer.page.next_token
        if not wide.page.token or len(found) >= lists.MOST_SEARCHED:
            return found


async def _searched(
    visit: Visit,
    request: caseworker_pb2.ListCaseloadRequest,
    everybody: Sequence[caseworker_pb2.Case],
    text: str,
) -> caseworker_pb2.ListCaseloadResponse:
    meant = await lists.matching(visit, (one.person_id for one in everybody), text)
    if not meant:
        return caseworker_pb2.ListCaseloadResponse()
    request.person_ids.extend(meant)
    return await _asked(visit, request)


async def _rows(visit: Visit, found: Sequence[caseworker_pb2.Case]) -> tuple[caseload.CaseRow, ...]:
    known = await lists.named(visit, (one.person_id for one in found))
    names = await visit.portal.directory.names(one.key_worker_id for one in found)
    today = visit.now.date()
    return tuple(
        cases.row(
            one,
            people.person(one.person_id, known.get(one.person_id), today=today),
            names,
            now=visit.now,
            alerts_within=_standing(visit),
        )
        for one in found
    )
