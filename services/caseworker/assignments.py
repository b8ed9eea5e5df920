"""Assignments on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from chassis import paging
from chassis.disclosure import circles, merges, redaction
from chassis.rpc import server
from chassis.work import Work
from joinedup.caseworker.v1 import assignments_pb2 as pb
from joinedup.caseworker.v1 import caseworker_pb2
from services.caseworker import moves, tables
from services.caseworker.commands import assignments


@dataclass(frozen=True, slots=True)
class Assigning:
    """The calls; `oversees` tells who looks after the register, whoever a record is about."""

    oversees: assignments.Oversees

    async def list_cases(self, request: pb.ListCasesSinceMergeRequest, work: Work) -> pb.ListCasesSinceMergeResponse:
        """ListCasesSinceMerge."""
        spell = await self._spell(work, request.merge_id)
        offset, limit = paging.start(request.page), paging.size(request.page)
        rows, total = await moves.cases(work.session, spell, offset=offset, limit=limit)
        page = paging.answer(offset=offset, shown=len(rows), total=total)
        told = [_case(row, await circles.known_to_reader(work, row.person_id)) for row in rows]
        return pb.ListCasesSinceMergeResponse(cases=told, page=page)

    async def list_entries(
        self, request: pb.ListEntriesSinceMergeRequest, work: Work
    ) -> pb.ListEntriesSinceMergeResponse:
        """ListEntriesSinceMerge."""
        spell = await self._spell(work, request.merge_id)
        offset, limit = paging.start(request.page), paging.size(request.page)
        rows, total = await moves.entries(work.session, spell, offset=offset, limit=limit)
        page = paging.answer(offset=offset, shown=len(rows), total=total)
        return pb.ListEntriesSinceMergeResponse(entries=map(_entry, rows), page=page)

    async def assign_case(self, request: pb.AssignCaseRequest, work: Work) -> pb.AssignCaseResponse:
        """AssignCase."""
        word = assignments.Word(request.merge_id, request.person_id)
        row = await assignments.assign_case(
            work, request.case_id, word, version=request.version, oversees=self.oversees
        )
        return pb.AssignCaseResponse(case_id=row.case_id, version=row.version, person_id=row.person_id)

    async def assign_entry(self, request: pb.AssignEntryRequest, work: Work) -> pb.AssignEntryResponse:
        """AssignEntry."""
        word = assignments.Word(request.merge_id, request.person_id)
        row = await assignments.assign_entry(work, request.entry_id, word, oversees=self.oversees)
        return pb.AssignEntryResponse(entry_id=row.entry_id, person_id=row.person_id)

    async def _spell(self, work: Work, merge_id: str) -> merges.Spell:
        if self.oversees(work.actor):
            await work.see_everybody()
        return await merges.spell(work.session, merge_id)


def _case(row: tables.CaseRow, circle: circles.Circle) -> pb.CaseSinceMerge:
    named = circle.tells(row.organisation_id)
    message = pb.CaseSinceMerge(
        case_id=row.case_id,
        version=row.version,
        person_id=row.person_id,
        referral_id=row.referral_id,
        status=caseworker_pb2.CaseStatus.Value(f"CASE_STATUS_{row.status.upper()}"),
        key_worker_id=row.key_worker_id if named else "",
        withheld=() if named else [redaction.whereabouts_withheld("key_worker_id")],
    )
    message.opened_at.FromDatetime(row.opened_at)
    return message


def _entry(row: tables.ChronologyRow) -> pb.EntrySinceMerge:
    message = pb.EntrySinceMerge(
        entry_id=row.entry_id,
        person_id=row.person_id,
        kind=cast("caseworker_pb2.ChronologyKind.ValueType", row.kind),
        title=row.title,
    )
    message.at.FromDatetime(row.at)
    return message


def service(oversees: assignments.Oversees) -> server.Service:
    """The service with every handler."""
    calls = Assigning(oversees)
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Assignments"],
        handlers={
            "ListCasesSinceMerge": calls.list_cases,
            "ListEntriesSinceMerge": calls.list_entries,
            "AssignCase": calls.assign_case,
            "AssignEntry": calls.assign_entry,
        },
    )
