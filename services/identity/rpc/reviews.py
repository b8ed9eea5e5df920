"""Reviews on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.disclosure.answers import Answers
from chassis.rpc import server
from chassis.work import Work
from joinedup.identity.v1 import reviews_pb2 as pb
from services.identity import reviewing, wire_reviews


@dataclass(frozen=True, slots=True)
class Reviewing:
    """The calls; `answers` decides what a reader may know."""

    answers: Answers

    async def list_reviews(self, request: pb.ListReviewsRequest, work: Work) -> pb.ListReviewsResponse:
        """ListReviews."""
        found = await reviewing.queue(
            work,
            self.answers,
            states=wire_reviews.states_of(request.states),
            text=request.text,
            order=wire_reviews.order_of(request.order),
            page=request.page,
        )
        return wire_reviews.queue(found)

    async def get_review(self, request: pb.GetReviewRequest, work: Work) -> pb.Review:
        """GetReview."""
        return wire_reviews.review(await reviewing.look(work, self.answers, request.review_id))

    async def decide_review(self, request: pb.DecideReviewRequest, work: Work) -> pb.DecideReviewResponse:
        """DecideReview."""
        decided = await reviewing.decide(
            work,
            self.answers,
            request.review_id,
            seen=request.version,
            decision=wire_reviews.decision_of(request.decision),
            reason=request.reason_code,
        )
        return wire_reviews.decided(decided)


def service(answers: Answers) -> server.Service:
    """The service with every handler."""
    calls = Reviewing(answers)
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Reviews"],
        handlers={
            "ListReviews": calls.list_reviews,
            "GetReview": calls.get_review,
            "DecideReview": calls.decide_review,
        },
    )
