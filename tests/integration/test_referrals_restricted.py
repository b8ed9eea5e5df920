"""Whose whereabouts are protected is referred without their area: not used, not kept, and forgotten where it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chassis import work
from chassis.disclosure import projections
from chassis.disclosure.whereabouts import MARK
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import events_pb2 as identity_events
from joinedup.referrals.v1 import referrals_pb2 as pb
from services.referrals import __main__ as referrals
from services.referrals import consumers
from services.referrals.settings import Settings
from tests.integration import referrals_world
from tests.integration.referrals_world import HOSPITAL, TRIAGE, asked, submit
from tests.integration.service_house import House

house = referrals_world.house

SERVED = "EX32"


async def restrict(house: House, person_id: str, version: int = 1) -> None:
    """Hear of it as the consumer does: the frame's projection first, then the service's own handler."""
    assert isinstance(house.config, Settings)
    event = identity_events.PersonRestricted(person_id=person_id, version=version)
    event.restricted_at.GetCurrentTime()
    own: Any = consumers.handlers(referrals.desk(house.config))
    async with work.unit(house.database, house.actor, service="referrals") as unit:
        for handlers in (projections.HANDLERS, own):
            await handlers[type(event)](unit, event)


async def kept(house: House, referral_id: str) -> str:
    """The area that stands with a referral."""
    (row,) = await house.rows("SELECT asked_outward_postcode FROM referral WHERE id = $1", referral_id)
    return str(row["asked_outward_postcode"])


def by_area(outward: str = SERVED) -> pb.SubmitReferralRequest:
    return asked(team_id="", team_kind="complex_needs", outward_postcode=outward)


async def test_an_area_is_forgotten_as_soon_as_somebody_is_restricted(house: House) -> None:
    theirs, others = by_area(), by_area()
    mine, other = await submit(house, theirs), await submit(house, others)
    assert (await kept(house, mine.referral_id), mine.team_id) == (SERVED, "complex")
    await restrict(house, theirs.person_id)
    assert await kept(house, mine.referral_id) == ""
    assert await kept(house, other.referral_id) == SERVED


async def test_a_restricted_person_is_routed_by_kind_and_their_area_chooses_nobody(house: House) -> None:
    request = by_area()
    await restrict(house, request.person_id)
    answer = await submit(house, request)
    shown = await referrals_world.get(house, answer.referral_id, referrals_world.HOSPITAL)
    assert "area" not in shown.routing
    assert await kept(house, answer.referral_id) == ""

    nobody_there = by_area("QX41")
    await restrict(house, nobody_there.person_id)
    assert (await submit(house, nobody_there)).team_id in {"complex", "second"}
    for row in await house.rows("SELECT encode(body, 'escape') AS text FROM outbox"):
        assert "QX41" not in row["text"]


TOLD = common_pb2.Narrative(health="Left 12 Sparrowhawk Lane, QX41 7ZB: ring 01632 960451 or linnet@canary.example")
CANARIES = ("Sparrowhawk", "QX41", "7ZB", "960451", "linnet")
PARTNER = replace(TRIAGE, subject="practitioner:partner", organisation_id="surgery", team_ids=(), role="partner")


async def test_what_a_referral_says_of_an_address_is_shown_to_nobody_and_not_lost(house: House) -> None:
    request = asked(narrative=TOLD)
    answer = await submit(house, request)
    decided = pb.ReturnReferralRequest(
        referral_id=answer.referral_id, version=1, advice="Is she at 12 Sparrowhawk Lane, QX41 7ZB?"
    )
    await referrals_world.call(house, "ReturnReferral", decided, TRIAGE)
    asking = (
        ("GetReferral", pb.GetReferralRequest(referral_id=answer.referral_id)),
        ("ListWorklist", pb.ListWorklistRequest(team_id="complex", person_ids=[request.person_id])),
        ("ListSentReferrals", pb.ListSentReferralsRequest()),
    )
    readers = {"ListWorklist": (TRIAGE,), "ListSentReferrals": (HOSPITAL,)}

    async def told() -> list[str]:
        return [
            str(await referrals_world.call(house, name, one, actor))
            for name, one in asking
            for actor in readers.get(name, (TRIAGE, HOSPITAL))
        ]

    assert all(text in shown for shown in await told() for text in CANARIES)
    await restrict(house, request.person_id)
    for shown in await told():
        assert [text for text in CANARIES if text in shown] == []
        assert f"Left {MARK}: ring {MARK} or {MARK}" in shown
        assert f"Is she at {MARK}?" in shown
    (row,) = await house.rows("SELECT narrative::text AS text FROM referral WHERE id = $1", answer.referral_id)
    assert all(text in row["text"] for text in CANARIES)


async def test_who_referred_a_restricted_person_is_told_to_those_who_answer_each_other(house: House) -> None:
    request = asked()
    answer = await submit(house, request)
    await house.relate(request.person_id, PARTNER, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER)
    before = await referrals_world.get(house, answer.referral_id, PARTNER)
    assert before.referrer_organisation_id == "hospital"
    await restrict(house, request.person_id)
    for actor in (TRIAGE, HOSPITAL):
        shown = await referrals_world.get(house, answer.referral_id, actor)
        assert shown.referrer_organisation_id == "hospital"
    shown = await referrals_world.get(house, answer.referral_id, PARTNER)
    assert "hospital" not in str(shown)
    assert {(mark.field, mark.reason) for mark in shown.withheld} >= {
        ("referrer_organisation_id", "restricted"),
        ("referrer_practitioner_id", "restricted"),
    }
