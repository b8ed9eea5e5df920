"""Two records side by side: every field of both, why they agree, and what is withheld never like what is not there."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from chassis.disclosure import labels, redaction
from chassis.disclosure.decision import Decision, Released, Withheld
from joinedup.governance.v1 import directory_pb2
from joinedup.identity.v1 import identity_pb2
from joinedup.identity.v1 import reviews_pb2 as pb
from joinedup.options.v1 import options_pb2
from services.portal.directory import Names
from services.portal.pages import parts, review
from services.portal.pages.vocabulary import FIELD_AGREEMENT
from services.portal.shown import reviews

IDENTIFYING, CONTACT = options_pb2.DATA_CLASS_IDENTIFYING, options_pb2.DATA_CLASS_CONTACT
NAMES = Names({"kay": "Kay West"}, {"trust": directory_pb2.Organisation(id="trust", name="The Trust")})


def record(person_id: str, family: str) -> pb.ReviewedRecord:
    made = pb.ReviewedRecord(
        person_id=person_id,
        demographics=identity_pb2.Demographics(
            nhs_number="9991116680",
            name=identity_pb2.Name(given=["Margaret", "Rose"], family=family),
            birth_date="1973-03-09",
            address=identity_pb2.Address(lines=["Flat 3", "Moorgate"], postcode="WH2 4QP"),
        ),
        verification_status="05",
        other_nhs_numbers=["9990000018"],
        sources=[pb.StatementSource(source="bars/1", organisation_id="trust"), pb.StatementSource(source="pds")],
        identity_agreements=[
            pb.IdentityAgreement(field="given", agreement=pb.FIELD_AGREEMENT_SAME, reason="given name is the same"),
            pb.IdentityAgreement(field="middle", agreement=pb.FIELD_AGREEMENT_DIFFERENT, reason="further name differs"),
            pb.IdentityAgreement(field="family", agreement=pb.FIELD_AGREEMENT_NEAR, reason="family name sounds alike"),
        ],
        contact_agreements=[
            pb.ContactAgreement(field="postcode", agreement=pb.FIELD_AGREEMENT_SAME, reason="postcode is the same")
        ],
    )
    made.registered_at.FromDatetime(datetime(2026, 3, 2, 9, tzinfo=UTC))
    return made


def pair(*released: frozenset[int]) -> pb.Review:
    """Two records of which so much is released, as the service and its frame would answer."""
    made = pb.Review(review_id="a.b", first=record("a", "Pascoe"), second=record("b", "Paskoe"))
    both = frozenset.intersection(*released)
    for one in (made.first, made.second):
        if IDENTIFYING not in both:
            one.ClearField("identity_agreements")
        if CONTACT not in both:
            one.ClearField("contact_agreements")
    decisions = dict(zip(("a", "b"), map(decision, released), strict=True))
    redaction.redact(redaction.subjects(made), decisions.__getitem__)
    return made


def decision(released: frozenset[int]) -> Decision:
    right, wrong = Released("a", 1, "r", "law"), Withheld("restricted", "This person's whereabouts are protected")
    return Decision({one: right if one in released else wrong for one in labels.PERSONAL_CLASSES}, (), False)


def rows(found: pb.Review) -> dict[str, review.Compared]:
    return {one.label: one for one in reviews.compared(found, NAMES)}


BOTH = frozenset((IDENTIFYING, CONTACT))


def test_every_field_stands_beside_the_other_ones_with_why() -> None:
    found = rows(pair(BOTH, BOTH))
    family = found["Family name"]
    assert (family.first, family.second, family.agreement, family.reason) == (
        "Pascoe",
        "Paskoe",
        FIELD_AGREEMENT["near"],
        "Family name sounds alike",
    )
    assert found["Given names"].reason == "Given name is the same\nFurther name differs"
    assert found["NHS Number"].first == "999 111 6680"
    assert found["NHS Number stated, not on the record"].first == "999 000 0018"
    assert found["NHS Number status"].second == "Trace needs to be resolved: number or details conflict"
    assert found["Registered"].agreement is None
    assert "Telephone" not in found, "neither record has one"


def test_who_stated_something_has_a_name_and_the_id_stands_apart() -> None:
    found = pair(BOTH, BOTH)
    at = "1 January 1970, 01:00"
    stated = f"A referral from The Trust, {at}\nThe Personal Demographics Service, {at}"
    row = rows(found)["Who stated it"]
    assert (row.first, row.second, row.agreement) == (stated, stated, None)
    assert [(one.label, one.value) for one in reviews.references(found, NAMES)] == [
        (f"First record: A referral from The Trust, {at}", "bars/1"),
        (f"First record: The Personal Demographics Service, {at}", "pds"),
        (f"Second record: A referral from The Trust, {at}", "bars/1"),
        (f"Second record: The Personal Demographics Service, {at}", "pds"),
    ]


def test_who_stated_something_of_a_restricted_person_is_told_nowhere() -> None:
    made = pb.Review(first=record("a", "Pascoe"), second=record("b", "Paskoe"))
    everything = {one: Released("a", 1, "r", "law") for one in labels.PERSONAL_CLASSES}
    shut = Decision({**everything, CONTACT: Withheld("restricted", "b")}, (), False, restricted=True)
    redaction.redact(redaction.subjects(made), {"a": decision(BOTH), "b": shut}.__getitem__)
    row = rows(made)["Who stated it"]
    assert isinstance(row.first, str)
    assert isinstance(row.second, parts.Withheld)
    assert {one.label.partition(":")[0] for one in reviews.references(made, NAMES)} == {"First record"}
    assert not any(one.organisation_id for one in made.second.sources)


def test_what_is_withheld_of_one_record_is_said_and_nothing_is_told_of_it_by_the_other() -> None:
    found = rows(pair(BOTH, frozenset((IDENTIFYING,))))
    postcode = found["Postcode"]
    assert postcode.first == "WH2 4QP"
    assert isinstance(postcode.second, parts.Withheld)
    assert postcode.agreement is None
    assert isinstance(postcode.reason, parts.Withheld)
    assert isinstance(found["Telephone"].second, parts.Withheld)
    assert found["Telephone"].first is None
    assert found["Family name"].reason == "Family name sounds alike"


def test_a_pair_of_which_nothing_is_released_says_so_once() -> None:
    found = rows(pair(frozenset(), frozenset()))
    assert set(found) - {"NHS Number status", "Registered"} == {"Everything else that the records say"}
    *_, shut = found.values()
    for one in (shut.first, shut.second, shut.reason):
        assert isinstance(one, parts.Withheld)


def test_what_is_withheld_of_both_stands_together_under_its_names() -> None:
    some = frozenset((IDENTIFYING,))
    found = rows(pair(some, some))
    shut = found["Address, postcode, other postcodes, telephone"]
    for one in (shut.first, shut.second, shut.reason):
        assert isinstance(one, parts.Withheld)
    assert found["Family name"].second == "Paskoe"


def test_a_row_of_the_queue_says_who_may_be_whom() -> None:
    made = pb.ReviewSummary(
        review_id="a.b", score=0.8399, state=pb.REVIEW_STATE_NOT_SURE, first=pb.ReviewedPerson(person_id="a")
    )
    made.first.name.CopyFrom(identity_pb2.Name(given=["Ana"], family="Nowak"))
    made.first.birth_date = "1984-03-09"
    made.second.person_id = "b"
    redaction.redact(redaction.subjects(made.second), lambda _: decision(frozenset()))
    shown = reviews.row(made, today=date(2026, 3, 2))
    assert (shown.first.name, shown.first.age, shown.likelihood) == ("Ana Nowak", 41, "83%")
    assert isinstance(shown.second.name, parts.Withheld)
    assert isinstance(shown.second.nhs_number, parts.Withheld)
    assert (shown.state.text, shown.href) == ("Not sure", "/reviews/a.b")


@pytest.mark.parametrize(("score", "words"), [(0.0, "under 1%"), (0.0099, "under 1%"), (0.5, "50%"), (0.9999, "99%")])
def test_nothing_doubtful_looks_certain(score: float, words: str) -> None:
    assert reviews.likelihood(score) == words


def test_the_history_says_who_decided_what_and_why() -> None:
    made = pb.Review(
        decisions=[
            pb.ReviewDecided(
                decision=pb.REVIEW_DECISION_NOT_SURE,
                reason_code="too_little_known",
                practitioner_id="kay",
                organisation_id="trust",
            ),
            pb.ReviewDecided(decision=pb.REVIEW_DECISION_DIFFERENT, reason_code="unmerged", organisation_id="trust"),
        ]
    )
    first, second = reviews.history(made, NAMES)
    assert (first.by, first.decision.text) == ("Kay West, The Trust", "Not sure")
    assert first.reason == "Too little is known of one of them"
    assert second.by == "The Trust"
    assert second.reason == "They had been taken for one person, and that was taken back"
