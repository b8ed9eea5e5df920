"""Journey J1 by clicking: triage accepts, the key worker plans and asks, the police answer, the alert arrives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import visiting
from tests.browser.visiting import County, Referral, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(600)]

TRIAGE, KEY_WORKER, POLICE = "Priya Desai", "Tom Ackroyd", "PC Hannah Price"
ASKED = "Mark the address for night shifts: whoever answers a call there tells her key worker."
HEALTH = "She has drunk more since her brother died."
WISH = "To keep my flat and my dog."


@dataclass
class Office:
    """Everybody at their own screen, and the person it is about."""

    triage: Visitor
    key_worker: Visitor
    police: Visitor
    referral: Referral


@pytest.fixture(scope="module")
def office(browser: Browser, county: County) -> Iterator[Office]:
    """Given: triage watches the inbox when an A&E department refers somebody."""
    with ExitStack() as windows:
        triage, key_worker, police = (
            windows.enter_context(visiting.visitor(browser, county)) for _ in (TRIAGE, KEY_WORKER, POLICE)
        )
        triage.go("/")
        triage.looks_over("sign-in")
        triage.sign_in(TRIAGE)
        key_worker.sign_in(KEY_WORKER)
        police.sign_in(POLICE)
        expect(triage.page.get_by_text("Live", exact=True)).to_be_visible()
        yield Office(triage, key_worker, police, county.refer())


def test_1_the_referral_appears_by_itself(office: Office) -> None:
    row = office.triage.page.get_by_role("link", name=office.referral.name)
    expect(row).to_be_visible(timeout=10_000)
    office.triage.looks_over("inbox")
    row.click()
    office.triage.sees("Why they were referred")
    office.triage.sees("Withheld: no sharing agreement lets the NHS see financial information")
    office.triage.looks_over("referral")


def test_2_triage_accepts_with_a_key_worker(office: Office) -> None:
    page = office.triage.page
    page.get_by_role("button", name="Decide").click()
    office.triage.sees("Choose what happens with this referral")
    office.triage.looks_over("referral-problem")
    page.get_by_label("Accept").check()
    choices = page.get_by_label("Key worker").locator("option")
    wanted = next(text for text in choices.all_inner_texts() if text.startswith(KEY_WORKER))
    page.get_by_label("Key worker").select_option(label=wanted)
    page.get_by_role("button", name="Decide").click()
    office.triage.sees("Accepted. The case is with the key worker.")
    office.triage.sees(KEY_WORKER)
    office.triage.looks_over("referral-accepted")


def test_3_the_key_worker_writes_the_plan(office: Office) -> None:
    worker = office.key_worker
    worker.go("/caseload")
    link = worker.page.get_by_role("link", name=office.referral.name)
    expect(link).to_be_visible()
    worker.looks_over("caseload")
    link.click()
    worker.page.get_by_role("button", name="Write the plan").click()
    worker.page.get_by_label("What is most important to me").fill(WISH)
    worker.page.get_by_label("Health").first.fill(HEALTH)
    worker.page.get_by_label("Goal or hope").fill("Ring Tom instead of 999")
    worker.page.get_by_label("Importance, 1 to 10").fill("9")
    worker.page.get_by_role("button", name="Add a need").click()
    expect(worker.page.get_by_label("What is most important to me")).to_have_value(WISH)
    worker.page.get_by_label("Housing").nth(1).fill("Behind with the rent.")
    worker.page.get_by_label("Trigger factors").fill(
        "She rings 999 twice in one night\nShe does not answer for two days"
    )
    worker.page.get_by_label("Coping strategies").fill("The dog, the radio.")
    review = datetime.now(UTC) + timedelta(days=40)
    for label, value in (("Day", review.day), ("Month", review.month), ("Year", review.year)):
        worker.page.get_by_label(label).fill(str(value))
    worker.page.get_by_label("Agreed with the person").check()
    worker.looks_over("plan-edit")
    worker.page.get_by_role("button", name="Save the plan").last.click()
    worker.sees("The plan is saved.")
    worker.sees(WISH)
    worker.sees("Agreed with the person")
    worker.sees("Behind with the rent.")


def test_4_the_key_worker_asks_the_police(office: Office) -> None:
    worker = office.key_worker
    worker.page.get_by_role("button", name="Ask for an action").click()
    worker.page.get_by_role("button", name="Ask for it").click()
    worker.sees("Choose who should do it")
    worker.go(f"/people/{office.referral.person_id}/actions")
    worker.page.get_by_label("Who should do it?").select_option(label="Westhaven Police (Police)")
    worker.page.get_by_label("Police", exact=True).fill(ASKED)
    worker.page.get_by_label("Health", exact=True).fill(HEALTH)
    due = datetime.now(UTC) + timedelta(days=4)
    for label, value in (("Day", due.day), ("Month", due.month), ("Year", due.year)):
        worker.page.get_by_label(label).fill(str(value))
    worker.looks_over("action-new")
    worker.page.get_by_role("button", name="Ask for it").click()
    worker.sees("Asked. The organisation gets a secure message.")
    worker.sees("Waiting for an answer")


def test_5_the_police_see_their_part_and_no_more(office: Office) -> None:
    police = office.police
    police.go("/actions")
    police.sees(ASKED)
    expect(police.page.get_by_text(HEALTH)).to_have_count(0)
    police.sees(re.compile("Withheld: no sharing agreement"))
    police.looks_over("actions")
    police.page.get_by_role("link", name=office.referral.name).click()
    police.sees("Support plan")
    expect(police.page.get_by_text(WISH)).to_have_count(0)
    police.looks_over("person-police")


def test_6_the_answer_reaches_the_key_worker_by_itself(office: Office) -> None:
    worker, police = office.key_worker, office.police
    expect(worker.page.get_by_text("Live", exact=True)).to_be_visible()
    police.go("/actions")
    police.page.get_by_role("button", name="Answer").click()
    police.page.get_by_label("We cannot do it").check()
    police.page.get_by_role("button", name="Send the answer").click()
    police.sees("Say why it cannot be done")
    police.page.get_by_role("link", name="Your actions").first.click()
    police.page.get_by_role("button", name="Answer").click()
    police.page.get_by_label("It is done").check()
    police.page.get_by_label("Note to the key worker").fill("Marked, and the night inspector knows.")
    police.page.get_by_label("What the note is about").select_option(label="Police")
    police.looks_over("action-answer")
    police.page.get_by_role("button", name="Send the answer").click()
    police.sees("Your answer is sent to the key worker.")
    worker.sees("Marked, and the night inspector knows.")
    worker.sees("Answered in time")


def test_7_a_note_and_a_crisis_appear_in_the_chronology(office: Office, county: County) -> None:
    worker = office.key_worker
    worker.page.get_by_text("Add a note").click()
    worker.page.get_by_label("Note", exact=True).fill("The landlord holds the letter back.")
    worker.page.get_by_role("button", name="Add", exact=True).click()
    worker.sees("Choose what it is about")
    worker.page.get_by_role("link", name="Refresh").click()
    worker.page.get_by_text("Add a note").click()
    worker.page.get_by_label("What it is about").select_option(label="Housing")
    worker.page.get_by_label("Note", exact=True).fill("The landlord holds the letter back.")
    worker.page.get_by_role("button", name="Add", exact=True).click()
    worker.sees("The note is in the chronology.")
    worker.sees("The landlord holds the letter back.")
    expect(worker.page.get_by_text("Live", exact=True)).to_be_visible()
    county.attend(office.referral)
    expect(worker.page.get_by_role("heading", name=re.compile("Crisis alert"))).to_be_visible(timeout=15_000)
    worker.looks_over("person")
    worker.go("/caseload")
    worker.sees("Crisis contact")


def test_8_everybody_who_looked_is_listed(office: Office) -> None:
    worker = office.key_worker
    worker.go(f"/people/{office.referral.person_id}")
    worker.page.get_by_role("link", name="Who looked at this record").click()
    worker.sees(KEY_WORKER)
    worker.sees(re.compile("Complex needs, North Moor, version 1"))
    worker.looks_over("disclosures")


def test_9_the_key_worker_closes_the_case(office: Office) -> None:
    worker = office.key_worker
    worker.go(f"/people/{office.referral.person_id}")
    worker.page.get_by_role("link", name="Close the case").click()
    worker.looks_over("closure")
    worker.page.get_by_role("button", name="Close the case").click()
    worker.sees("Choose why it is closed")
    worker.page.get_by_label("Why is it closed?").select_option(label="What was planned is done")
    worker.page.get_by_role("button", name="Close the case").click()
    worker.sees("The case is closed.")
    worker.sees("Case closed")
    worker.go("/caseload")
    assert office.referral.person_id not in worker.page.content()


def test_10_signing_out_ends_it(office: Office) -> None:
    office.triage.page.get_by_role("button", name="Sign out").click()
    office.triage.sees("You are signed out")
    office.triage.looks_over("signed-out")
    office.triage.go("/inbox")
    assert office.triage.path().startswith("/?next=")
