"""The review queue by clicking: a records team finds a pair, compares the two, and says that they are different."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from devstack import testing
from devstack.demo import cast
from devstack.loading import doubts
from devstack.place import encounters
from devstack.place.people import Person
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc
from tests.browser import visiting
from tests.browser.visiting import County, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Pair:
    """Two who may be one: somebody of the county, and whom the hospital registered with another day of birth."""

    person: Person
    outcome: identity_pb2.TraceOutcome.ValueType

    @property
    def name(self) -> str:
        """As pages show it."""
        return " ".join([*self.person.given, self.person.family])


@pytest.fixture
def pair(county: County) -> Pair:
    """Given: the hospital registers somebody who has the name of a known person and nearly their birthday."""
    person = county.person()

    async def register() -> identity_pb2.RegisterPersonResponse:
        demographics = identity_pb2.Demographics(
            name=identity_pb2.Name(given=person.given, family=person.family),
            birth_date=doubts.slip(person.birth_date).isoformat(),
        )
        async with county.stack.house() as house:
            hospital = cast.Cast(house, county.stack.place).system("hospital")
            stub = hospital.stub(identity_pb2_grpc.IdentityStub, "identity")
            with hospital.acting(key=f"browser/{uuid.uuid4()}"):
                return await stub.RegisterPerson(identity_pb2.RegisterPersonRequest(demographics=demographics))

    return Pair(person, testing.settle(register()).outcome)


def arrives(visitor: Visitor, county: County) -> None:
    """Whoever looks after the register signs in, and works as that."""
    steward = next(
        one for one in county.stack.place.practitioners if any(held.role == "identity_steward" for held in one.roles)
    )
    visitor.sign_in(steward.name)
    visitor.page.get_by_label("Records team").check()
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.sees("Same person?")


def test_a_pair_is_found_compared_and_decided_once(browser: Browser, county: County, pair: Pair) -> None:
    assert pair.outcome == identity_pb2.TRACE_OUTCOME_REVIEW
    with visiting.visitor(browser, county) as visitor, visiting.visitor(browser, county) as colleague:
        # When: they look for the pair, and two of them open it.
        for one in (visitor, colleague):
            arrives(one, county)
            one.page.get_by_label("Search by name or NHS Number").fill(pair.name)
            one.page.get_by_role("button", name="Show", exact=True).click()
            row = one.page.get_by_role("link", name=pair.name)
            expect(row).to_have_count(1)
            if one is visitor:
                visitor.looks_over("reviews")
            row.click()
            one.sees("Are these two the same person?")

        # Then: both records are there, with what agrees and what does not.
        table = visitor.page.get_by_role("table", name="Both records")
        expect(table.get_by_text("Day or month of birth differs by a slip")).to_be_visible()
        expect(table.get_by_text("Family name is the same")).to_be_visible()
        # Who stated it has a name; what the register calls it opens below, for whoever looks for it.
        surgery = county.stack.place.organisations[encounters.surgery(pair.person.address.outward)]
        hospital = county.stack.place.organisations["hospital"]
        expect(table.get_by_text(f"A record of {surgery.name}")).to_be_visible()
        expect(table.get_by_text(f"A record of {hospital.name}")).to_be_visible()
        reference = visitor.page.get_by_text(f"place/{pair.person.id}", exact=True)
        expect(reference).to_be_hidden()
        visitor.page.get_by_text("References, to find the records").click()
        expect(reference).to_be_visible()
        visitor.looks_over("review")

        # A decision needs a reason.
        visitor.page.get_by_role("button", name="Decide").click()
        visitor.sees("Choose whether they are one person")
        visitor.page.get_by_label("Two different people").check()
        visitor.page.get_by_role("button", name="Decide").click()
        visitor.sees("Choose a reason")
        visitor.looks_over("review-problem")
        visitor.page.get_by_label("Why they are different").select_option("namesakes")
        visitor.page.get_by_role("button", name="Decide").click()
        visitor.sees("Recorded: they are two people")

        # The other one is told so, and nothing of the two is shown to either any more.
        colleague.page.get_by_label("The same person").check()
        colleague.page.get_by_label("Why they are the same").select_option("details_agree")
        colleague.page.get_by_role("button", name="Decide").click()
        colleague.sees("Somebody else was faster")
        colleague.page.go_back()
        colleague.page.reload()
        colleague.sees("Two different people")
        assert pair.person.family not in colleague.page.locator("main").inner_text()
        colleague.looks_over("review-decided")


def test_it_works_by_keyboard_and_without_scripts(browser: Browser, county: County, pair: Pair) -> None:
    with visiting.visitor(browser, county, java_script_enabled=False) as visitor:
        arrives(visitor, county)
        visitor.go(f"/reviews?q={pair.person.family}&sort=newest")
        link = visitor.page.get_by_role("link", name=pair.name).first
        link.focus()
        visitor.page.keyboard.press("Enter")
        visitor.sees("Are these two the same person?")
        visitor.page.get_by_label("Not sure").focus()
        visitor.page.keyboard.press("Space")
        visitor.page.get_by_label("What is missing").select_option("too_little_known")
        visitor.page.get_by_role("button", name="Decide").focus()
        visitor.page.keyboard.press("Enter")
        visitor.sees("Recorded: nobody is sure yet")
        visitor.go(f"/reviews?q={pair.person.family}&status=not_sure")
        expect(visitor.page.get_by_role("link", name=pair.name)).to_have_count(1)


def test_nobody_else_is_offered_the_queue(visitor: Visitor) -> None:
    visitor.sign_in("Priya Desai")
    visitor.sees("Referral inbox")
    expect(visitor.page.get_by_role("link", name="Same person?")).to_have_count(0)
    assert visitor.go("/reviews").status == 403
