"""kill -9 of any service at any moment: nothing acknowledged is lost, nothing happens twice, nobody is told twice."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest

from tests.chaos import account, traffic
from tests.county import SERVICES, County

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(420)]

# At most so many lives are begun, and so many must have been lived to their end.
LIVES, ENOUGH = 24, 8
# Services that are killed once more, as soon as they are back.
AGAIN = 3


@pytest.mark.usefixtures("no_new_dead_letters")
async def test_kill_nine_of_each_service_in_turn_loses_and_repeats_nothing(
    shire: County, chance: random.Random
) -> None:
    people = itertools.islice(shire.fresh, LIVES)
    killed: dict[str, int] = {}
    async with traffic.Trickle(shire, chance, people, "kills") as trickle:
        for service in [*chance.sample(SERVICES, len(SERVICES)), *chance.choices(SERVICES, k=AGAIN)]:
            await asyncio.sleep(chance.uniform(0.2, 2.5))
            trickle.check()
            if service in killed:
                await shire.back(service, killed[service])
            killed[service] = shire.kill(service)
        for service, pid in killed.items():
            await shire.back(service, pid)
        await trickle.until(ENOUGH)
    await shire.settle()
    await account.all_is_there_once(shire, trickle.done)
    await account.log_and_inboxes_agree(shire)
    await account.ledger_is_whole(shire)
