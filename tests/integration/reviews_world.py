"""A records team and its queue: people who are suspected of being one, looked at and decided about."""

from __future__ import annotations

import uuid
from dataclasses import replace

from chassis import auth
from chassis.rpc.client import acting
from joinedup.identity.v1 import events_pb2, identity_pb2
from joinedup.identity.v1 import reviews_pb2 as pb
from joinedup.identity.v1.reviews_pb2_grpc import ReviewsStub
from services.identity.reviews import Pair
from tests.integration import service_house
from tests.integration.service_house import House
from tests.integration.test_identity_register import HOSPITAL, number, register, somebody

AGREEMENTS = service_house.ROLES.parent / "agreements"
STEWARD = auth.Actor(
    subject="practitioner:steward",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="records",
    sector=auth.Sector.NHS,
    role="identity_steward",
    practitioner_id="steward",
    purpose=auth.Purpose.DATA_QUALITY.value,
)
COLLEAGUE = replace(STEWARD, subject="practitioner:colleague", practitioner_id="colleague")
OVERSEER = replace(STEWARD, role="data_quality", purpose="administration")
MATCH = identity_pb2.TRACE_OUTCOME_MATCH
SAME, DIFFERENT, NOT_SURE = pb.REVIEW_DECISION_SAME, pb.REVIEW_DECISION_DIFFERENT, pb.REVIEW_DECISION_NOT_SURE


async def merges(house: House, pair: Pair) -> list[events_pb2.PersonMerged]:
    """The merges of the two that were told."""
    told = await house.events(events_pb2.PersonMerged)
    return [event for event in told if Pair.of(event.surviving_person_id, event.merged_person_id) == pair]


async def suspected(house: House, seed: int, by: auth.Actor = HOSPITAL) -> Pair:
    """Two people of whom a human has to say: the second was registered with the first one's number."""
    holder = await register(house, somebody(seed, nhs_number=number(seed)))
    other = await register(house, twin(seed), by)
    assert other.outcome == identity_pb2.TRACE_OUTCOME_REVIEW
    return Pair.of(holder.person_id, other.person_id)


def twin(seed: int) -> identity_pb2.Demographics:
    return somebody(seed + 1000, nhs_number=number(seed), birth_date="2001-07-07", telephone=telephone(seed))


def telephone(seed: int) -> str:
    return f"01271 {320_000 + seed}"


async def ask(house: House, call: str, request: object, actor: auth.Actor = STEWARD, key: str = "") -> object:
    with acting(actor, purpose=actor.purpose, idempotency_key=key):
        return await getattr(house.channels.stub(ReviewsStub, "identity"), call)(request)


async def look(house: House, pair: Pair, actor: auth.Actor = STEWARD) -> pb.Review:
    found = await ask(house, "GetReview", pb.GetReviewRequest(review_id=pair.review_id), actor)
    assert isinstance(found, pb.Review)
    return found


async def listed(house: House, actor: auth.Actor = STEWARD, **asked: object) -> pb.ListReviewsResponse:
    found = await ask(house, "ListReviews", pb.ListReviewsRequest(**asked), actor)  # type: ignore[arg-type]
    assert isinstance(found, pb.ListReviewsResponse)
    return found


async def decide(
    house: House,
    pair: Pair,
    decision: pb.ReviewDecision.ValueType,
    reason: str,
    *,
    version: int = 1,
    actor: auth.Actor = STEWARD,
    key: str = "",
) -> pb.DecideReviewResponse:
    request = pb.DecideReviewRequest(review_id=pair.review_id, version=version, decision=decision, reason_code=reason)
    answer = await ask(house, "DecideReview", request, actor, key or str(uuid.uuid4()))
    assert isinstance(answer, pb.DecideReviewResponse)
    return answer
