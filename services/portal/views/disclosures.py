"""GET /people/{person}/disclosures: who looked at somebody's record; GET /disclosures leads there by person id."""

from __future__ import annotations

import re

from starlette.responses import RedirectResponse, Response

from chassis import errors
from joinedup.governance.v1 import governance_pb2
from joinedup.identity.v1 import identity_pb2
from services.portal import visit
from services.portal.pages import disclosures as pages
from services.portal.pages import parts
from services.portal.pages.people import Person
from services.portal.shown import disclosures, people
from services.portal.views import lists
from services.portal.visit import Visit

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SIZE = 100
UNSEEN = parts.Withheld("you look after the record, and are not told whom it is about", "Identifying", "no_agreement")


async def find(visit: Visit) -> Response:
    """For those who look after records, and know somebody by their id only."""
    if not visit.may("governance.ledger.verify"):
        raise errors.Denied("the role does not look after records")
    person_id = visit.query("person").lower()
    if _ID.fullmatch(person_id):
        return _to(f"{people.href(person_id)}/disclosures")
    problem = "Enter a person id, such as 5f0b1c2e-9a4d-4c1b-8f6e-2d7c1f7b5a10" if person_id else ""
    page = pages.FindPage(action="/disclosures", text=visit.query("person"), problem=problem)
    return visit.show(page, current="/disclosures", status=400 if problem else 200)


def _to(address: str) -> Response:
    return RedirectResponse(address, visit.SEE_OTHER)


async def show(visit: Visit) -> Response:
    """The ledger about one person."""
    person_id = visit.path("person")
    if not visit.may("governance.disclosures.read"):
        raise errors.Denied("the role does not read the ledger")
    shown = await _person(visit, person_id)
    place = lists.Place(visit, size=_SIZE)
    request = governance_pb2.ListDisclosuresRequest(
        person_id=person_id, page=place.request(), organisation_id=visit.query("organisation")
    )
    with visit.acting(purpose="audit"):
        answer = await visit.peers.governance.ListDisclosures(request)
    names = await visit.portal.directory.names(one.disclosure.practitioner_id for one in answer.entries)
    titles = await visit.portal.directory.agreement_titles()
    checks = visit.may("governance.ledger.verify")
    page = pages.DisclosuresPage(
        person=shown,
        search=await _search(visit, person_id),
        rows=disclosures.entries(answer.entries, names, titles),
        paging=place.paging(answer.page, len(answer.entries)),
        intact=await _intact(visit) if checks and visit.query("check") else None,
        check_href=visit.address(check="yes") if checks and not visit.query("check") else "",
    )
    return visit.show(page, current="/disclosures" if checks else "/caseload")


async def _person(visit: Visit, person_id: str) -> Person:
    """Whom it is about; whoever cares for them has to have a part in it. Raises errors.NotFound for a stranger."""
    if not visit.may("identity.read"):
        return Person(f"{people.href(person_id)}/disclosures", UNSEEN, UNSEEN, UNSEEN)
    with visit.acting():
        found = await visit.peers.identity.GetPerson(identity_pb2.GetPersonRequest(person_id=person_id))
    return people.person(person_id, found, today=visit.now.date())


async def _search(visit: Visit, person_id: str) -> parts.Search:
    chosen = visit.query("organisation")
    filters = [parts.Choice("", "Everybody", not chosen)]
    filters += [
        parts.Choice(one.id, one.name, one.id == chosen)
        for one in await visit.portal.directory.organisations()
        if not one.level
    ]
    address = f"{people.href(person_id)}/disclosures"
    return parts.Search(address, "", "", filters=tuple(filters), filter_label="Looked from", filter_name="organisation")


async def _intact(visit: Visit) -> bool:
    with visit.acting(purpose="audit"):
        return (await visit.peers.governance.VerifyLedger(governance_pb2.VerifyLedgerRequest(), timeout=30)).intact
