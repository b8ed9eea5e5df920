"""Governance and people who were merged: one ledger by either id, and no refusal that is withdrawn in vain."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chassis import errors, work
from chassis.disclosure import merges
from chassis.rpc.client import acting
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import governance_pb2
from joinedup.governance.v1.governance_pb2_grpc import GovernanceStub
from tests.integration.service_house import House
from tests.integration.test_governance_ledger import LEAD, disclosure, house, looked, record

__all__ = ["house"]  # the fixture

LEADING = replace(LEAD, purpose="administration")


def two() -> tuple[str, str]:
    return str(uuid.uuid4()), str(uuid.uuid4())


async def merged(house: House, surviving: str, gone: str) -> merges.Spell:
    """Follow a merge as the projection does."""
    spell = merges.Spell(str(uuid.uuid4()), surviving, gone, datetime.now(UTC))
    async with work.unit(house.database, house.actor, service="governance") as unit:
        await merges.keep(unit.session, spell)
    return spell


async def unmerged(house: House, spell: merges.Spell) -> None:
    """And its end."""
    async with work.unit(house.database, house.actor, service="governance") as unit:
        await merges.keep(unit.session, replace(spell, unmerged_at=datetime.now(UTC)))


async def decide(house: House, person_id: str, *, refused: bool) -> int:
    """Record what somebody says about sharing with the police; the decision's version."""
    request = governance_pb2.RecordSharingDecisionRequest(
        person_id=person_id, sector=common_pb2.SECTOR_POLICE, refused=refused
    )
    with acting(LEADING, idempotency_key=str(uuid.uuid4())):
        stub = house.channels.stub(GovernanceStub, "governance")
        return (await stub.RecordSharingDecision(request)).version


async def test_the_ledger_answers_by_either_id_and_keeps_the_one_that_was_asked_about(house: House) -> None:
    kept, gone = two()
    await record(house, disclosure(kept), disclosure(gone))
    spell = await merged(house, kept, gone)
    for person_id in (kept, gone):
        entries = (await looked(house, person_id)).entries
        assert [entry.disclosure.person_id for entry in entries] == [gone, kept]
    await unmerged(house, spell)
    assert [entry.disclosure.person_id for entry in (await looked(house, kept)).entries] == [kept]


async def test_a_refusal_is_withdrawn_under_the_id_that_it_was_said_under(house: House) -> None:
    kept, gone = two()
    assert await decide(house, gone, refused=True) == 1
    spell = await merged(house, kept, gone)
    with pytest.raises(errors.Conflict, match=f"withdraw it for {gone}"):
        await decide(house, kept, refused=False)
    assert await decide(house, kept, refused=True) == 1
    assert await decide(house, kept, refused=False) == 2, "this one stood here, and is withdrawn here"
    with pytest.raises(errors.Conflict, match=f"withdraw it for {gone}"):
        await decide(house, kept, refused=False)
    assert await decide(house, gone, refused=False) == 2
    assert await decide(house, kept, refused=False) == 3
    await unmerged(house, spell)
    assert await decide(house, kept, refused=True) == 4
