"""Dead letters: poison is parked with its place and no person's data, the rest flows, redriving takes effect once."""

import json
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chassis import deadletter, errors, kafka, relay, work
from devstack import testing
from tests.integration.frame import service, wire
from tests.integration.frame.world import World, running, until, world

pytestmark = pytest.mark.kafka


@pytest.fixture
async def frame(postgres: testing.Postgres, kafka: str) -> AsyncIterator[World]:
    where = postgres.create("deadletter")
    async with world(where, kafka, consumer_attempts=3) as made:
        yield made
    postgres.drop(where)


def roles(frame: World, **more: Any) -> tuple[Any, Any]:
    """The frame's relay and consumer."""
    return (
        relay.Relay(frame.config, frame.database),
        service.consuming(frame.config, frame.database, topic=frame.topic, group=frame.group, **more),
    )


async def _dead(frame: World, number: int, group: str = "") -> bool:
    return len(await deadletter.read(frame.config, group or frame.group)) >= number


async def _count(frame: World, number: int) -> bool:
    return len(await frame.effects()) >= number


@pytest.mark.parametrize("mood", ["poison", "late poison", "invalid"])
async def test_poison_is_parked_and_everything_else_flows(frame: World, mood: str) -> None:
    await frame.tell(("ada", 1, "well"), ("ada", 2, mood), ("ada", 3, "well"), ("bob", 1, "well"))
    async with running(*roles(frame)):
        await until(lambda: _count(frame, 3))
        await until(lambda: _dead(frame, 1))
    assert [number for person, number in await frame.effects() if person == "ada"] == [1, 3]
    [dead] = await deadletter.read(frame.config, frame.group)
    assert (dead.topic, dead.key, dead.attempts, dead.group) == (frame.topic, b"ada", 3, frame.group)
    assert dead.error.split(" ")[0] in {"ValueError", "CharacterNotInRepertoireError", "Invalid"}
    assert "must not be quoted" not in str(dead)


async def test_what_is_no_event_is_parked_at_once(frame: World) -> None:
    await kafka.ensure_topics(frame.config, [frame.topic])
    publisher = kafka.Publisher(frame.config)
    good = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"x"),
        ("ce_source", b"/joinedup/frame"),
        ("ce_time", b"2026-03-09T08:00:00Z"),
    ]
    name = wire.event(frame.topic).DESCRIPTOR.full_name.encode()
    records = [
        kafka.Outgoing(frame.topic, b"ada", b"\x00garbage", [], 0),
        kafka.Outgoing(frame.topic, b"ada", b"\xff\xff\xff", [*good, ("ce_type", name)], 0),
        kafka.Outgoing(frame.topic, b"ada", None, [*good, ("ce_type", name)], 0),
    ]
    assert len(await publisher.publish(records)) == 3
    await publisher.close()
    async with running(*roles(frame)):
        await frame.tell(("ada", 1, "well"))
        await until(lambda: _count(frame, 1))
        await until(lambda: _dead(frame, 3))
    errors_told = sorted(dead.error for dead in await deadletter.read(frame.config, frame.group))
    assert errors_told == [
        f"Unreadable: body is not a {name.decode()}",
        "Unreadable: no body",
        "Unreadable: no ce_specversion, ce_id, ce_source, ce_type, ce_time",
    ]


async def test_redriving_has_its_effect_once_and_only_in_that_group(frame: World) -> None:
    mended = {"is": False}

    async def mendable(unit: work.Work, event: Any) -> None:
        if event.number == 2 and not mended["is"]:
            raise ValueError("not yet mended")
        await service.happened(unit, event)

    others: list[int] = []

    async def other(unit: work.Work, event: Any) -> None:
        others.append(event.number)

    bystander = service.consuming(
        frame.config, frame.database, topic=frame.topic, group=f"other.{frame.group}", handler=other
    )
    async with running(*roles(frame, handler=mendable), bystander):
        await frame.tell(("ada", 1, "well"), ("ada", 2, "well"), ("ada", 3, "well"))
        await until(lambda: _dead(frame, 1))
        mended["is"] = True
        [sent] = await deadletter.redrive(frame.config, frame.group)
        await until(lambda: _count(frame, 3))
        [again] = await deadletter.redrive(frame.config, frame.group, [sent.id])
        assert again.event_id == sent.event_id
        await frame.tell(("ada", 4, "well"))
        await until(lambda: _count(frame, 4))
        await until(lambda: _heard(others, 4))
    assert [number for _, number in await frame.effects()] == [1, 3, 2, 4]
    assert others == [1, 2, 3, 4]
    [dead] = await deadletter.read(frame.config, frame.group)
    assert dead.redriven
    assert await deadletter.redrive(frame.config, frame.group) == ()


async def _heard(numbers: list[int], number: int) -> bool:
    return number in numbers


async def test_an_unknown_dead_letter_is_not_found(frame: World) -> None:
    await kafka.ensure_topics(frame.config, [deadletter.topic(frame.group)])
    with pytest.raises(errors.NotFound, match="7-7"):
        await deadletter.redrive(frame.config, frame.group, ["7-7"])


async def test_a_group_without_dead_letters_has_none(frame: World) -> None:
    assert await deadletter.read(frame.config, "nobody.consume") == ()


async def test_the_command_line_lists_and_redrives(frame: World) -> None:
    await frame.tell(("ada", 1, "poison"))
    async with running(*roles(frame)):
        await until(lambda: _dead(frame, 1))
    listed = await _run(frame, "dead", "--group", frame.group)
    told = json.loads(listed)
    assert (told["attempts"], told["redriven"], told["key"]) == (3, False, "ada")
    assert await _run(frame, "redrive", "--group", frame.group, "--id", told["id"]) == "sent back 1\n"
    assert json.loads(await _run(frame, "dead", "--group", frame.group))["redriven"]


async def _run(frame: World, *words: str) -> str:
    import asyncio

    def ran() -> str:
        with frame.spawn(*words, stdout=subprocess.PIPE) as started:
            output, _ = started.communicate(timeout=60)
            assert started.returncode == 0
            return output.decode()

    return await asyncio.to_thread(ran)
