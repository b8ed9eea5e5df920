"""Every published BaRS file goes through the door: taken in, or refused with the element named. None crashes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from services.gateway import bars, fhir
from services.gateway.bars import refusal, vocabulary
from services.gateway.fhir import IssueCode

STANDARDS = Path(os.environ.get("JOINEDUP_STANDARDS", Path(__file__).parents[2] / ".." / "shared" / "data")) / "bars"
FILES = sorted(path for path in STANDARDS.rglob("*") if path.suffix in {".xml", ".json"})

pytestmark = pytest.mark.skipif(
    not FILES,
    reason=f"no published BaRS files under {STANDARDS}; set JOINEDUP_STANDARDS to the folder that holds bars/",
)

# The published patient's number fails its check digit (NHS Data Dictionary: NHS NUMBER); this one holds.
PUBLISHED_NUMBER, VALID_NUMBER = b"3478526985", b"9990000018"

# Single resources, as parts for messages: users would expect to be told that they go inside one.
PARTS = ("CONS01", "FLA01", "FLA02", "FLA06")
# Messages whose only fault is the patient's number.
REFERRALS = ("REFREQ01", "REFREQ02", "REFREQ03", "REFREQ06", "SERVREQ01", "SERVREQ02")
UNSUPPORTED = {
    "REFRESP01": "Bundle.entry[0].resource.eventCoding.code",
    "VALREQ01": "Bundle.entry[1].resource.category[0].coding[0].code",
}


def published(prefix: str) -> bytes:
    return next(path for path in FILES if path.name.startswith(prefix)).read_bytes()


def refused(data: bytes) -> bars.Refusal:
    result = bars.read(data)
    assert isinstance(result, bars.Refusal)
    return result


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(STANDARDS)))
def test_each_file_is_taken_in_or_refused_by_name(path: Path) -> None:
    result = bars.read(path.read_bytes())
    if isinstance(result, bars.ReferralMessage):
        return
    outcome = json.loads(json.dumps(result.outcome()))
    fhir.check(fhir.parse(json.dumps(outcome).encode()))
    assert outcome["issue"]
    for issue in outcome["issue"]:
        assert issue["severity"] == "error"
        assert issue["expression"][0].partition(".")[0].isalpha()
        assert issue["diagnostics"]
        assert issue["details"]["coding"][0]["system"] == vocabulary.HTTP_ERRORS


@pytest.mark.parametrize("prefix", REFERRALS)
def test_the_published_requests_carry_a_wrong_number_and_are_taken_in_once_it_is_right(prefix: str) -> None:
    result = refused(published(prefix))
    assert result.status == 400
    assert [issue.code for issue in result.issues] == [IssueCode.VALUE]
    assert result.issues[0].expression.endswith(".identifier[0].value")
    assert "check digit is 5, should be 1" in result.issues[0].diagnostics
    mended = bars.read(published(prefix).replace(PUBLISHED_NUMBER, VALID_NUMBER))
    assert isinstance(mended, bars.ReferralMessage)
    assert mended.patient.nhs_number == VALID_NUMBER.decode()
    assert mended.sender.ods_code == "RND"
    assert mended.service_id == "111111111"
    assert mended.request_id == "236bb75d-90ef-461f-b71e-fde7f899802c"


@pytest.mark.parametrize(
    ("prefix", "intention"), [("SERVREQ01", bars.Intention.REVOKED), ("SERVREQ02", bars.Intention.ENTERED_IN_ERROR)]
)
def test_the_published_cancellations(prefix: str, intention: bars.Intention) -> None:
    result = bars.read(published(prefix).replace(PUBLISHED_NUMBER, VALID_NUMBER))
    assert isinstance(result, bars.ReferralMessage)
    assert result.intention is intention


def test_the_first_published_referral_in_full() -> None:
    message = bars.read(published("REFREQ01").replace(PUBLISHED_NUMBER, VALID_NUMBER))
    assert isinstance(message, bars.ReferralMessage)
    assert message.message_id == "79120f41-a431-4f08-bcc5-1e67006fcae0"
    assert (message.patient.birth_date, message.patient.gender) == ("1959-05-04", "female")
    assert message.patient.verification_status == "01"
    assert message.patient.telephone == "07736312544"
    assert [contact.rank for contact in message.patient.contacts] == [1, 2]
    assert (message.receiver.ods_code, message.service_name) == ("RYE", "Emergency Department - Adult")
    assert message.practitioner is not None
    assert message.practitioner.name == "Marcy BLAKE"
    assert message.priority == "routine"
    assert message.safeguarding_concern
    assert {flag.category for flag in message.flags} == {"SG", "RA", "RS"}
    assert message.narrative.safeguarding == "Child is cause for safeguarding concern (finding)"
    assert message.narrative.health.startswith("PATHWAYS ASSESSMENT:\nAn injury")
    assert "Allergy: Amoxicillin" in message.narrative.health
    assert [reason.code for reason in message.reasons] == ["4389", "DX02", "PA21", "1010"]
    assert [(consent.category, consent.policy) for consent in message.consents] == [("DRC", "IMPLIED")]
    assert message.occurs_from is not None
    assert message.occurs_from.isoformat() == "2021-10-13T09:20:27+00:00"


@pytest.mark.parametrize("prefix", PARTS)
def test_a_part_by_itself_is_sent_back_with_where_it_belongs(prefix: str) -> None:
    result = refused(published(prefix))
    assert result.status == 422
    assert result.issues[0].code is IssueCode.NOT_SUPPORTED
    assert result.issues[0].expression in {"Flag", "Consent"}
    assert "inside a Bundle of type message" in result.issues[0].diagnostics


@pytest.mark.parametrize("prefix", UNSUPPORTED)
def test_other_kinds_of_message_are_refused_as_not_supported(prefix: str) -> None:
    result = refused(published(prefix))
    assert (result.status, result.issues[0].code) == (422, IssueCode.NOT_SUPPORTED)
    assert result.issues[0].expression == UNSUPPORTED[prefix]


def test_every_answer_of_ours_has_a_shape_that_bars_publishes() -> None:
    shapes = set()
    for path in (STANDARDS / "api-examples" / "OperationOutcome" / "REC").glob("*.json"):
        issue = json.loads(path.read_bytes())["issue"][0]
        coding = issue["details"]["coding"][0]
        shapes.add((path.name[:3], issue["code"], coding["system"], coding["code"]))
    for code in IssueCode:
        ours = bars.Refusal((fhir.Issue.error(code, "Bundle", "is so"),))
        coding = ours.outcome()["issue"][0]["details"]["coding"][0]
        assert (str(ours.status), code.value, coding["system"], coding["code"]) in shapes
    assert refusal.operation_outcome([])["issue"] == []
