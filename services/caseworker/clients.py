"""What caseworker asks of other services."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.rpc import client
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc


@dataclass(frozen=True)
class Peers:
    """The services that caseworker calls."""

    referrals: referrals_pb2_grpc.ReferralsAsyncStub


_peers: list[Peers] = []


def connect(channels: client.Channels) -> None:
    """Say, once at start, over which channels peers are reached."""
    _peers[:] = [Peers(channels.stub(referrals_pb2_grpc.ReferralsStub, "referrals"))]


async def referral(referral_id: str) -> referrals_pb2.Referral:
    """A referral as the caller of the current command may see it. Raises what the call raises (chassis.errors)."""
    return await _peers[0].referrals.GetReferral(referrals_pb2.GetReferralRequest(referral_id=referral_id))
