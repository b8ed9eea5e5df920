"""Assignments on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.disclosure import redaction
from chassis.rpc import server
from chassis.work import Work
from joinedup.referrals.v1 import assignments_pb2 as pb
from services.referrals import assigning, domain, events, queries

_WHERE = ("referrer_organisation_id", "team_id")


@dataclass(frozen=True, slots=True)
class Assigning:
    """The calls; `oversees` tells who looks after the register, whoever a record is about."""

    oversees: assigning.Oversees

    async def list_since_merge(
        self, request: pb.ListReferralsSinceMergeRequest, work: Work
    ) -> pb.ListReferralsSinceMergeResponse:
        """ListReferralsSinceMerge."""
        found, page = await assigning.since_merge(work, request.merge_id, page=request.page, oversees=self.oversees)
        told = [_since(one, named=await queries.may_know_referrer(work, one)) for one in found]
        return pb.ListReferralsSinceMergeResponse(referrals=told, page=page)

    async def assign_referral(self, request: pb.AssignReferralRequest, work: Work) -> pb.AssignReferralResponse:
        """AssignReferral."""
        referral = await assigning.assign(
            work,
            request.referral_id,
            version=request.version,
            merge_id=request.merge_id,
            person_id=request.person_id,
            oversees=self.oversees,
        )
        return pb.AssignReferralResponse(
            referral_id=referral.id, version=referral.version, person_id=referral.person_id
        )


def _since(referral: domain.Referral, *, named: bool) -> pb.ReferralSinceMerge:
    """Who may not know who referred is not told which team it went to either: they help nobody, and it has an area."""
    message = pb.ReferralSinceMerge(
        referral_id=referral.id,
        version=referral.version,
        person_id=referral.person_id,
        status=events.STATUSES[referral.status],
        referrer_organisation_id=referral.referrer_organisation_id if named else "",
        team_id=referral.team_id if named else "",
        withheld=() if named else map(redaction.whereabouts_withheld, _WHERE),
    )
    message.received_at.FromDatetime(referral.received_at)
    return message


def service(oversees: assigning.Oversees) -> server.Service:
    """The service with every handler."""
    calls = Assigning(oversees)
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Assignments"],
        handlers={
            "ListReferralsSinceMerge": calls.list_since_merge,
            "AssignReferral": calls.assign_referral,
        },
    )
