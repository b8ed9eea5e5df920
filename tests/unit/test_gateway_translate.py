"""A BaRS message as the referral it asks for."""

from __future__ import annotations

import dataclasses
import datetime

from devstack.place import bars as written
from devstack.place.place import Place
from joinedup.referrals.v1 import referrals_pb2
from services.gateway import bars, fhir, replies, translate

PLACE = Place(people=1, until=datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC))
PERSON = "0b4f4f2e-53a2-4f0b-9d26-2f7a1f0f9d11"


def _read() -> bars.ReferralMessage:
    message = bars.read(
        written.as_json(written.bundle(PLACE.seeding, written.protagonist_referral(PLACE))), fhir.Limits()
    )
    assert isinstance(message, bars.ReferralMessage)
    return message


def test_a_reason_in_words_is_told_in_words_and_a_coded_one_as_a_code() -> None:
    coded = bars.message.Coding("http://snomed.info/sct", "217082002", "Accidental fall | at home")
    message = dataclasses.replace(_read(), reasons=(*_read().reasons, coded))
    request = translate.referral(message, PERSON, "complex_needs")
    assert list(request.reason_codes) == ["http://snomed.info/sct|217082002|Accidental fall / at home"]
    assert request.narrative.health.startswith("Thirteen attendances at A&E in six months")
    assert "Margaret, who asks to be called Maggie" in request.narrative.health


def test_each_class_of_words_keeps_its_own_field() -> None:
    request = translate.referral(_read(), PERSON, "complex_needs")
    assert "takes her money" in request.narrative.safeguarding
    assert "takes her money" not in request.narrative.health
    assert "Biscuit" in request.narrative.voice
    assert (request.outward_postcode, request.priority) == ("WH2", referrals_pb2.PRIORITY_URGENT)


def test_the_answer_names_the_referral_for_programs() -> None:
    made = referrals_pb2.SubmitReferralResponse(referral_id="r-1")
    header = replies.taken_in(_read(), made)["entry"][0]["resource"]
    assert header["focus"] == [{"type": "ServiceRequest", "identifier": {"system": replies.REFERRAL, "value": "r-1"}}]
