"""What the portal shows of somebody whose whereabouts are protected: who it is, and that where they are is withheld."""

from __future__ import annotations

import uuid

import pytest

from devstack import testing
from devstack.demo import cast
from joinedup.identity.v1 import register_pb2, register_pb2_grpc
from tests.browser.visiting import County, Referral, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(600)]

TRIAGE = "Priya Desai"


def restrict(county: County, referral: Referral) -> None:
    """The information governance lead protects the person's whereabouts."""

    async def asked() -> None:
        async with county.stack.house() as house:
            lead = cast.Cast(house, county.stack.place).overseer("community")
            request = register_pb2.RestrictPersonRequest(
                person_id=referral.person_id, source="browser", reason="somebody looks for them"
            )
            with lead.caller.acting(key=str(uuid.uuid4())):
                await lead.caller.stub(register_pb2_grpc.RegisterStub, "identity").RestrictPerson(request)

    testing.settle(asked())


def test_an_address_is_shown_as_withheld_for_the_persons_safety(visitor: Visitor, county: County) -> None:
    # Given somebody who was referred, whose address the team is shown
    referral = county.refer()
    street = referral.person.address.lines[0]
    visitor.sign_in(TRIAGE)
    visitor.go(f"/people/{referral.person_id}")
    visitor.sees(street)
    # When their whereabouts are protected
    restrict(county, referral)
    # Then who it is remains, and where they are is said to be protected, on no page of theirs anything else
    for path in (f"/people/{referral.person_id}", f"/referrals/{referral.id}", "/inbox"):
        visitor.go(path)
        visitor.sees(referral.person.family)
        content = visitor.page.content()
        for text in (street, referral.person.postcode, referral.person.phone):
            assert not text or text not in content, path
    visitor.go(f"/people/{referral.person_id}")
    practices = [one.name for key, one in county.stack.place.organisations.items() if key.startswith("surgery-")]
    assert [name for name in practices if name in visitor.page.content()] == []
    visitor.sees("Address withheld for safety")
    visitor.sees("Telephone withheld for safety")
    visitor.looks_over("person-restricted")
