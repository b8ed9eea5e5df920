"""The mail server is away, or is killed as it takes mail: messages wait, and arrive once when it is back."""

from __future__ import annotations

import itertools
import random

import pytest

from devstack.demo import seeing
from tests.chaos import account, traffic
from tests.county import County

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(300)]

LIVES = 3
WAITING = "SELECT count(*) FROM message WHERE status = 'temporary-failure' AND problem LIKE 'the mail server%'"


@pytest.mark.usefixtures("no_new_dead_letters")
async def test_mail_waits_for_its_server_and_arrives_once(shire: County, chance: random.Random) -> None:
    people = itertools.islice(shire.fresh, LIVES)
    await shire.hold("mail")
    async with traffic.Trickle(shire, chance, people, "mail away") as trickle:
        try:
            await seeing.eventually(lambda: _waits(shire), "a message that waits for the server", seconds=60)
            # Work goes on without mail.
            await trickle.until(1)
        finally:
            await shire.release("mail")
        await trickle.until(LIVES)

    await shire.settle()
    await account.all_is_there_once(shire, trickle.done)
    told = await shire.rows("notify", "SELECT problem FROM message WHERE person_id = ANY($1)", [*trickle.done.people])
    assert {row["problem"] for row in told} == {""}, "what is mended is no problem any more"


async def _waits(shire: County) -> bool | None:
    return (await shire.rows("notify", WAITING))[0][0] > 0 or None
