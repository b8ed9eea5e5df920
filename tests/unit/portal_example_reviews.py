"""Invented pairs of records that may be one person, as pages show them."""

from dataclasses import replace

from services.portal.pages import parts, review, vocabulary
from tests.unit.portal_example_people import DARREN, HIDDEN, IRENA, MAUREEN, PAGING, STRANGER, TOBY, ago

AGREES, NEARLY, DIFFERS, UNKNOWN = (vocabulary.FIELD_AGREEMENT[key] for key in ("same", "near", "different", "unknown"))
SHUT = parts.Withheld("this person's whereabouts are protected", "Contact", "restricted")


def row(id: str, first: object, second: object, likelihood: str, state: str = "open") -> review.ReviewRow:
    return review.ReviewRow(
        id,
        f"/reviews/{id}",
        first,  # type: ignore[arg-type]
        second,  # type: ignore[arg-type]
        likelihood,
        vocabulary.REVIEW_STATE[state],
        ago(days=3),
    )


REVIEWS = review.ReviewsPage(
    open=3,
    not_sure=1,
    search=parts.Search(
        "/reviews",
        "",
        "Search by name or NHS Number",
        sorts=(parts.Choice("score", "Likeliest first", selected=True), parts.Choice("oldest", "Oldest first")),
        filters=(parts.Choice("", "Waiting", selected=True), parts.Choice("different", "Two different people")),
    ),
    rows=(
        row("r1", MAUREEN, replace(MAUREEN, name="Maureen Pasco", nhs_number=None), "83%"),
        row("r2", TOBY, replace(TOBY, name="Tobias Fairweather-Grant", birth_date="2003-06"), "41%"),
        row("r3", HIDDEN, IRENA, "7%"),
        row("r4", DARREN, replace(DARREN, name="Darren Luscombe-Featherstonehaugh"), "under 1%", "not_sure"),
    ),
    paging=PAGING,
)
REVIEWS_EMPTY = replace(REVIEWS, open=0, not_sure=0, rows=(), paging=parts.Paging(0, 0, 0))

REFERRED = "A referral from North Devon Housing, 3 March 2025, 14:02"
ROWS = (
    review.Compared("NHS Number", "999 123 4004", None, UNKNOWN, "NHS Number is not known"),
    review.Compared("NHS Number status", "Present, not traced", "Trace attempted: nobody, or several, match"),
    review.Compared("Given names", "Maureen", "Maureen Anne", AGREES, "Given name is the same"),
    review.Compared("Family name", "Pascoe-Whittaker", "Pasco", NEARLY, "Family name is one part of a longer one"),
    review.Compared("Date of birth", "9 March 1961", "3 September 1961", NEARLY, "Day and month of birth swapped"),
    review.Compared("Gender", "Female", "Male", DIFFERS, "Gender is different"),
    review.Compared("Postcode", SHUT, "EX31 1RG", None, SHUT),
    review.Compared("Telephone", SHUT, None, None, SHUT),
    review.Compared("Other family names", STRANGER, "Whittaker"),
    review.Compared("Registered", "3 March 2025, 14:02", "20 November 2025, 16:12"),
    review.Compared("Who stated it", REFERRED, "The Personal Demographics Service, 20 November 2025, 16:12"),
)
DECIDING = review.DecideForm(
    parts.Form("/reviews/r1/decision", "2b0c7e0a-8d5f-4a39-9d1e-6a7b8c9d0e1f", version=2),
    dict(vocabulary.REVIEW_REASONS),
)
UNSURE = review.Decided(
    ago(days=1), vocabulary.REVIEW_STATE["not_sure"], "Jo Trevithick, Westhaven", "Too little is known of one of them"
)
REFERENCES = (
    parts.Fact(f"First record: {REFERRED}", "bars/5f0c1d2e-7a6b-4c8d-9e0f-a1b2c3d4e5f6"),
    parts.Fact("Second record: The Personal Demographics Service, 20 November 2025, 16:12", "pds"),
)
REVIEW = review.ReviewPage(
    "83%", vocabulary.REVIEW_STATE["not_sure"], ago(days=3), ROWS, (UNSURE,), REFERENCES, DECIDING
)
REVIEW_PROBLEM = replace(
    REVIEW,
    deciding=replace(
        DECIDING,
        decision="different",
        form=replace(DECIDING.form, problems=(parts.Problem("reason_different", "Choose a reason"),)),
    ),
)
REVIEW_DECIDED = replace(
    REVIEW,
    state=vocabulary.REVIEW_STATE["different"],
    rows=tuple(replace(one, first=STRANGER, second=STRANGER, agreement=None, reason=STRANGER) for one in ROWS[:1]),
    references=(),
    deciding=None,
)
REVIEW_SAME = replace(
    REVIEW_DECIDED,
    state=vocabulary.REVIEW_STATE["same"],
    history=(UNSURE, replace(UNSURE, decision=vocabulary.REVIEW_STATE["same"], reason="The details leave no doubt")),
    merge_href="/merges/m1",
)
