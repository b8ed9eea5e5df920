"""A record that cannot be read, and an event that fails: each a dead letter, while the rest flows; and sent back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chassis import deadletter, kafka
from cli import referring
from devstack import layout, paths, stack
from devstack.demo import seeing
from tests import acts, county
from tests.county import County

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(300)]

TOPIC = "referrals.events.v1"
HEARERS = ("caseworker.consume", "notify.consume", "insight.count")
NOT_BEGUN = "SELECT count(*) FROM chronology WHERE source LIKE 'referral/' || $1 || '/%'"


async def _dead(shire: County, group: str, key: bytes) -> deadletter.Dead | None:
    return next((one for one in await deadletter.read(shire.config, group) if one.key == key), None)


async def test_what_cannot_be_read_dies_at_once_and_the_rest_flows(shire: County) -> None:
    person = next(shire.fresh)
    # Behind the same key, so that it stands before the person's own events on their partition.
    key = shire.ids[person.id].encode()
    headers = [("ce_specversion", b"1.0"), ("ce_id", b"garbage"), ("ce_type", b"joinedup.referrals.v1.NoSuchEvent")]
    publisher = kafka.Publisher(shire.config)
    sent = [kafka.Outgoing(TOPIC, key, b"\xff\xfe not an event", own, 1_700_000_000_000) for own in (headers, [])]
    assert len(await publisher.publish(sent)) == 2
    await publisher.close()

    referral_id = await acts.refer(shire, county.as_json(shire.bundle("behind garbage", person)))

    async def in_chronology() -> bool | None:
        return (await shire.rows("caseworker", NOT_BEGUN, referral_id))[0][0] == 1 or None

    await seeing.eventually(in_chronology, "the referral behind it in the chronology", seconds=60)
    for group in HEARERS:

        async def buried(group: str = group) -> deadletter.Dead | None:
            return await _dead(shire, group, key)

        dead = await seeing.eventually(buried, f"the dead letter of {group}", seconds=60)
        assert dead.error.startswith("Unreadable")
        assert (dead.topic, dead.attempts) == (TOPIC, 1)


async def test_an_event_that_fails_is_sent_back_once_its_cause_is_mended(shire: County) -> None:
    person, other = next(shire.fresh), next(shire.fresh)
    group, table = "caseworker.consume", "chronology"
    known = set(await shire.dead())
    await shire.rows("caseworker", f"REVOKE INSERT ON {table} FROM caseworker_app")
    try:
        referral_id = await acts.refer(shire, county.as_json(shire.bundle("cannot be told", person)))

        async def buried() -> list[str] | None:
            new = set(await shire.dead()) - known
            return sorted(new) or None

        [name] = await seeing.eventually(buried, "the dead letter", seconds=90)
    finally:
        await shire.rows("caseworker", f"GRANT INSERT ON {table} TO caseworker_app")
    dead = (await shire.dead())[name]
    assert (dead.group, dead.topic, dead.attempts) == (group, TOPIC, 5)
    assert dead.event_type == "joinedup.referrals.v1.ReferralSubmitted"
    assert person.family not in str(dead)

    later = await acts.refer(shire, county.as_json(shire.bundle("after the mending", other)))

    async def told(which: str) -> bool | None:
        return (await shire.rows("caseworker", NOT_BEGUN, which))[0][0] == 1 or None

    await seeing.eventually(lambda: told(later), "what came after it", seconds=60)
    for _ in range(2):
        redriven = await _redrive(shire, dead.id)
        assert "sent back 1" in redriven
        await seeing.eventually(lambda: told(referral_id), "the event that was sent back", seconds=60)
    await shire.settle()
    assert (await shire.rows("caseworker", NOT_BEGUN, referral_id))[0][0] == 1
    assert set(await shire.dead()) - known == set()
    sender = await referring.referral(shire.cast.system("hospital"), referral_id)
    assert sender.referral_id == referral_id


async def _redrive(shire: County, letter: str) -> str:
    """`python -m services.caseworker redrive`, as an operator runs it."""
    environment = layout.python_environment(**stack.environment("caseworker", shire.root))
    command = [sys.executable, "-m", "services.caseworker", "redrive", "--id", letter]
    ran = subprocess.run(  # noqa: ASYNC221 (nothing else happens meanwhile)
        command, cwd=paths.CHECKOUT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
