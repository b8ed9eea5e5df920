"""What the portal refuses and withstands: strangers, forged forms, no script, no mouse, and somebody in two roles."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests import chromium
from tests.browser import visiting
from tests.browser.visiting import County, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.kafka, pytest.mark.timeout(600)]

TRIAGE, KEY_WORKER, HOUSING, REFERRER = "Priya Desai", "Tom Ackroyd", "Joanne Mills", "Dr Chidi Okonkwo"


def test_a_stranger_is_told_that_there_is_no_such_page(visitor: Visitor, county: County) -> None:
    # Given somebody of a housing association without a part in it
    referral = county.refer()
    visitor.sign_in(HOUSING)
    # When they try addresses about a person, then each is as if it did not exist
    for path in (f"/people/{referral.person_id}", f"/people/{referral.person_id}/plan", f"/referrals/{referral.id}"):
        assert visitor.go(path).status == 404, path
        visitor.sees("Page not found")
    visitor.looks_over("error-404")
    assert visitor.go(f"/people/{referral.person_id}/disclosures").status == 403


def test_a_form_that_was_not_made_for_this_session_is_refused(visitor: Visitor, county: County) -> None:
    referral = county.refer()
    visitor.sign_in(TRIAGE)
    for token in ("", "forged"):
        answer = visitor.page.request.post(
            f"{county.portal}/referrals/{referral.id}/decision",
            form={"csrf": token, "key": "k", "version": "1", "decision": "reject", "reason": "24"},
            max_redirects=0,
        )
        assert answer.status == 403
    visitor.go(f"/referrals/{referral.id}")
    visitor.sees("Waiting for triage")


def test_every_answer_carries_the_guarding_headers(visitor: Visitor, county: County) -> None:
    visitor.sign_in(TRIAGE)
    static = visitor.page.locator("link[rel=stylesheet]").first.get_attribute("href")
    for path in ("/inbox", "/no-such-page", "/people/nobody", str(static), "/sign-in?provider=9", "/live?topic=x"):
        headers = visitor.page.request.get(f"{county.portal}{path}", max_redirects=0).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';"), path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert headers["cache-control"] == ("no-store" if path != static else "public, max-age=31536000, immutable")
        assert "server" not in headers
    cookies = {cookie["name"]: cookie for cookie in visitor.page.context.cookies(county.portal)}
    assert cookies["joinedup"]["httpOnly"]
    assert cookies["joinedup"]["sameSite"] == "Lax"


def test_triage_from_the_keyboard_alone(visitor: Visitor, county: County) -> None:
    referral = county.refer(priority="routine")
    visitor.sign_in(TRIAGE)
    page = visitor.page
    expect(page.get_by_role("link", name=referral.name)).to_be_visible(timeout=15_000)
    reach(page, f"#referral-{referral.id}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/referrals/*")
    reach(page, "input[name=decision]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")  # from "Accept" to "Return with advice"
    reach(page, "textarea[name=advice]")
    page.keyboard.type("Please ask her whether she wants this.")
    reach(page, "form.jd-panel button[type=submit]")
    page.keyboard.press("Enter")
    visitor.sees("Returned to the referrer with your advice.")
    visitor.sees("Returned with advice")


def reach(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus, which has to be seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = page.evaluate(
                """() => { const style = getComputedStyle(document.activeElement), label = document.activeElement.labels
                    const near = label && label[0] ? getComputedStyle(label[0], '::before') : style
                    return [style.outlineStyle, style.boxShadow, style.backgroundColor, near.boxShadow].join(' ') }"""
            )
            assert outline.replace("none", "").strip()
            return
    raise AssertionError(f"{selector} cannot be reached")


def test_the_whole_of_triage_without_scripts_on_a_phone(browser: Browser, county: County) -> None:
    referral = county.refer()
    size = {"width": chromium.PHONE["width"], "height": chromium.PHONE["height"]}
    with visiting.visitor(browser, county, java_script_enabled=False, viewport=size) as visitor:
        visitor.sign_in(TRIAGE)
        visitor.page.get_by_role("link", name="Refresh").click()
        visitor.page.get_by_label("Search by name or NHS Number").fill(referral.person.family)
        visitor.page.get_by_role("button", name="Show").click()
        visitor.page.get_by_role("link", name=referral.name).click()
        visitor.page.get_by_label("Refuse").check()
        visitor.page.get_by_role("button", name="Decide").click()
        visitor.sees("Choose a reason")
        expect(visitor.page.get_by_label("Refuse")).to_be_checked()
        visitor.page.get_by_label("Reason").select_option(label="The person's own choice")
        visitor.page.get_by_label("What the referrer should know").fill("He says no for now.")
        visitor.page.get_by_role("button", name="Decide").click()
        visitor.sees("Refused. The referrer is told the reason.")
        visitor.sees("The person's own choice")


def test_the_referrer_learns_what_became_of_it(visitor: Visitor, county: County) -> None:
    referral = county.refer()
    visitor.sign_in(REFERRER)
    assert visitor.path() == "/sent"
    visitor.page.get_by_role("link", name=referral.name).first.click()
    visitor.sees("Waiting for triage")
    expect(visitor.page.get_by_role("button", name="Decide")).to_have_count(0)
    visitor.page.get_by_role("link", name="Sent referrals").first.click()
    visitor.looks_over("sent")


def test_somebody_with_two_posts_chooses_and_changes(visitor: Visitor, county: County) -> None:
    staff = next(one for one in county.stack.place.practitioners if len(one.roles) > 1)
    visitor.sign_in(staff.name)
    visitor.sees("In which role do you work now?")
    visitor.looks_over("role")
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.sees("Choose a role")
    visitor.page.get_by_label("Caseworker").check()
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.sees("Caseload")
    visitor.page.get_by_role("link", name="Change role").click()
    visitor.page.get_by_label("Partner agency").check()
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.sees("Your actions")
    assert visitor.go("/caseload").status == 403
    visitor.sees("Your role does not allow it.")


def test_who_looks_after_records_sees_the_ledger_and_no_name(visitor: Visitor, county: County) -> None:
    referral = county.refer()
    place = county.stack.place
    lead = next(one for one in place.practitioners if one.roles[0].role == "ig_lead")
    visitor.sign_in(lead.name)
    visitor.sees("Who looked at a record")
    visitor.looks_over("disclosures-find")
    visitor.page.get_by_label("Person id").fill("Louis")
    visitor.page.get_by_role("button", name="Show who looked").click()
    visitor.sees(re.compile("Enter a person id"))
    visitor.page.get_by_label("Person id").fill(referral.person_id)
    visitor.page.get_by_role("button", name="Show who looked").click()
    visitor.sees("Name withheld")
    visitor.page.get_by_role("link", name="Check that the whole ledger is intact").click()
    visitor.sees("The ledger is intact")
    assert referral.person.family not in visitor.page.content()
    visitor.looks_over("disclosures-lead")


def test_whoever_is_not_signed_in_is_led_there_and_back(visitor: Visitor, county: County) -> None:
    referral = county.refer()
    visitor.go(f"/referrals/{referral.id}")
    assert visitor.path() == f"/?next=%2Freferrals%2F{referral.id}"
    visitor.page.get_by_role("button", name="Sign in").click()
    visitor.page.get_by_label(re.compile("name", re.IGNORECASE)).fill(TRIAGE)
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("button", name=re.compile(TRIAGE)).click()
    visitor.sees("Why they were referred")
    assert visitor.path() == f"/referrals/{referral.id}"


def test_two_who_decide_at_once(browser: Browser, county: County) -> None:
    referral = county.refer()
    with visiting.visitor(browser, county) as first, visiting.visitor(browser, county) as second:
        for one in (first, second):
            one.sign_in(TRIAGE)
            one.go(f"/referrals/{referral.id}")
            one.page.get_by_label("Return with advice").check()
            one.page.get_by_label("Advice to the referrer").fill("Ask her first.")
        first.page.get_by_role("button", name="Decide").click()
        first.sees("Returned to the referrer with your advice.")
        second.page.get_by_role("button", name="Decide").click()
        second.sees(re.compile("Somebody decided this referral"))
        expect(second.page.get_by_label("Advice to the referrer")).to_have_value("Ask her first.")


def test_a_sign_in_that_was_not_begun_here_is_refused(county: County) -> None:
    with httpx.Client(base_url=county.portal, trust_env=False) as client:
        assert client.get("/signed-in", params={"code": "c", "state": "s"}).status_code == 400
        assert client.get("/sign-in", params={"provider": "0", "next": "//elsewhere.example"}).status_code == 303
        answer = client.get("/signed-in", params={"code": "c", "state": "forged"})
        assert answer.status_code == 400
        assert "joinedup" not in {name for name, value in answer.cookies.items() if value}
