"""What caseworker asks of other services."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.rpc import client
from chassis.work import Work
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc


@dataclass(frozen=True)
class Peers:
    """The services that caseworker calls."""

    referrals: referrals_pb2_grpc.ReferralsAsyncStub

    @classmethod
    def over(cls, channels: client.Channels) -> Peers:
        """The peers over these channels."""
        return cls(channels.stub(referrals_pb2_grpc.ReferralsStub, "referrals"))

    async def referral(self, work: Work, referral_id: str) -> referrals_pb2.Referral:
        """A referral as the caller of the command may see it. Raises what the call raises (chassis.errors)."""
        with client.acting(work.actor, purpose=work.purpose):
            return await self.referrals.GetReferral(referrals_pb2.GetReferralRequest(referral_id=referral_id))
