"""Live pages: who follows hears that something changed, and a browser that is slow or gone holds nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from chassis import errors
from joinedup.caseworker.v1 import events_pb2 as caseworker
from joinedup.common.v1 import common_pb2
from joinedup.referrals.v1 import events_pb2 as referrals
from services.portal import live, watch


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


async def heard(events: AsyncIterator[str], seconds: float = 2) -> str | None:
    """The next event; None when none comes in time, or the stream has ended."""
    try:
        return await asyncio.wait_for(anext(events, None), seconds)
    except TimeoutError:
        return None


def hub(most: int = 10) -> tuple[live.Hub, Clock]:
    clock = Clock()
    return live.Hub(most, clock), clock


async def test_a_change_is_heard_by_those_who_follow_it_and_by_no_others() -> None:
    made, _ = hub()
    team, person = (made.follow(topic, since=100, seconds=60) for topic in ("team:1", "person:1"))
    assert [await heard(team), await heard(person)] == ["", ""]
    made.tell(["team:1", "organisation:9"])
    assert await heard(team) == live.CHANGED
    assert await heard(person, 0.4) is None


async def test_ten_changes_are_one_reason_to_look() -> None:
    made, _ = hub()
    following = made.follow("team:1", since=100, seconds=60)
    await heard(following)
    for _ in range(10):
        made.tell(["team:1"])
    assert await heard(following) == live.CHANGED
    assert await heard(following, 0.5) is None


async def test_what_happened_between_page_and_stream_is_made_good() -> None:
    made, clock = hub()
    clock.now = 200
    made.tell(["team:1"])
    late, fresh = (made.follow("team:1", since=since, seconds=60) for since in (150, 250))
    assert [await heard(late), await heard(fresh)] == ["", ""]
    assert await heard(late) == live.CHANGED
    assert await heard(fresh, 0.4) is None


async def test_pages_older_than_the_process_look_again() -> None:
    made, _ = hub()
    following = made.follow("team:1", since=50, seconds=60)
    await heard(following)
    assert await heard(following) == live.CHANGED


async def test_whoever_goes_leaves_nothing_behind() -> None:
    made, _ = hub()
    streams = [made.follow(f"person:{number}", since=100, seconds=60) for number in range(5)]
    for one in streams:
        await heard(one)
    assert made.count == 5
    for one in streams:
        await one.aclose()  # type: ignore[attr-defined]
    assert made.count == 0
    assert not made._followers


async def test_streams_end_by_themselves_and_when_the_process_stops() -> None:
    made, _ = hub()
    short, long = made.follow("a", since=100, seconds=0.05), made.follow("b", since=100, seconds=60)
    assert [await heard(short), await heard(long)] == ["", ""]
    assert await heard(short) is None
    waiting = asyncio.create_task(heard(long, 5))
    await asyncio.sleep(0)
    made.close()
    assert await waiting is None


async def test_there_is_an_end_to_how_many_are_followed() -> None:
    made, _ = hub(most=1)
    first, second = (made.follow("a", since=100, seconds=60) for _ in range(2))
    await heard(first)
    with pytest.raises(errors.Unavailable):
        await anext(second)


async def test_topics_that_nobody_asks_about_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MOST_TOPICS", 10)
    made, clock = hub()
    for number in range(50):
        clock.now += 1
        made.tell([f"person:{number}"])
    assert len(made._changed) == 10
    # What was forgotten may have changed: whoever comes with an older page looks again.
    assert made.changed_since("person:0", 120)
    assert not made.changed_since("person:0", clock.now)


def test_events_concern_the_pages_that_show_them() -> None:
    assert watch.topics(
        referrals.ReferralSubmitted(person_id="p", team_id="t", organisation_id="o", referrer_organisation_id="h")
    ) == {"person:p", "team:t", "organisation:o", "organisation:h"}
    assert watch.topics(caseworker.ActionAnswered(person_id="p", key_worker_id="k", organisation_id="o")) == {
        "person:p",
        "worker:k",
        "organisation:o",
    }
    assert watch.topics(common_pb2.RelationshipEstablished(person_id="p", organisation_id="o")) == {
        "person:p",
        "organisation:o",
    }
