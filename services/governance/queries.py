"""What governance can be asked: agreements, who looked, whether the ledger is whole, and the directory."""

from __future__ import annotations

from chassis import errors, paging
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, events_pb2, governance_pb2
from services.governance import domain, store

# Links that are checked in one reading, so that memory does not grow with the ledger.
_PIECE = 5_000


async def list_agreements(
    work: Work, request: governance_pb2.ListAgreementsRequest
) -> governance_pb2.ListAgreementsResponse:
    """Published versions, or only those in force now."""
    offset, limit = paging.start(request.page), paging.size(request.page)
    rows, total = await store.publications(
        work.session, in_force_at=work.now if request.in_force else None, offset=offset, limit=limit
    )
    return governance_pb2.ListAgreementsResponse(
        agreements=[events_pb2.Agreement.FromString(row.content) for row in rows],
        page=paging.answer(offset=offset, shown=len(rows), total=total),
    )


async def list_disclosures(
    work: Work, request: governance_pb2.ListDisclosuresRequest
) -> governance_pb2.ListDisclosuresResponse:
    """Who looked at a person's record, newest first."""
    if not request.person_id:
        raise errors.Invalid.of("person_id", "must be given")
    # An information governance lead has no relationship to the person; the permission is what lets them read.
    await work.see_everybody()
    limit = paging.size(request.page)
    begin = paging.position(request.page, like=(int,))
    rows, total = await store.entries(
        work.session,
        request.person_id,
        organisation_id=request.organisation_id,
        before=int(begin[0]) if begin else None,
        limit=limit + 1,
    )
    more = len(rows) > limit
    return governance_pb2.ListDisclosuresResponse(
        entries=[_entry(row) for row in rows[:limit]],
        page=common_pb2.PageResponse(next_token=paging.token(rows[limit - 1].sequence) if more else "", total=total),
    )


def _entry(row: store.LedgerRow) -> governance_pb2.LedgerEntry:
    return governance_pb2.LedgerEntry(
        sequence=row.sequence,
        disclosure=events_pb2.DisclosureRecorded.FromString(row.body),
        hash=row.hash,
        previous_hash=row.previous_hash,
    )


async def verify_ledger(work: Work) -> governance_pb2.VerifyLedgerResponse:
    """Recompute the whole chain, in pieces, against what is stored."""
    # A chain can be judged only whole; what is answered names nobody.
    await work.see_everybody()
    # Entries come in meanwhile, each with its head in one transaction: the head that is read after the last link is
    # never behind it, and what came later is left to the next time.
    newest = await store.newest_link(work.session)
    length, end = await store.end_of_chain(work.session)
    if newest > length:
        return governance_pb2.VerifyLedgerResponse(intact=False, entries=length, broken_at=length + 1)
    count, last = 0, domain.GENESIS
    while rows := await store.links(work.session, after=count, limit=min(_PIECE, length - count)):
        chain = [domain.Link(row.sequence, row.previous_hash, row.hash, row.body) for row in rows]
        broken = domain.first_broken(chain, previous_hash=last, after=count)
        if broken is not None:
            return governance_pb2.VerifyLedgerResponse(intact=False, entries=count, broken_at=broken)
        count, last = chain[-1].sequence, chain[-1].hash
        work.session.expunge_all()
    # Links cut off at the end leave a chain that holds in itself; the head still knows how long it was.
    whole = (length, end) == (count, last)
    return governance_pb2.VerifyLedgerResponse(intact=whole, entries=count, broken_at=0 if whole else count + 1)


async def list_organisations(
    work: Work, request: directory_pb2.ListOrganisationsRequest
) -> directory_pb2.ListOrganisationsResponse:
    """Organisations by name."""
    offset = paging.start(request.page)
    rows, total = await store.directory(
        work.session,
        "organisation",
        search=request.search,
        sector=request.sector,
        offset=offset,
        limit=paging.size(request.page),
    )
    return directory_pb2.ListOrganisationsResponse(
        organisations=[directory_pb2.Organisation.FromString(row.content) for row in rows],
        page=paging.answer(offset=offset, shown=len(rows), total=total),
    )


async def list_teams(work: Work, request: directory_pb2.ListTeamsRequest) -> directory_pb2.ListTeamsResponse:
    """Teams by name."""
    offset = paging.start(request.page)
    rows, total = await store.directory(
        work.session,
        "team",
        search=request.search,
        organisation_id=request.organisation_id,
        offset=offset,
        limit=paging.size(request.page),
    )
    return directory_pb2.ListTeamsResponse(
        teams=[directory_pb2.Team.FromString(row.content) for row in rows],
        page=paging.answer(offset=offset, shown=len(rows), total=total),
    )


async def list_practitioners(
    work: Work, request: directory_pb2.ListPractitionersRequest
) -> directory_pb2.ListPractitionersResponse:
    """Practitioners by name."""
    offset = paging.start(request.page)
    rows, total = await store.directory(
        work.session,
        "practitioner",
        search=request.search,
        organisation_id=request.organisation_id,
        team_id=request.team_id,
        offset=offset,
        limit=paging.size(request.page),
    )
    return directory_pb2.ListPractitionersResponse(
        practitioners=[directory_pb2.Practitioner.FromString(row.content) for row in rows],
        page=paging.answer(offset=offset, shown=len(rows), total=total),
    )


async def get_practitioner(work: Work, practitioner_id: str) -> directory_pb2.Practitioner:
    """A practitioner with every role. Raises errors.NotFound."""
    row = await store.directory_entry(work.session, "practitioner", practitioner_id)
    if row is None:
        raise errors.NotFound("there is no such practitioner")
    return directory_pb2.Practitioner.FromString(row.content)
