"""What the gateway asks of other services, on behalf of the organisation whose message it carries."""

from __future__ import annotations

from dataclasses import dataclass

from chassis import auth, errors
from chassis.rpc import client
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc


@dataclass(frozen=True)
class Peers:
    """The services that the gateway calls."""

    identity: identity_pb2_grpc.IdentityAsyncStub
    referrals: referrals_pb2_grpc.ReferralsAsyncStub

    @classmethod
    def over(cls, channels: client.Channels) -> Peers:
        """The peers over these channels."""
        return cls(
            channels.stub(identity_pb2_grpc.IdentityStub, "identity"),
            channels.stub(referrals_pb2_grpc.ReferralsStub, "referrals"),
        )

    async def register(
        self, actor: auth.Actor, key: str, request: identity_pb2.RegisterPersonRequest
    ) -> identity_pb2.RegisterPersonResponse:
        """Find or register the person. The same key again is the same answer."""
        with client.acting(actor, idempotency_key=key):
            return await self.identity.RegisterPerson(request)

    async def trace(
        self, actor: auth.Actor, request: identity_pb2.TracePersonRequest
    ) -> identity_pb2.TracePersonResponse:
        """Find a person."""
        with client.acting(actor):
            return await self.identity.TracePerson(request)

    async def check(self, actor: auth.Actor, request: referrals_pb2.SubmitReferralRequest) -> None:
        """Ask whether a referral could be submitted, of somebody who may not be known yet. Raises as `submit` does."""
        try:
            with client.acting(actor):
                await self.referrals.CheckReferral(referrals_pb2.CheckReferralRequest(referral=request))
        except errors.Invalid as refusal:
            # What the frame refuses is named from the outermost message.
            own = (errors.Violation(one.field.removeprefix("referral."), one.problem) for one in refusal.violations)
            raise errors.Invalid(*own) from refusal

    async def submit(
        self, actor: auth.Actor, key: str, request: referrals_pb2.SubmitReferralRequest
    ) -> referrals_pb2.SubmitReferralResponse:
        """Submit the referral. The same key again is the same answer."""
        with client.acting(actor, idempotency_key=key):
            return await self.referrals.SubmitReferral(request)

    async def revoke(
        self, actor: auth.Actor, key: str, request: referrals_pb2.RevokeReferralRequest
    ) -> referrals_pb2.DecideReferralResponse:
        """Take the referral back."""
        with client.acting(actor, idempotency_key=key):
            return await self.referrals.RevokeReferral(request)
