"""Invented but lifelike pages of the portal, for rendering, looking at, and checking for accessibility."""

from dataclasses import replace

from services.portal.pages import (
    disclosures,
    errors,
    frame,
    inbox,
    landing,
    parts,
    people,
    referral,
    rendering,
    vocabulary,
)
from tests.unit import portal_example_cases as cases
from tests.unit import portal_example_merges as merged
from tests.unit import portal_example_reviews as pairs
from tests.unit.portal_example_people import (
    DARREN,
    HEALTH,
    HIDDEN,
    IRENA,
    LIVE,
    MAUREEN,
    MONEY,
    OUTSIDE,
    PAGING,
    POLICE,
    SEARCH,
    STRANGER,
    TOBY,
    ago,
    due,
    on,
)


def row(id: str, who: people.Person, reason: parts.Text, **more: object) -> inbox.ReferralRow:
    made = inbox.ReferralRow(
        id=id,
        href=f"/referrals/{id}",
        person=who,
        reason=reason,
        referrer="North Devon District Hospital, emergency department",
        received_at=ago(days=2, hours=3),
        status=vocabulary.REFERRAL_STATUS["received"],
        due=due(days=3),
    )
    return replace(made, **more)  # type: ignore[arg-type]


INBOX = inbox.InboxPage(
    team="One Northern Devon",
    waiting=12,
    overdue=1,
    new=2,
    search=SEARCH,
    rows=(
        row(
            "r1",
            MAUREEN,
            "Fifth attendance in six weeks. Chest pain with nothing found, very anxious about losing her flat. "
            "Asked twice whether somebody could just sit with her and go through the letters.",
            due=due(days=-1),
            priority=vocabulary.PRIORITY["urgent"],
            received_at=ago(days=8),
        ),
        row("r2", DARREN, "Sleeping in the bus station; wound on left foot needs dressing.", new=True,
            safeguarding=True, due=due(hours=5), received_at=ago(minutes=4)),
        row("r3", TOBY, HEALTH, new=True, referrer="Devon and Cornwall Police, neighbourhood team"),
        row("r4", IRENA, None, status=vocabulary.REFERRAL_STATUS["on_hold"], referrer="Boutport Medical Centre"),
        row("r5", HIDDEN, STRANGER, referrer="Plough and Share CIC"),
    ),
    paging=PAGING,
    live=LIVE,
)  # fmt: skip
INBOX_EMPTY = replace(INBOX, waiting=0, overdue=0, new=0, rows=(), paging=parts.Paging(0, 0, 0))

PENDING = people.Person("/people/p6", "Name on its way", pending=True)
SENT = inbox.SentPage(
    "North Devon District Hospital",
    parts.Search("/sent", "", "", filters=(parts.Choice("", "All", selected=True),)),
    tuple(replace(sent, referrer="One Northern Devon", new=False) for sent in INBOX.rows[:3]),
    PAGING,
    replace(LIVE, refresh="/sent"),
)

NARRATIVE = (
    people.NarrativePart("In the person's words", "“I ring 999 because nobody else picks up after six.”"),
    people.NarrativePart(
        "Health",
        "Five attendances since 3 October, each with chest pain and breathlessness; every work-up was normal.\n"
        "COPD, anxiety. Takes sertraline, misses doses when she runs out.",
    ),
    people.NarrativePart("Housing", "Notice seeking possession, arrears of three months; hearing on 4 December."),
    people.NarrativePart("Police", POLICE),
    people.NarrativePart("Money", MONEY),
)
TRIAGE = referral.TriageForm(
    form=parts.Form("/referrals/r1/decision", "8f14e45f-ceea-4675-9ba3-6b3f3f0c7a10", version=3),
    key_workers=(
        parts.Choice("p-amara", "Amara Okafor (11 cases)"),
        parts.Choice("p-jo", "Jo Trevithick (17 cases)"),
    ),
)
REFERRAL = referral.ReferralPage(
    person=MAUREEN,
    status=vocabulary.REFERRAL_STATUS["received"],
    priority=vocabulary.PRIORITY["urgent"],
    due=due(days=-1),
    facts=(
        parts.Fact("From", "North Devon District Hospital, emergency department"),
        parts.Fact("Received", "12 November 2025, 17:40"),
        parts.Fact("How it came to you", "Team kind “complex needs” serves postcode district EX31"),
        parts.Fact("Reasons", HEALTH),
        parts.Fact("Message", None),
    ),
    narrative=NARRATIVE,
    safeguarding=True,
    history=(
        referral.Decided(
            ago(days=6), vocabulary.REFERRAL_STATUS["on_hold"], "Jo Trevithick, One Northern Devon",
            note="Which attendances were overnight? Please add the last discharge summary.",
        ),
        referral.Decided(ago(days=5), vocabulary.REFERRAL_STATUS["received"], "Dr Priya Nair", note=HEALTH),
    ),
    back_href="/inbox",
    triage=TRIAGE,
)  # fmt: skip
REFERRAL_PROBLEM = replace(
    REFERRAL,
    triage=replace(
        TRIAGE,
        decision="reject",
        form=replace(
            TRIAGE.form,
            problems=(
                parts.Problem("reason", "Choose a reason"),
                parts.Problem("note", "Say what the referrer should know"),
            ),
        ),
    ),
)

ROLE = landing.RolePage(
    parts.Form("/role", "k5"),
    (
        parts.Choice("1", "Caseworker", hint="One Northern Devon, Devon County Council", selected=True),
        parts.Choice("2", "Triage", hint="Boutport Medical Centre"),
    ),
)
SIGN_IN = landing.SignInPage((landing.Issuer("Sign in", "/sign-in"),))

NOTICED = replace(
    on("Referral inbox"),
    notices=(
        frame.Notice("Accepted. Amara Okafor is the key worker.", href="/people/p1", link_text="Go to the plan"),
        frame.Notice("The mail to Northern Homes could not be delivered.", kind="important"),
    ),
)

EXAMPLES: dict[str, tuple[rendering.Page, frame.Frame]] = {
    "sign-in": (SIGN_IN, OUTSIDE),
    "signed-out": (replace(SIGN_IN, signed_out=True), OUTSIDE),
    "role": (ROLE, on("")),
    "inbox": (INBOX, on("Referral inbox")),
    "inbox-empty": (INBOX_EMPTY, NOTICED),
    "inbox-pending": (replace(INBOX, rows=(replace(INBOX.rows[0], person=PENDING),)), on("Referral inbox")),
    "sent": (SENT, on("")),
    "referral": (REFERRAL, on("Referral inbox")),
    "referral-problem": (REFERRAL_PROBLEM, on("Referral inbox")),
    "caseload": (cases.CASELOAD, on("Caseload")),
    "person": (cases.PERSON, on("Caseload")),
    "person-new": (cases.PERSON_NEW, on("Caseload")),
    "plan-edit": (cases.PLAN_EDIT, on("Caseload")),
    "action-new": (cases.ACTION_NEW, on("Caseload")),
    "closure": (cases.CLOSURE, on("Caseload")),
    "closure-waiting": (replace(cases.CLOSURE, form=parts.Form("/people/p1/closure", "k6"), waiting=0), on("Caseload")),
    "person-closed": (replace(cases.PERSON, closed_at=ago(days=1), closure_href=""), on("Caseload")),
    "action-answer": (cases.ACTION_ANSWER, on("Your actions")),
    "my-actions": (cases.MY_ACTIONS, on("Your actions")),
    "person-pending": (replace(cases.PERSON_NEW, person=PENDING), on("Caseload")),
    "disclosures": (cases.DISCLOSURES, on("Caseload")),
    "disclosures-check": (replace(cases.DISCLOSURES, intact=None, check_href="?check=yes"), on("Caseload")),
    "disclosures-find": (disclosures.FindPage("/disclosures"), on("")),
    "disclosures-find-problem": (disclosures.FindPage("/disclosures", "x", "Enter a person id"), on("")),
    "reviews": (pairs.REVIEWS, on("")),
    "reviews-empty": (pairs.REVIEWS_EMPTY, on("")),
    "review": (pairs.REVIEW, on("")),
    "review-problem": (pairs.REVIEW_PROBLEM, on("")),
    "review-decided": (pairs.REVIEW_DECIDED, on("")),
    "review-same": (pairs.REVIEW_SAME, on("")),
    "merges": (merged.MERGES, on("")),
    "merges-empty": (merged.MERGES_EMPTY, on("")),
    "merge": (merged.STANDING, on("")),
    "merge-nothing-came": (merged.NOTHING_CAME, on("")),
    "merge-problem": (merged.STANDING_PROBLEM, on("")),
    "merge-taken-back": (merged.TAKEN_BACK, on("")),
    "merge-refused": (merged.REFUSED, on("")),
    **{f"error-{status}": (errors.error_page(status, "7c1f0a52"), on("")) for status in (403, 404, 409, 500, 503)},
}
