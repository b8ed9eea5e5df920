"""Merges on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.disclosure import redaction
from chassis.rpc import server
from chassis.work import Work
from joinedup.identity.v1 import merges_pb2 as pb
from services.identity import assigning, domain, merges, merging, tracing
from services.identity.store.merges import Stated, Wanted


@dataclass(frozen=True, slots=True)
class Merging:
    """The calls; `oversees` tells who looks after the register, `bench` where the lines of matching are drawn."""

    oversees: merging.Oversees
    bench: tracing.Bench

    async def merge_people(self, request: pb.MergePeopleRequest, work: Work) -> pb.MergeResponse:
        """MergePeople."""
        made = await merging.merge(
            work,
            surviving=merging.AsSeen(request.surviving.person_id, request.surviving.version),
            merged=merging.AsSeen(request.merged.person_id, request.merged.version),
            why=merges.Why(request.reason_code, request.note),
        )
        return pb.MergeResponse(merge_id=made.id, version=made.version)

    async def unmerge_people(self, request: pb.UnmergePeopleRequest, work: Work) -> pb.MergeResponse:
        """UnmergePeople."""
        why = merges.Why(request.reason_code, request.note)
        over = await merging.unmerge(work, request.merge_id, why=why, oversees=self.oversees)
        return pb.MergeResponse(merge_id=over.id, version=over.version)

    async def assign_statement(self, request: pb.AssignStatementRequest, work: Work) -> pb.AssignStatementResponse:
        """AssignStatement."""
        which = assigning.Named(request.recorded_under, request.statement_id)
        stands = await assigning.assign(
            work, which, merge_id=request.merge_id, person_id=request.person_id, bench=self.bench
        )
        return pb.AssignStatementResponse(statement_id=stands.statement_id, person_id=stands.recorded_under)

    async def confirm_assignment(
        self, request: pb.ConfirmAssignmentRequest, work: Work
    ) -> pb.ConfirmAssignmentResponse:
        """ConfirmAssignment."""
        one = merges.Confirmed(request.kind, request.item_id, request.person_id)
        said = await merging.confirm(work, request.merge_id, one, oversees=self.oversees)
        return pb.ConfirmAssignmentResponse(item_id=said.item_id, person_id=said.person_id)

    async def list_records(self, request: pb.ListRecordsRequest, work: Work) -> pb.ListRecordsResponse:
        """ListRecords."""
        found = await merging.records(work, request.person_ids, oversees=self.oversees)
        return pb.ListRecordsResponse(records=map(_record, found))

    async def get_merge(self, request: pb.GetMergeRequest, work: Work) -> pb.Merge:
        """GetMerge."""
        told = await merging.get(work, request.merge_id, oversees=self.oversees)
        message = _merge(told.merge, told.since)
        message.confirmed.extend(map(_confirmed, told.confirmed))
        if told.restricted:
            fields = ("since.source", "since.organisation_id")
            message.withheld.extend(redaction.whereabouts_withheld(field) for field in fields)
        return message

    async def list_merges(self, request: pb.ListMergesRequest, work: Work) -> pb.ListMergesResponse:
        """ListMerges."""
        which = Wanted(request.person_id, standing=request.standing, taken_back=request.taken_back)
        found, page = await merging.listed(work, which, page=request.page, oversees=self.oversees)
        return pb.ListMergesResponse(merges=map(_merge, found), page=page)


def _merge(one: merges.Merge, since: Sequence[Stated] = ()) -> pb.Merge:
    message = pb.Merge(
        merge_id=one.id,
        version=one.version,
        surviving_person_id=one.surviving_id,
        merged_person_id=one.merged_id,
        reason_code=one.why.reason_code,
        note=one.why.note,
        merged_by=one.merged_by,
        unmerged_by=one.unmerged_by,
        since=map(_stated, since),
    )
    message.merged_at.FromDatetime(one.merged_at)
    if one.unmerged_at is not None and one.unmerge_why is not None:
        message.unmerged_at.FromDatetime(one.unmerged_at)
        message.unmerge_reason_code = one.unmerge_why.reason_code
        message.unmerge_note = one.unmerge_why.note
    return message


def _record(one: domain.Person) -> pb.Record:
    message = pb.Record(
        person_id=one.id,
        version=one.version,
        verification_status=one.verification.value,
        surviving_person_id=one.surviving_id,
    )
    message.registered_at.FromDatetime(one.registered_at)
    return message


def _confirmed(one: merges.Confirmed) -> pb.ConfirmedAssignment:
    return pb.ConfirmedAssignment(kind=one.kind, item_id=one.item_id, stands_with=one.person_id)


def _stated(one: Stated) -> pb.StatedSince:
    message = pb.StatedSince(
        recorded_under=one.recorded_under,
        source=one.source,
        statement_id=one.statement_id,
        organisation_id=one.organisation_id,
    )
    message.stated_at.FromDatetime(one.at)
    return message


def service(oversees: merging.Oversees, bench: tracing.Bench) -> server.Service:
    """The service with every handler."""
    calls = Merging(oversees, bench)
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Merges"],
        handlers={
            "MergePeople": calls.merge_people,
            "UnmergePeople": calls.unmerge_people,
            "AssignStatement": calls.assign_statement,
            "ConfirmAssignment": calls.confirm_assignment,
            "ListRecords": calls.list_records,
            "GetMerge": calls.get_merge,
            "ListMerges": calls.list_merges,
        },
    )
