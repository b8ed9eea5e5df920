"""The services that the portal calls, always on behalf of the practitioner at the screen."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.rpc import client
from joinedup.caseworker.v1 import assignments_pb2_grpc as case_grpc
from joinedup.caseworker.v1 import caseworker_pb2_grpc
from joinedup.governance.v1 import assignments_pb2_grpc as decision_grpc
from joinedup.governance.v1 import governance_pb2_grpc
from joinedup.identity.v1 import identity_pb2_grpc, merges_pb2_grpc, reviews_pb2_grpc
from joinedup.referrals.v1 import assignments_pb2_grpc as referral_grpc
from joinedup.referrals.v1 import referrals_pb2_grpc


@dataclass(frozen=True)
class Peers:
    """A typed stub for each; call them inside `client.acting`."""

    identity: identity_pb2_grpc.IdentityAsyncStub
    reviews: reviews_pb2_grpc.ReviewsAsyncStub
    referrals: referrals_pb2_grpc.ReferralsAsyncStub
    caseworker: caseworker_pb2_grpc.CaseworkerAsyncStub
    governance: governance_pb2_grpc.GovernanceAsyncStub
    directory: governance_pb2_grpc.DirectoryAsyncStub
    merges: merges_pb2_grpc.MergesAsyncStub
    # What came in while two people were taken for one, and whose each of it is.
    assigning_referrals: referral_grpc.AssignmentsAsyncStub
    assigning_cases: case_grpc.AssignmentsAsyncStub
    assigning_decisions: decision_grpc.AssignmentsAsyncStub

    @classmethod
    def over(cls, channels: client.Channels) -> Peers:
        """The peers over these channels."""
        return cls(
            identity=channels.stub(identity_pb2_grpc.IdentityStub, "identity"),
            reviews=channels.stub(reviews_pb2_grpc.ReviewsStub, "identity"),
            referrals=channels.stub(referrals_pb2_grpc.ReferralsStub, "referrals"),
            caseworker=channels.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker"),
            governance=channels.stub(governance_pb2_grpc.GovernanceStub, "governance"),
            directory=channels.stub(governance_pb2_grpc.DirectoryStub, "governance"),
            merges=channels.stub(merges_pb2_grpc.MergesStub, "identity"),
            assigning_referrals=channels.stub(referral_grpc.AssignmentsStub, "referrals"),
            assigning_cases=channels.stub(case_grpc.AssignmentsStub, "caseworker"),
            assigning_decisions=channels.stub(decision_grpc.AssignmentsStub, "governance"),
        )
