"""What notify asks of other services, always in the name of whoever is to be told.

The owner of the data decides and records what that recipient may know; notify never holds more than it may send.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chassis import auth
from chassis.rpc import client
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc
from joinedup.governance.v1 import directory_pb2, governance_pb2_grpc
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc


@dataclass(frozen=True)
class Peers:
    """The services that notify calls."""

    identity: identity_pb2_grpc.IdentityAsyncStub
    caseworker: caseworker_pb2_grpc.CaseworkerAsyncStub
    referrals: referrals_pb2_grpc.ReferralsAsyncStub
    directory: governance_pb2_grpc.DirectoryAsyncStub

    @classmethod
    def over(cls, channels: client.Channels) -> Peers:
        """The peers over these channels."""
        return cls(
            channels.stub(identity_pb2_grpc.IdentityStub, "identity"),
            channels.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker"),
            channels.stub(referrals_pb2_grpc.ReferralsStub, "referrals"),
            channels.stub(governance_pb2_grpc.DirectoryStub, "governance"),
        )

    async def practitioner(self, practitioner_id: str) -> directory_pb2.Practitioner:
        """A practitioner with e-mail address and roles. Raises errors.NotFound."""
        with client.acting(auth.service_actor("notify")):
            return await self.directory.GetPractitioner(directory_pb2.GetPractitionerRequest(id=practitioner_id))

    async def person(self, person_id: str) -> identity_pb2.Person:
        """The person as the recipient may know them. Raises errors.NotFound for a stranger."""
        return await self.identity.GetPerson(identity_pb2.GetPersonRequest(person_id=person_id))

    async def action(self, action_id: str) -> caseworker_pb2.Action:
        """The action as the recipient may know it. Raises errors.NotFound for a stranger."""
        return await self.caseworker.GetAction(caseworker_pb2.GetActionRequest(action_id=action_id))

    async def referral(self, referral_id: str) -> referrals_pb2.Referral:
        """The referral as the recipient may know it. Raises errors.NotFound for a stranger."""
        return await self.referrals.GetReferral(referrals_pb2.GetReferralRequest(referral_id=referral_id))


@contextmanager
def in_the_name_of(recipient: auth.Actor) -> Iterator[None]:
    """Ask as the recipient would: what comes back is what they may know."""
    with client.acting(recipient, purpose=auth.Purpose.DIRECT_CARE):
        yield
