"""An answer is a sound FHIR message in the published shape, addressed to who asked, and tells no more than it must."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis import errors
from services.gateway import bars, fhir
from services.gateway.bars import response, vocabulary
from services.gateway.bars.message import Organisation
from tests.unit import bars_examples as examples

NOW = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)
ANSWER_ID = "11111111-2222-4333-8444-555555555555"
REFERRAL = examples.taken(examples.as_json(examples.bundle()))
BY = response.Answerer(Organisation("ZWC", "Westhaven Community Health"), REFERRAL.service_id, "Complex Needs Team")


def answer(decision: response.Decision, status: str = "01") -> Any:
    return response.respond(
        REFERRAL.reply,
        decision,
        by=BY,
        to=REFERRAL.sender,
        about=response.Subject(REFERRAL.patient.nhs_number, status),
        message_id=ANSWER_ID,
        sent_at=NOW,
    )


ACCEPTED = response.Decision(accepted=True, decided_at=NOW)
REJECTED = response.Decision(accepted=False, decided_at=NOW, reason_code="40", note="Lives outside the county.")


@pytest.mark.parametrize("decision", [ACCEPTED, REJECTED], ids=["accepted", "rejected"])
def test_the_answer_is_sound_fhir(decision: response.Decision) -> None:
    root = fhir.parse(json.dumps(answer(decision)).encode())
    fhir.check(root)
    again = bars.read(json.dumps(answer(decision)).encode())
    assert isinstance(again, bars.Refusal)
    assert again.issues[0].expression == "Bundle.entry[0].resource.eventCoding.code"


def test_the_answer_goes_to_who_asked_and_names_the_question() -> None:
    header = answer(ACCEPTED)["entry"][0]["resource"]
    assert header["eventCoding"]["code"] == "servicerequest-response"
    assert header["response"] == {"identifier": REFERRAL.message_id, "code": "ok"}
    assert header["destination"][0]["endpoint"] == REFERRAL.reply.sender_endpoint
    assert header["focus"] == [{"reference": f"urn:uuid:{REFERRAL.request_id}"}]


def test_acceptance_and_rejection() -> None:
    assert examples.resource(answer(ACCEPTED), "ServiceRequest")["status"] == "active"
    rejected = answer(REJECTED)
    request = examples.resource(rejected, "ServiceRequest")
    assert (request["status"], request["note"]) == ("revoked", [{"text": "Lives outside the county."}])
    reason = examples.resource(rejected, "QuestionnaireResponse")["item"][0]["item"][0]["item"][1]["answer"][0]
    assert reason == {"valueCoding": {"system": vocabulary.REJECTED_REASONS, "code": "40", "display": "Not eligible"}}


@pytest.mark.parametrize(("status", "told"), [("01", True), ("02", True), ("03", False), ("05", False), ("", False)])
def test_only_a_number_that_is_verified_or_untraced_is_told(status: str, told: bool) -> None:
    assert (REFERRAL.patient.nhs_number in json.dumps(answer(ACCEPTED, status))) is told


def test_no_more_is_told_about_the_person() -> None:
    patient = examples.resource(answer(REJECTED), "Patient")
    assert set(patient) == {"resourceType", "meta", "identifier"}
    assert REFERRAL.narrative.health not in json.dumps(answer(REJECTED))


def test_the_same_answer_has_the_same_ids() -> None:
    assert answer(REJECTED) == answer(REJECTED)


@pytest.mark.parametrize(("accepted", "code"), [(False, ""), (False, "41"), (True, "40")])
def test_a_rejection_has_a_reason_that_bars_knows_and_nothing_else_has_one(accepted: bool, code: str) -> None:
    with pytest.raises(errors.Invalid, match="reason_code"):
        response.Decision(accepted=accepted, decided_at=NOW, reason_code=code)


def test_the_message_id_is_a_uuid() -> None:
    with pytest.raises(errors.Invalid, match="message_id"):
        response.respond(
            REFERRAL.reply,
            ACCEPTED,
            by=BY,
            to=REFERRAL.sender,
            about=response.Subject(),
            message_id="answer 1",
            sent_at=NOW,
        )
