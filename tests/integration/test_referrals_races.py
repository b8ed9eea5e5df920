"""Everybody at once on the same referrals: whatever wins, versions have no gaps and the history tells a legal life."""

from __future__ import annotations

import asyncio
import random
import uuid
from contextlib import suppress
from typing import Any

import pytest

from chassis import auth, errors, work
from joinedup.caseworker.v1 import events_pb2 as caseworker_events
from joinedup.common.v1 import common_pb2
from joinedup.referrals.v1 import events_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from services.referrals import __main__ as referrals
from services.referrals import consumers, domain, events, rounds
from services.referrals.settings import Settings
from tests.integration.referrals_world import HOSPITAL, TRIAGE, asked, call, get, house, registered, submit, tell
from tests.integration.service_house import House

__all__ = ["house"]

MOVES = ("accept", "return", "reject", "resubmit", "revoke", "open")
STATUSES = {number: status for status, number in events.STATUSES.items()}


async def move(house: House, name: str, referral_id: str, version: int) -> None:
    """Try one thing; being too late, or not allowed any more, is a fair answer."""
    named: dict[str, Any] = {"referral_id": referral_id, "version": version}
    requests: dict[str, tuple[str, Any, auth.Actor]] = {
        "accept": ("AcceptReferral", pb.AcceptReferralRequest(key_worker_id="kw", **named), TRIAGE),
        "return": ("ReturnReferral", pb.ReturnReferralRequest(advice="more", **named), TRIAGE),
        "reject": ("RejectReferral", pb.RejectReferralRequest(reason_code="40", **named), TRIAGE),
        "resubmit": (
            "ResubmitReferral",
            pb.ResubmitReferralRequest(narrative=common_pb2.Narrative(housing="sofa"), **named),
            HOSPITAL,
        ),
        "revoke": ("RevokeReferral", pb.RevokeReferralRequest(referral_id=referral_id), HOSPITAL),
    }
    with suppress(errors.Conflict, errors.NotFound):
        if name == "open":
            await tell(house, caseworker_events.CaseOpened(case_id="c", referral_id=referral_id, key_worker_id="kw"))
        else:
            await call(house, *requests[name])


async def check_life(house: House, referral_id: str) -> pb.Referral:
    """The history of a referral leads from its beginning to where it stands, and was told without gap."""
    found = await get(house, referral_id, HOSPITAL)
    told = await house.events(events_pb2.ReferralStatusChanged, referral_id=referral_id)
    assert [event.version for event in told] == list(range(2, found.version + 1))
    assert [event.status for event in told] == [decision.status for decision in found.decisions]
    (began,) = await house.events(events_pb2.ReferralSubmitted, referral_id=referral_id)
    at = domain.submitted(routed=bool(began.team_id))
    for decision in found.decisions:
        following = STATUSES[decision.status]
        assert following in domain.TRANSITIONS[at].values()
        at = following
    assert STATUSES[found.status] is at
    assert found.clock.HasField("stopped_at") == (at not in domain.WAITING)
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_any_commands_by_anybody_at_any_time_leave_a_legal_life(house: House, seed: int) -> None:
    chosen = random.Random(seed)
    referral_id = (await submit(house)).referral_id
    for _ in range(5):
        version = (await get(house, referral_id, HOSPITAL)).version
        names = chosen.choices(MOVES, weights=(4, 6, 2, 6, 1, 4), k=4)
        await asyncio.gather(*(move(house, name, referral_id, version) for name in names))
    await check_life(house, referral_id)


async def test_what_waits_is_sent_on_once_while_teams_register_rounds_are_made_and_referrers_revoke(
    house: House,
) -> None:
    assert isinstance(house.config, Settings)
    kind = f"kind-{uuid.uuid4().hex[:6]}"
    waiting = [(await submit(house, asked(team_id="", team_kind=kind))).referral_id for _ in range(12)]
    making = rounds.Rounds(house.database, referrals.desk(house.config), every_seconds=60)

    async def register(team_id: str) -> None:
        # As the consumer does it: what loses a race comes again.
        for _ in range(20):
            try:
                await tell(house, registered(team_id, kind=kind))
            except (errors.Conflict, errors.Unavailable):
                continue
            return

    async def revoke(referral_id: str) -> None:
        await move(house, "revoke", referral_id, 1)

    async def go_round() -> None:
        with suppress(errors.Conflict, errors.Unavailable):
            await making.once(asyncio.Event())

    await asyncio.gather(
        register(f"{kind}-a"),
        register(f"{kind}-b"),
        go_round(),
        go_round(),
        *(revoke(referral_id) for referral_id in waiting[:4]),
    )
    for referral_id in waiting:
        found = await check_life(house, referral_id)
        received = [decision.status for decision in found.decisions].count(pb.STATUS_RECEIVED)
        assert received <= 1
        if referral_id in waiting[4:]:
            assert received == 1
            assert found.team_id in {f"{kind}-a", f"{kind}-b"}


async def test_the_last_place_may_be_given_twice_and_the_team_is_passed_by_afterwards(house: House) -> None:
    kind = f"kind-{uuid.uuid4().hex[:6]}"
    await tell(house, registered(f"{kind}-small", kind=kind, capacity=1))
    await tell(house, registered(f"{kind}-large", kind=kind, capacity=100))
    answers = await asyncio.gather(*(submit(house, asked(team_id="", team_kind=kind)) for _ in range(8)))
    assert all(answer.team_id for answer in answers)
    after = [(await submit(house, asked(team_id="", team_kind=kind))).team_id for _ in range(3)]
    assert after == [f"{kind}-large"] * 3


async def test_a_failing_handler_leaves_nothing_behind(house: House) -> None:
    assert isinstance(house.config, Settings)
    waiting = (await submit(house, asked(team_id="", team_kind="rolled-back"))).referral_id
    handlers = consumers.handlers(referrals.desk(house.config))

    async def fail() -> None:
        async with work.unit(house.database, house.actor, service="referrals") as unit:
            event = registered("rolled-back", kind="rolled-back")
            await handlers[type(event)](unit, event)
            raise RuntimeError("after the handler, before the commit")

    with pytest.raises(RuntimeError, match="after the handler"):
        await fail()
    found = await get(house, waiting, HOSPITAL)
    assert (found.version, found.team_id) == (1, "")
    assert not await house.rows("SELECT 1 FROM team WHERE id = 'rolled-back'")
