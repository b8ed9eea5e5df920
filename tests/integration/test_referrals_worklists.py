"""Where referrals go, through the real server on a real PostgreSQL: routed, waited for, sent on, listed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chassis import auth, errors
from joinedup.common.v1 import common_pb2
from joinedup.referrals.v1 import events_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from services.referrals import __main__ as referrals
from services.referrals import rounds
from services.referrals.settings import Settings
from tests.integration.referrals_world import (
    HOSPITAL,
    OTHER_TEAM,
    TRIAGE,
    asked,
    get,
    house,
    registered,
    submit,
    tell,
    worklist,
)
from tests.integration.service_house import House

__all__ = ["house"]


async def test_routed_by_service_and_by_kind_area_and_room(house: House) -> None:
    by_service = await submit(house, asked(team_id="", service_id="dos-1"))
    assert by_service.team_id == "complex"
    where = {"team_id": "", "team_kind": "complex_needs", "outward_postcode": "ex31 "}
    first = await submit(house, asked(**where))
    assert first.team_id == "second"
    found = await get(house, first.referral_id, OTHER_TEAM)
    assert found.routing.startswith("Sent to Team second (Trust): a complex needs team for the person's area; of the 2")
    # Its one place is taken now.
    assert (await submit(house, asked(**where))).team_id == "complex"


async def test_what_nobody_can_take_yet_waits_and_is_sent_on_when_the_team_is_known(house: House) -> None:
    request = asked(team_id="", team_kind="falls", outward_postcode="EX9")
    answer = await submit(house, request)
    assert (answer.team_id, answer.version) == ("", 1)
    waiting = await get(house, answer.referral_id, HOSPITAL)
    assert waiting.status == pb.STATUS_REQUESTED
    assert "it waits here" in waiting.routing

    await tell(house, registered("falls-elsewhere", kind="falls", catchment=["PL1"]))
    assert (await get(house, answer.referral_id, HOSPITAL)).version == 1
    await tell(house, registered("falls", kind="falls", catchment=["EX9"], organisation_id="council"))
    member = replace(TRIAGE, team_ids=("falls",), organisation_id="council", sector=auth.Sector.COUNCIL)
    (found,) = (await worklist(house, member, team_id="falls")).referrals
    assert (found.referral_id, found.status, found.version) == (answer.referral_id, pb.STATUS_RECEIVED, 2)
    assert found.clock.started_at == waiting.clock.started_at
    assert found.decisions[0].status == pb.STATUS_RECEIVED
    (told,) = await house.events(events_pb2.ReferralStatusChanged, referral_id=answer.referral_id)
    assert (told.team_id, told.organisation_id, told.version) == ("falls", "council", 2)
    await tell(house, registered("falls", kind="falls", catchment=["EX9"], organisation_id="council"))
    assert (await get(house, answer.referral_id, HOSPITAL)).version == 2


async def test_a_team_that_is_named_before_it_is_known_is_waited_for_and_the_fallback_team_takes_the_rest(
    house: House,
) -> None:
    named = await submit(house, asked(team_id="late"))
    unserved = await submit(house, asked(team_id="", service_id="dos-none"))
    await tell(house, registered("late"))
    assert (await get(house, named.referral_id, HOSPITAL)).team_id == "late"
    assert (await get(house, unserved.referral_id, HOSPITAL)).status == pb.STATUS_REQUESTED
    await tell(house, registered("access", kind="single_point_of_access"), fallback="access")
    taken = await get(house, unserved.referral_id, HOSPITAL)
    assert (taken.team_id, taken.status) == ("access", pb.STATUS_RECEIVED)
    assert taken.routing.startswith("No team answers to the service dos-none; Team access (Trust) takes what has no")


Key = Callable[[pb.Referral], Any]


@pytest.mark.parametrize(
    ("order", "key"),
    [
        (pb.WORKLIST_ORDER_DUE, lambda one: (one.clock.due_at.ToNanoseconds(), one.referral_id)),
        (pb.WORKLIST_ORDER_RECEIVED_NEWEST, lambda one: -one.received_at.ToNanoseconds()),
        (
            pb.WORKLIST_ORDER_PRIORITY,
            lambda one: (-one.priority, one.clock.due_at.ToNanoseconds(), one.referral_id),
        ),
    ],
)
async def test_lists_are_ordered_and_paged_without_gap_or_repetition(
    house: House, order: pb.WorklistOrder.ValueType, key: Key
) -> None:
    team_id = f"paged-{order}"
    await tell(house, registered(team_id))
    member = replace(TRIAGE, team_ids=(team_id,))
    for turn in range(7):
        await submit(house, asked(team_id=team_id, priority=1 + turn % 4))
    seen: list[pb.Referral] = []
    token = ""
    for _ in range(3):
        page = common_pb2.PageRequest(size=3, token=token)
        answer = await worklist(house, member, team_id=team_id, order=order, page=page)
        assert answer.page.total == 7
        seen += answer.referrals
        token = answer.page.next_token
    assert token == ""
    assert len({one.referral_id for one in seen}) == 7
    assert seen == sorted(seen, key=key)
    with pytest.raises(errors.Invalid, match=r"page\.token"):
        await worklist(house, member, page=common_pb2.PageRequest(token="bm9uZQ"))
    everything = await worklist(house, member, statuses=[pb.STATUS_RECEIVED, pb.STATUS_ACCEPTED])
    assert everything.page.total == 7
    assert not (await worklist(house, member, statuses=[pb.STATUS_ACCEPTED])).referrals


async def test_a_round_finds_a_team_for_what_still_waits(house: House) -> None:
    assert isinstance(house.config, Settings)
    answers = [await submit(house, asked(team_id="", service_id="dos-nowhere")) for _ in range(3)]
    await tell(house, registered("desk", kind="single_point_of_access"))
    desk = referrals.desk(house.config.model_copy(update={"fallback_team_id": "desk"}))
    stop = asyncio.Event()
    making = rounds.Rounds(house.database, desk, every_seconds=0.05)
    running = asyncio.create_task(making.run(stop))
    for _ in range(200):
        if (await get(house, answers[-1].referral_id, HOSPITAL)).team_id == "desk":
            break
        await asyncio.sleep(0.05)
    stop.set()
    await running
    assert making.ready
    for answer in answers:
        found = await get(house, answer.referral_id, HOSPITAL)
        assert (found.team_id, found.version) == ("desk", 2)
