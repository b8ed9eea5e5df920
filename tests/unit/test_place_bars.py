"""The story's BaRS message is valid FHIR R4, the same in JSON and XML, and holds together."""

import datetime
import json
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from devstack.place import bars, protagonist
from devstack.place.place import Place

PLACE = Place(people=50, seed=3, until=datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC))


@pytest.fixture(scope="module")
def bundle() -> bars.Resource:
    return bars.bundle(PLACE.seeding, bars.protagonist_referral(PLACE))


def resources(bundle: bars.Resource, kind: str) -> list[bars.Resource]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_json_is_valid_r4(bundle: bars.Resource) -> None:
    model = get_fhir_model_class("Bundle").model_validate_json(bars.as_json(bundle))
    assert model.type == "message"
    assert len(model.entry) == 13


def test_xml_says_the_same_as_json(bundle: bars.Resource) -> None:
    model: Any = get_fhir_model_class("Bundle")
    from_xml = model.model_validate_xml(bars.as_xml(bundle))
    assert json.loads(from_xml.model_dump_json()) == json.loads(
        model.model_validate_json(bars.as_json(bundle)).model_dump_json()
    )


def test_every_reference_is_answered_in_the_message(bundle: bars.Resource) -> None:
    known = {entry["fullUrl"] for entry in bundle["entry"]}
    assert set(_references(bundle)) <= known
    assert len(known) == len(bundle["entry"])


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        here = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return here + [found for member in value.values() for found in _references(member)]
    return [found for item in value for found in _references(item)] if isinstance(value, list) else []


def test_message_is_a_new_referral_for_the_complex_needs_team(bundle: bars.Resource) -> None:
    header = bundle["entry"][0]["resource"]
    assert header["resourceType"] == "MessageHeader"
    assert header["eventCoding"]["code"] == "servicerequest-request"
    assert header["reason"]["coding"][0]["code"] == "new"
    service_id = PLACE.teams["complex-north"].service_ids[0]
    assert header["destination"][0]["endpoint"].endswith(f"|{service_id}")
    assert resources(bundle, "HealthcareService")[0]["identifier"][0]["value"] == service_id
    assert resources(bundle, "ServiceRequest")[0]["priority"] == "urgent"


def test_message_is_about_the_protagonist(bundle: bars.Resource) -> None:
    patient = resources(bundle, "Patient")[0]
    assert patient["identifier"][0]["value"] == PLACE.protagonist().nhs_number
    assert patient["name"][0]["family"] == protagonist.FAMILY
    ranks = [e["valuePositiveInt"] for c in patient["contact"] for e in c["extension"]]
    assert ranks.count(1) == 1
    assert resources(bundle, "Flag")[0]["category"][0]["coding"][0]["code"] == "SG"


def test_sending_again_is_the_same_message() -> None:
    message = bars.protagonist_referral(PLACE)
    assert bars.as_xml(bars.bundle(PLACE.seeding, message)) == bars.as_xml(bars.bundle(PLACE.seeding, message))


@pytest.mark.parametrize("position", range(0, 50, 7))
def test_a_referral_can_be_written_about_anybody(position: int) -> None:
    person = list(PLACE.people())[position]
    story = bars.protagonist_referral(PLACE)
    message = bars.ReferralMessage(
        key=f"person/{position}",
        person=person,
        sender=story.sender,
        requester=story.requester,
        receiver=story.receiver,
        team=story.team,
        authored=story.authored,
        priority="routine",
        reason="Falls at home",
        narrative="Two falls this month.",
        nhs_number_known=False,
    )
    written = bars.bundle(PLACE.seeding, message)
    get_fhir_model_class("Bundle").model_validate_json(bars.as_json(written))
    assert "identifier" not in resources(written, "Patient")[0]
    assert not resources(written, "Flag")
