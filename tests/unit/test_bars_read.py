"""A sound message comes out in our own terms, the same from JSON and XML, with and without what it may leave out."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from services.gateway.bars import Intention
from tests.unit import bars_examples as examples


def test_json_and_xml_say_the_same() -> None:
    tree = examples.bundle()
    from_json, from_xml = examples.taken(examples.as_json(tree)), examples.taken(examples.as_xml(tree))
    assert from_json.sha256 != from_xml.sha256
    assert dataclasses.replace(from_json, sha256="") == dataclasses.replace(from_xml, sha256="")


def test_what_the_message_says() -> None:
    message, person = examples.taken(examples.as_json(examples.bundle())), examples.MESSAGE.person
    assert message.intention is Intention.NEW
    assert message.patient.nhs_number == person.nhs_number
    assert message.patient.verification_status == "01"
    assert message.patient.name is not None
    assert (message.patient.name.family, message.patient.name.given) == (person.family, person.given)
    assert message.patient.birth_date == person.birth_date.isoformat()
    assert message.patient.address is not None
    assert message.patient.address.postcode == person.postcode
    assert message.patient.telephone == person.phone
    assert message.sender.ods_code == examples.MESSAGE.sender.ods_code
    assert message.receiver.ods_code == examples.MESSAGE.receiver.ods_code
    assert message.service_id == examples.MESSAGE.team.service_ids[0]
    assert message.practitioner is not None
    assert message.practitioner.email == examples.MESSAGE.requester.email
    assert message.priority == "urgent"
    assert [str(reason) for reason in message.reasons] == [f"||{examples.MESSAGE.reason}"]
    assert message.narrative.health == examples.MESSAGE.narrative
    assert message.narrative.safeguarding == examples.MESSAGE.safeguarding
    assert message.narrative.voice == examples.MESSAGE.wishes
    assert message.safeguarding_concern
    assert message.authored_at == examples.MESSAGE.authored
    assert message.reply.request_reference == f"urn:uuid:{message.request_id}"


def test_a_person_without_a_number_is_accepted() -> None:
    tree = examples.bundle()
    del examples.resource(tree, "Patient")["identifier"]
    message = examples.taken(examples.as_json(tree))
    assert (message.patient.nhs_number, message.patient.verification_status) == ("", "")


def test_a_person_about_whom_nothing_else_is_known_is_accepted() -> None:
    tree = examples.bundle()
    patient = examples.resource(tree, "Patient")
    for name in ("identifier", "name", "telecom", "gender", "birthDate", "address"):
        patient.pop(name, None)
    found = examples.taken(examples.as_json(tree)).patient
    assert (found.name, found.address, found.birth_date, found.gender) == (None, None, "", "")


@pytest.mark.parametrize("written", ["999 797 8773", "999-797-8773", " 9997978773 "])
def test_a_number_may_be_written_with_spaces_or_hyphens(written: str) -> None:
    tree = examples.bundle()
    examples.resource(tree, "Patient")["identifier"][0]["value"] = written
    assert examples.taken(examples.as_json(tree)).patient.nhs_number == "9997978773"


def test_a_number_that_is_not_traced_says_so() -> None:
    tree = examples.bundle()
    status = examples.resource(tree, "Patient")["identifier"][0]["extension"][0]
    status["valueCodeableConcept"]["coding"][0]["code"] = "trace-required"
    assert examples.taken(examples.as_json(tree)).patient.verification_status == "03"


@pytest.mark.parametrize(("given", "expected"), [(None, "routine"), ("stat", "stat"), ("TWO_WEEK_WAIT", "urgent")])
def test_priorities(given: str | None, expected: str) -> None:
    tree = examples.bundle()
    request = examples.resource(tree, "ServiceRequest")
    del request["priority"]
    if given:
        request["priority"] = given
    assert examples.taken(examples.as_json(tree)).priority == expected


@pytest.mark.parametrize(
    ("reason", "status", "intention"),
    [("update", "revoked", Intention.REVOKED), ("delete", "entered-in-error", Intention.ENTERED_IN_ERROR)],
)
def test_a_cancellation_needs_no_category_and_no_contact(reason: str, status: str, intention: Intention) -> None:
    tree = examples.bundle()
    examples.resource(tree, "MessageHeader")["reason"]["coding"][0]["code"] = reason
    request = examples.resource(tree, "ServiceRequest")
    request["status"] = status
    del request["category"]
    del examples.resource(tree, "Patient")["contact"]
    assert examples.taken(examples.as_json(tree)).intention is intention


def test_somebody_elses_telephone_is_not_taken_for_the_persons_own() -> None:
    tree = examples.bundle()
    patient = examples.resource(tree, "Patient")
    patient.pop("telecom", None)
    contact = patient["contact"][0]
    contact["telecom"] = [{"system": "phone", "value": "07700900999"}]
    assert examples.taken(examples.as_json(tree)).patient.telephone == "07700900999"
    contact["relationship"][0]["coding"][0] |= {"code": "ECON", "display": "emergency contact"}
    assert examples.taken(examples.as_json(tree)).patient.telephone == ""


def test_an_ended_flag_is_no_concern() -> None:
    tree = examples.bundle()
    examples.resource(tree, "Flag")["status"] = "inactive"
    message = examples.taken(examples.as_json(tree))
    assert not message.safeguarding_concern
    assert message.narrative.safeguarding == ""
    assert len(message.flags) == 1


def test_times_with_and_without_a_day() -> None:
    tree = examples.bundle()
    request = examples.resource(tree, "ServiceRequest")
    request["authoredOn"] = "2025-06-29"
    request["occurrencePeriod"] = {"start": "2025", "end": "2025-06-30T10:00:00+01:00"}
    message = examples.taken(examples.as_json(tree))
    assert message.authored_at == datetime(2025, 6, 28, 23, tzinfo=UTC)
    assert message.occurs_from is None
    assert message.occurs_until == datetime(2025, 6, 30, 9, tzinfo=UTC)


def test_comments_instructions_and_extensions_of_values_do_not_disturb() -> None:
    text = examples.as_xml(examples.bundle()).decode()
    extended = (
        '<birthDate value="1973-03-09"><extension url="http://hl7.org/fhir/StructureDefinition/patient-birthTime">'
    )
    extended += '<valueDateTime value="1973-03-09T04:00:00Z"/></extension></birthDate>'
    changed = text.replace('<birthDate value="1973-03-09" />', f"<!-- born --><?print now?>{extended}")
    assert changed != text
    assert examples.taken(changed.encode()).patient.birth_date == "1973-03-09"


def test_a_byte_order_mark_and_blanks_are_allowed() -> None:
    data = examples.as_json(examples.bundle())
    assert examples.taken(b"\xef\xbb\xbf\n  " + data + b"\n")
    assert examples.taken(b"\n " + examples.as_xml(examples.bundle()))
