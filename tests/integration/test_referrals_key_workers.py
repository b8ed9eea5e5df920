"""Who can be key worker: those of the receiving team whose work a case is, as governance tells it; nobody else."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from chassis import errors
from joinedup.referrals.v1 import events_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from tests.integration.referrals_world import TRIAGE, assigned, call, get, house, submit, tell
from tests.integration.service_house import House

__all__ = ["house"]

PROBLEM = "is not a member of the team that received the referral"


async def accept(house: House, referral_id: str, key_worker_id: str) -> pb.DecideReferralResponse:
    """Triage takes a new referral on, and names this key worker."""
    request = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id=key_worker_id)
    answer = await call(house, "AcceptReferral", request, TRIAGE)
    assert isinstance(answer, pb.DecideReferralResponse)
    return answer


async def refuse(house: House, referral_id: str, key_worker_id: str) -> None:
    """The key worker is refused by name of the field; the referral waits on as it was, and nobody is told."""
    with pytest.raises(errors.Invalid) as refused:
        await accept(house, referral_id, key_worker_id)
    assert refused.value.violations == (errors.Violation("key_worker_id", PROBLEM),)
    found = await get(house, referral_id)
    assert (found.version, found.status, found.key_worker_id) == (1, pb.STATUS_RECEIVED, "")
    assert not await house.events(events_pb2.ReferralStatusChanged, referral_id=referral_id)


@pytest.mark.parametrize(
    "held",
    [
        [],
        [{"team_id": "second"}],
        [{"organisation_id": "council", "team_id": "housing"}],
        [{"organisation_id": "council"}],
        [{"team_id": ""}],
        [{"role": "partner"}, {"role": "referrer"}],
        [{"role": "partner"}, {"team_id": "second", "role": "triage"}],
    ],
    ids=["nobody", "other-team", "other-house", "team-of-other-house", "whole-house", "no-cases", "cases-elsewhere"],
)
async def test_whoever_has_no_such_role_in_the_receiving_team_is_refused(
    house: House, held: list[dict[str, Any]]
) -> None:
    practitioner_id = str(uuid.uuid4())
    for role in held:
        await tell(house, assigned(practitioner_id, **role))
    await refuse(house, (await submit(house)).referral_id, practitioner_id)


@pytest.mark.parametrize("role", ["caseworker", "triage"])
async def test_a_member_is_accepted_also_with_roles_elsewhere_and_told_twice(house: House, role: str) -> None:
    practitioner_id = str(uuid.uuid4())
    roles = [assigned(practitioner_id, team_id="second", role="partner"), assigned(practitioner_id, role=role)]
    for event in [*roles, *reversed(roles)]:
        await tell(house, event)
    known = await house.rows("SELECT team_id, role FROM team_member WHERE practitioner_id = $1", practitioner_id)
    assert {tuple(row) for row in known} == {("second", "partner"), ("complex", role)}
    assert len(known) == 2

    referral_id = (await submit(house)).referral_id
    assert (await accept(house, referral_id, practitioner_id)).status == pb.STATUS_ACCEPTED
    assert (await get(house, referral_id)).key_worker_id == practitioner_id


async def test_whoever_was_refused_is_accepted_once_the_role_is_told(house: House) -> None:
    practitioner_id = str(uuid.uuid4())
    referral_id = (await submit(house)).referral_id
    await refuse(house, referral_id, practitioner_id)
    await tell(house, assigned(practitioner_id))
    assert (await accept(house, referral_id, practitioner_id)).version == 2
