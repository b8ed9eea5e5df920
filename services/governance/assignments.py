"""Assignments on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from chassis.rpc import server
from chassis.work import Work
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import assignments_pb2 as pb
from services.governance import assigning, words


@dataclass(frozen=True, slots=True)
class Assigning:
    """The calls; `oversees` tells who looks after the register, whoever a record is about."""

    oversees: assigning.Oversees

    async def list_since_merge(
        self, request: pb.ListDecisionsSinceMergeRequest, work: Work
    ) -> pb.ListDecisionsSinceMergeResponse:
        """ListDecisionsSinceMerge."""
        found, page = await assigning.since_merge(work, request.merge_id, page=request.page, oversees=self.oversees)
        return pb.ListDecisionsSinceMergeResponse(decisions=[_since(*each) for each in found], page=page)


async def assign_decision(request: pb.AssignDecisionRequest, work: Work) -> pb.AssignDecisionResponse:
    """AssignDecision."""
    which = assigning.Recorded(request.recorded_under, request.sector, request.version)
    refused = await assigning.assign(work, which, merge_id=request.merge_id, person_id=request.person_id)
    return pb.AssignDecisionResponse(person_id=request.person_id, refused=refused)


def _since(sector: int, word: words.Said) -> pb.DecisionSinceMerge:
    message = pb.DecisionSinceMerge(
        person_id=word.person_id,
        sector=cast("common_pb2.Sector.ValueType", sector),
        version=word.version,
        refused=word.refused,
        assigned_to=word.assigned_to,
    )
    message.decided_at.FromDatetime(word.at)
    return message


def service(oversees: assigning.Oversees) -> server.Service:
    """The service with every handler."""
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Assignments"],
        handlers={
            "ListDecisionsSinceMerge": Assigning(oversees).list_since_merge,
            "AssignDecision": assign_decision,
        },
    )
