"""The chronology as it is told: everything that happened around a person, and with whom, apart from each other."""

from __future__ import annotations

from typing import cast

from chassis import errors, paging
from chassis.disclosure import circles
from chassis.work import Work
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.common.v1 import common_pb2
from services.caseworker import domain, narratives, reach, store, tables


async def list_chronology(
    work: Work, request: caseworker_pb2.ListChronologyRequest
) -> caseworker_pb2.ListChronologyResponse:
    """Everything that happened around a person, newest first."""
    if not request.person_id:
        raise errors.Invalid.of("person_id", "must be given")
    limit = paging.size(request.page)
    begin = paging.position(request.page, like=(str, str))
    rows, total = await store.chronology(
        work.session,
        request.person_id,
        kinds=list(request.kinds),
        before=(paging.moment(begin[0]), str(begin[1])) if begin else None,
        limit=limit + 1,
    )
    shown = rows[:limit]
    more = len(rows) > limit
    circle = await reach.circle(work, request.person_id)
    next_token = paging.token(shown[-1].at.isoformat(), shown[-1].entry_id) if more else ""
    return caseworker_pb2.ListChronologyResponse(
        entries=[_entry(row, circle) for row in shown],
        page=common_pb2.PageResponse(next_token=next_token, total=total),
    )


def _told_source(row: tables.ChronologyRow) -> str:
    """The record behind an entry; of a contact no more than that there is one, as its name says whose it was."""
    what, _, _ = row.source.rpartition("encounter/")
    return f"{what}encounter/{row.entry_id}" if "encounter/" in row.source else row.source


def _entry(row: tables.ChronologyRow, circle: circles.Circle) -> caseworker_pb2.ChronologyEntry:
    narrative, contact_with = _told(row)
    message = caseworker_pb2.ChronologyEntry(
        entry_id=row.entry_id,
        person_id=row.person_id,
        kind=cast("caseworker_pb2.ChronologyKind.ValueType", row.kind),
        title=row.title,
        narrative=narrative,
        organisation_id=row.organisation_id,
        practitioner_id=row.practitioner_id,
        source=_told_source(row),
        contact_with=contact_with,
    )
    message.at.FromDatetime(row.at)
    circle.close(message, "organisation_id", "practitioner_id")
    return message


def _told(row: tables.ChronologyRow) -> tuple[common_pb2.Narrative, caseworker_pb2.ContactWith | None]:
    """What an entry says, and with whom a contact was.

    Rows hold the two in one text, those that an earlier release wrote as well: they are taken apart here, so that the
    frame can withhold the one without the other.
    """
    if row.kind != caseworker_pb2.CHRONOLOGY_KIND_ENCOUNTER:
        return narratives.message(row.narrative), None
    told = {data_class: domain.contact_parts(text) for data_class, text in row.narrative.items()}
    narrative = narratives.message({data_class: what for data_class, (what, _) in told.items()})
    return narrative, caseworker_pb2.ContactWith(**{data_class: whose for data_class, (_, whose) in told.items()})
