"""A wrong decision by clicking: two are taken for one, it is taken back, and what came in meanwhile finds its own."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Locator, expect

from devstack import testing
from devstack.demo import cast
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import governance_pb2, governance_pb2_grpc
from tests.browser import visiting
from tests.browser.test_portal_reviews import Pair, arrives, pair
from tests.browser.visiting import County, Referral, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(600)]
__all__ = ["pair"]

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}")
# What comes in, comes through the queue of events.
FOLLOW_SECONDS = 60.0


def decides_that_they_are_one(visitor: Visitor, pair: Pair) -> None:
    """The wrong decision, by the review page."""
    visitor.go(f"/reviews?q={pair.person.family}&sort=newest")
    visitor.page.get_by_role("link", name=pair.name).first.click()
    visitor.page.get_by_label("The same person").check()
    visitor.page.get_by_label("Why they are the same").select_option("details_agree")
    visitor.page.get_by_role("button", name="Decide").click()
    visitor.sees("Recorded: they are one person")


def refuses(county: County, referral: Referral) -> None:
    """Whom the referral is about does not want the charities to know."""

    async def record() -> None:
        async with county.stack.house() as house:
            lead = cast.Cast(house, county.stack.place).overseer("community").caller
            request = governance_pb2.RecordSharingDecisionRequest(
                person_id=referral.person_id, sector=common_pb2.SECTOR_CHARITY, refused=True
            )
            with lead.acting(key=f"browser/{uuid.uuid4()}"):
                await lead.stub(governance_pb2_grpc.GovernanceStub, "governance").RecordSharingDecision(request)

    testing.settle(record())


def items(visitor: Visitor, heading: str) -> Locator:
    """What came in of one kind."""
    return visitor.page.get_by_role("list", name=re.compile(f"^{heading}")).locator("> li")


def waits_for(visitor: Visitor, heading: str, count: int) -> None:
    """Load the page again until it lists so many."""
    end = time.monotonic() + FOLLOW_SECONDS
    while items(visitor, heading).count() < count:
        assert time.monotonic() < end, f"{heading}: fewer than {count} within {FOLLOW_SECONDS:.0f} s"
        time.sleep(0.5)
        visitor.page.reload()


def is_unnamed(visitor: Visitor, pair: Pair) -> None:
    """Nobody is named, and nothing is called by an id."""
    text = visitor.page.locator("main").inner_text()
    assert pair.person.family not in text
    assert not ID.search(text), ID.search(text)


def holder(item: Locator) -> str:
    """The record that something stands with."""
    (held,) = re.findall("Stands with: (First|Second) record", item.inner_text())
    return str(held).lower()


def says(item: Locator, whose: str) -> None:
    """Say whose it is by its button."""
    item.get_by_role("button", name=re.compile(f"^It is about the {whose} record")).click()


def moves(item: Locator) -> str:
    """Say that it is about the other of the two; which one that is."""
    other = "second" if holder(item) == "first" else "first"
    says(item, other)
    return other


def finds_it(visitor: Visitor, county: County, pair: Pair) -> None:
    """By the list, and by the review that has decided it; nobody is named in either."""
    visitor.page.get_by_role("link", name="Taken for one", exact=True).click()
    visitor.sees("registered")
    is_unnamed(visitor, pair)
    visitor.looks_over("merges")
    visitor.go("/reviews?status=same&sort=newest")
    visitor.page.locator("ul.jd-rows h2 a").first.click()
    visitor.looks_over("review-same")
    visitor.page.get_by_role("button", name="Take this back").click()
    visitor.sees("These are two people")
    for heading in ("Referrals", "Chronology", "What was said about sharing"):
        waits_for(visitor, heading, 1)
    hospital = county.stack.place.organisations["hospital"].name
    expect(items(visitor, "Who they are").get_by_text(f"A referral from {hospital}")).to_be_visible()
    is_unnamed(visitor, pair)
    visitor.looks_over("merge")


def takes_it_back(visitor: Visitor) -> None:
    """It needs a reason; what was typed is still there when none was given."""
    visitor.page.get_by_label("How do you know?").fill("Both came in together.")
    visitor.page.get_by_role("button", name="Take it back").click()
    visitor.sees("Choose a reason")
    expect(visitor.page.get_by_label("How do you know?")).to_have_value("Both came in together.")
    visitor.looks_over("merge-problem")
    visitor.page.get_by_label("Why they are two people").select_option("merged_in_error")
    visitor.page.get_by_role("button", name="Take it back").click()
    visitor.sees("Taken back: they are two people again")


def is_done(visitor: Visitor, heading: str, whose: str) -> None:
    """The first thing of a kind stands with one of the two by a human's word."""
    visitor.sees("Recorded whose it is")
    first = items(visitor, heading).first
    expect(first.get_by_text("Done", exact=True)).to_be_visible()
    assert holder(first) == whose


def test_a_wrong_decision_is_taken_back_and_each_thing_finds_its_own(
    browser: Browser, county: County, pair: Pair
) -> None:
    with visiting.visitor(browser, county) as visitor, visiting.visitor(browser, county) as colleague:
        # Given: two who were taken for one by a review, and what came in meanwhile.
        arrives(visitor, county)
        decides_that_they_are_one(visitor, pair)
        referral = county.refer(replace(pair.person, phone="01632 960123"))
        county.attend(referral)
        refuses(county, referral)

        # When: they find it and take it back. A colleague has the page open.
        finds_it(visitor, county, pair)
        takes_it_back(visitor)
        arrives(colleague, county)
        address = visitor.path().partition("?")[0]
        for one in (visitor, colleague):
            one.go(address)
            waits_for(one, "Referrals", 1)
        visitor.looks_over("merge-taken-back")

        # Then: each thing is said to be the one's or the other's, and is done; be it that it stays where it is.
        statement, contact = items(visitor, "Who they are").first, items(visitor, "Chronology").first
        expect(statement.get_by_text("To look at")).to_be_visible()
        stays = holder(contact)
        is_done(visitor, "Who they are", moves(statement))
        says(items(visitor, "Chronology").first, stays)
        is_done(visitor, "Chronology", stays)
        is_done(visitor, "What was said about sharing", moves(items(visitor, "What was said about sharing").first))
        is_done(visitor, "Referrals", moves(items(visitor, "Referrals").first))
        # Whoever decides by what has changed is told so beside it, and no id is told.
        refused = items(colleague, "Referrals").first
        says(refused, holder(refused))
        colleague.sees("The referral has changed since you opened this page")
        is_unnamed(colleague, pair)
        colleague.looks_over("merge-refused")


def test_it_is_offered_to_nobody_else_and_works_without_scripts(browser: Browser, county: County) -> None:
    with visiting.visitor(browser, county, java_script_enabled=False) as visitor:
        arrives(visitor, county)
        link = visitor.page.get_by_role("link", name="Taken for one", exact=True)
        link.focus()
        visitor.page.keyboard.press("Enter")
        visitor.sees("Taken for one person")
        visitor.page.get_by_label("Show").select_option("all")
        visitor.page.get_by_role("button", name="Show", exact=True).click()
        assert "status=all" in visitor.path()
    with visiting.visitor(browser, county) as visitor:
        visitor.sign_in("Priya Desai")
        visitor.sees("Referral inbox")
        expect(visitor.page.get_by_role("link", name="Taken for one", exact=True)).to_have_count(0)
        assert visitor.go("/merges").status == 403
