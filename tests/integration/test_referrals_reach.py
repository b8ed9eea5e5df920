"""Who reaches a referral: strangers learn nothing, not even that it is there, and each attempt stands in the ledger."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from chassis import errors
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from tests.integration.referrals_world import OFFICER, OTHER_TEAM, asked, call, house, submit
from tests.integration.service_house import House

__all__ = ["house"]


@pytest.mark.parametrize(
    ("name", "request_", "actor"),
    [
        ("GetReferral", pb.GetReferralRequest(), OFFICER),
        ("AcceptReferral", pb.AcceptReferralRequest(version=1, key_worker_id="me"), OTHER_TEAM),
        ("ReturnReferral", pb.ReturnReferralRequest(version=1, advice="Ask the council"), OTHER_TEAM),
        ("RejectReferral", pb.RejectReferralRequest(version=1, reason_code="22"), OTHER_TEAM),
        (
            "ResubmitReferral",
            pb.ResubmitReferralRequest(version=1, narrative=common_pb2.Narrative(health="More")),
            OFFICER,
        ),
        ("RevokeReferral", pb.RevokeReferralRequest(), OFFICER),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_a_stranger_is_told_the_same_of_a_referral_and_of_none(
    house: House, name: str, request_: Any, actor: Any
) -> None:
    referral = asked()
    request_.referral_id = (await submit(house, referral)).referral_id
    with pytest.raises(errors.NotFound) as hidden:
        await call(house, name, request_, actor)
    (entry,) = await house.ledger(referral.person_id)
    assert entry.outcome == events_pb2.DISCLOSURE_OUTCOME_REFUSED
    assert (entry.method, entry.actor) == (f"joinedup.referrals.v1.Referrals/{name}", actor.subject)
    request_.referral_id = str(uuid.uuid4())
    with pytest.raises(errors.NotFound) as absent:
        await call(house, name, request_, actor)
    assert str(hidden.value) == str(absent.value)


async def test_a_key_workers_id_that_is_none_is_refused_before_it_is_told_to_others(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    request = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id="k" * 3_000)
    with pytest.raises(errors.Invalid) as refused:
        await call(house, "AcceptReferral", request, OTHER_TEAM)
    assert refused.value.violations[0].field == "key_worker_id"
