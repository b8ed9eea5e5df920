"""Referrals on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.rpc import server
from chassis.work import Work
from joinedup.referrals.v1 import referrals_pb2 as pb
from services.referrals import commands, queries, wire


@dataclass(frozen=True, slots=True)
class Taking:
    """The call that needs the rulebook and the fallback team."""

    desk: commands.Desk

    async def submit_referral(self, request: pb.SubmitReferralRequest, work: Work) -> pb.SubmitReferralResponse:
        """SubmitReferral."""
        return wire.submitted(await commands.submit(work, wire.asked(request), self.desk))


async def check_referral(request: pb.CheckReferralRequest, work: Work) -> pb.CheckReferralResponse:
    """CheckReferral."""
    queries.check(work, wire.asked(request.referral))
    return pb.CheckReferralResponse()


async def get_referral(request: pb.GetReferralRequest, work: Work) -> pb.Referral:
    """GetReferral."""
    found = await queries.get(work, request.referral_id)
    message = wire.referral(found)
    return message if await queries.may_know_referrer(work, found) else wire.without_referrer(message)


async def list_worklist(request: pb.ListWorklistRequest, work: Work) -> pb.ListWorklistResponse:
    """ListWorklist."""
    listed = await queries.worklist(
        work,
        team_id=request.team_id,
        statuses=wire.statuses_of(request.statuses),
        person_ids=request.person_ids,
        order=wire.order_of(request.order),
        page=request.page,
    )
    return pb.ListWorklistResponse(
        referrals=map(wire.referral, listed.referrals),
        page=wire.page(listed),
        counts=wire.counts(await queries.worklist_counts(work, request.team_id)),
    )


async def list_sent_referrals(request: pb.ListSentReferralsRequest, work: Work) -> pb.ListSentReferralsResponse:
    """ListSentReferrals."""
    listed = await queries.sent(
        work,
        statuses=wire.statuses_of(request.statuses),
        order=wire.order_of(request.order),
        page=request.page,
    )
    return pb.ListSentReferralsResponse(referrals=map(wire.referral, listed.referrals), page=wire.page(listed))


async def accept_referral(request: pb.AcceptReferralRequest, work: Work) -> pb.DecideReferralResponse:
    """AcceptReferral."""
    referral = await commands.accept(
        work, request.referral_id, version=request.version, key_worker_id=request.key_worker_id
    )
    return wire.decided(referral)


async def return_referral(request: pb.ReturnReferralRequest, work: Work) -> pb.DecideReferralResponse:
    """ReturnReferral."""
    referral = await commands.send_back(work, request.referral_id, version=request.version, advice=request.advice)
    return wire.decided(referral)


async def reject_referral(request: pb.RejectReferralRequest, work: Work) -> pb.DecideReferralResponse:
    """RejectReferral."""
    referral = await commands.reject(
        work, request.referral_id, version=request.version, reason_code=request.reason_code, note=request.note
    )
    return wire.decided(referral)


async def resubmit_referral(request: pb.ResubmitReferralRequest, work: Work) -> pb.DecideReferralResponse:
    """ResubmitReferral."""
    referral = await commands.resubmit(
        work, request.referral_id, version=request.version, narrative=wire.narrative_of(request.narrative)
    )
    return wire.decided(referral)


async def revoke_referral(request: pb.RevokeReferralRequest, work: Work) -> pb.DecideReferralResponse:
    """RevokeReferral."""
    referral = await commands.revoke(
        work,
        referral_id=request.referral_id,
        message_id=request.message_id,
        in_error=request.entered_in_error,
        note=request.note,
    )
    return wire.decided(referral)


def service(desk: commands.Desk) -> server.Service:
    """The service with every handler."""
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Referrals"],
        handlers={
            "SubmitReferral": Taking(desk).submit_referral,
            "CheckReferral": check_referral,
            "GetReferral": get_referral,
            "ListWorklist": list_worklist,
            "ListSentReferrals": list_sent_referrals,
            "AcceptReferral": accept_referral,
            "ReturnReferral": return_referral,
            "RejectReferral": reject_referral,
            "ResubmitReferral": resubmit_referral,
            "RevokeReferral": revoke_referral,
        },
    )
