"""SIGTERM while work flows: a service says that it is not ready, ends in time, and nothing is lost or repeated."""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
import time

import pytest

from chassis.settings import ServiceSettings
from devstack import processes, stack
from tests.chaos import account, traffic
from tests.county import SERVICES, County

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(300)]

LIVES = 6
# The service's own limit, and a moment for the process to go.
DRAIN_SECONDS = ServiceSettings.model_fields["drain_seconds"].default + 3.0


@pytest.mark.usefixtures("no_new_dead_letters")
async def test_every_service_stops_in_time_and_loses_nothing(shire: County, chance: random.Random) -> None:
    people = itertools.islice(shire.fresh, LIVES)
    answers: dict[str, list[int]] = {}
    stopped: dict[str, int] = {}
    async with traffic.Trickle(shire, chance, people, "stops") as trickle:
        for service in chance.sample(SERVICES, len(SERVICES)):
            await asyncio.sleep(chance.uniform(0.1, 0.8))
            trickle.check()
            stopped[service], answers[service] = await _stopped(shire, service)
        for service, pid in stopped.items():
            await shire.back(service, pid)
        await trickle.until(LIVES)
    # From when the signal reached it, a service says that it is not ready, for as long as it answers.
    assert all(said == sorted(said) for said in answers.values()), answers
    assert any(503 in said for said in answers.values()), answers

    await shire.settle()
    await account.all_is_there_once(shire, trickle.done)
    await account.log_and_inboxes_agree(shire)


async def _stopped(shire: County, service: str) -> tuple[int, list[int]]:
    """Ask a service to stop; its pid, and what its probe said until it had gone."""
    began = processes.start_time(stack.status(shire.root)["parts"][service]["pid"])
    told = time.monotonic()
    pid = shire.kill(service, signal.SIGTERM)
    said: list[int] = []
    while processes.is_alive(pid, began):
        assert time.monotonic() - told < DRAIN_SECONDS, f"{service} does not end"
        if answer := await shire.readiness(service):
            said.append(answer)
    return pid, said
