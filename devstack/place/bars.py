"""BaRS referral messages (servicerequest-request, reason new) about the people of the place, of our own making.

Profiles, code systems and the way the parts refer to each other are those of the Booking and Referral Standard 1.4.
"""

import dataclasses
import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from devstack.place import fhir_xml, protagonist
from devstack.place.organisations import Organisation
from devstack.place.people import Person
from devstack.place.place import Place
from devstack.place.practitioners import Practitioner
from devstack.place.seeding import Seeding
from devstack.place.teams import Team

Resource = dict[str, Any]

_NHS = "https://fhir.nhs.uk"
_UK = "https://fhir.hl7.org.uk"
_HL7 = "http://terminology.hl7.org/CodeSystem"


@dataclasses.dataclass(frozen=True)
class ReferralMessage:
    """What a referral says. `priority` is a FHIR request-priority; empty texts leave their resource out.

    The ids in the message follow from `key`: one key is one referral, however often it is sent.
    """

    key: str
    person: Person
    sender: Organisation
    requester: Practitioner
    receiver: Organisation
    team: Team
    authored: datetime.datetime
    priority: str
    reason: str
    narrative: str
    safeguarding: str = ""
    wishes: str = ""
    nhs_number_known: bool = True


def protagonist_referral(place: Place) -> ReferralMessage:
    """Maggie Pascoe's referral by the emergency department to the complex needs team, an hour before `place.until`."""
    hospital, team = place.organisations["hospital"], place.teams["complex-north"]
    requester = next(p for p in place.practitioners if p.name == "Dr Chidi Okonkwo")
    return ReferralMessage(
        key="protagonist",
        person=place.protagonist(),
        sender=hospital,
        requester=requester,
        receiver=place.organisations["community"],
        team=team,
        authored=place.until - datetime.timedelta(hours=1),
        priority="urgent",
        reason=protagonist.REASON,
        narrative=protagonist.NARRATIVE,
        safeguarding=protagonist.SAFEGUARDING,
        wishes=protagonist.WISHES,
    )


def as_json(bundle: Mapping[str, Any]) -> bytes:
    """The message as FHIR JSON."""
    return json.dumps(bundle, ensure_ascii=False, indent=2).encode() + b"\n"


def as_xml(bundle: Mapping[str, Any]) -> bytes:
    """The message as FHIR XML."""
    return fhir_xml.to_xml(bundle)


def bundle(seeding: Seeding, message: ReferralMessage) -> Resource:
    """The message as a Bundle; the same message has the same ids, so that sending it twice is one referral."""
    return _Writer(seeding, message).bundle()


class _Writer:
    """Writes one message: its parts refer to each other by ids that follow from the seed and the message's key."""

    def __init__(self, seeding: Seeding, message: ReferralMessage) -> None:
        self._seeding = seeding
        self._message = message
        self._at = message.authored.isoformat(timespec="seconds")

    def bundle(self) -> Resource:
        entries = [{"fullUrl": self._urn(part), "resource": resource} for part, resource in self._parts()]
        return {
            "resourceType": "Bundle",
            "id": self._id("bundle"),
            "meta": self._meta(f"{_NHS}/StructureDefinition/BARSBundleMessage"),
            "type": "message",
            "timestamp": self._at,
            "entry": entries,
        }

    def _parts(self) -> Iterator[tuple[str, Resource]]:
        yield "header", self._header()
        yield "request", self._request()
        yield "service", self._service()
        yield "patient", self._patient()
        yield "encounter", self._encounter()
        yield "care-plan", self._care_plan()
        yield "sender", self._organisation(self._message.sender)
        yield "receiver", self._organisation(self._message.receiver)
        yield "requester", self._practitioner()
        yield "requester-role", self._practitioner_role()
        yield "consent", self._consent()
        if self._message.safeguarding:
            yield "safeguarding", self._safeguarding()
        if self._message.wishes:
            yield "wishes", self._wishes()

    def _id(self, part: str) -> str:
        return self._seeding.identifier("bars", f"{self._message.key}/{part}")

    def _urn(self, part: str) -> str:
        return f"urn:uuid:{self._id(part)}"

    def _reference(self, part: str, display: str = "") -> Resource:
        return {"reference": self._urn(part)} | ({"display": display} if display else {})

    def _meta(self, profile: str) -> Resource:
        return {"lastUpdated": self._at, "profile": [profile]}

    def _header(self) -> Resource:
        message = self._message
        return {
            "resourceType": "MessageHeader",
            "meta": self._meta(f"{_NHS}/StructureDefinition/BARSMessageHeader-servicerequest-request"),
            "eventCoding": {"system": f"{_NHS}/CodeSystem/message-events-bars", "code": "servicerequest-request"},
            "destination": [
                {
                    "endpoint": f"{_NHS}/Id/dos-service-id|{message.team.service_ids[0]}",
                    "receiver": self._reference("receiver"),
                }
            ],
            "sender": self._reference("sender"),
            "source": {
                "name": message.sender.name,
                "software": "Joinedup synthetic place",
                "version": "1.0.0",
                "contact": {"system": "email", "value": message.sender.secure_email},
                "endpoint": f"{_NHS}/Id/ods-organization-code|{message.sender.ods_code}",
            },
            "reason": _concept(f"{_NHS}/CodeSystem/message-reason-bars", "new"),
            "focus": [self._reference("request")],
            "definition": f"{_NHS}/MessageDefinition/bars-message-servicerequest-request-referral",
        }

    def _request(self) -> Resource:
        message = self._message
        information = [self._reference("consent", "Consent")]
        if message.safeguarding:
            information.append(self._reference("safeguarding", "Safeguarding Concerns Flag"))
        if message.wishes:
            information.append(self._reference("wishes", "Person expectations and wishes"))
        return {
            "resourceType": "ServiceRequest",
            "meta": self._meta(f"{_NHS}/StructureDefinition/BARSServiceRequest-request-referral"),
            "identifier": [
                {"system": f"https://{message.sender.email_domain}/Id/referral", "value": self._id("request")}
            ],
            "basedOn": [self._reference("care-plan")],
            "status": "active",
            "intent": "plan",
            "category": [
                _concept(f"{_NHS}/CodeSystem/message-category-servicerequest", "referral", "Transfer of Care")
            ],
            "priority": message.priority,
            "subject": self._reference("patient"),
            "encounter": self._reference("encounter"),
            "occurrencePeriod": {"start": self._at},
            "authoredOn": self._at,
            "requester": self._reference("requester"),
            "performer": [self._reference("receiver"), self._reference("service")],
            "reasonCode": [{"text": message.reason}],
            "supportingInfo": information,
            "note": [{"text": message.narrative}],
        }

    def _service(self) -> Resource:
        team = self._message.team
        return {
            "resourceType": "HealthcareService",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-HealthcareService"),
            "identifier": [{"system": f"{_NHS}/Id/dos-service-id", "value": team.service_ids[0]}],
            "active": True,
            "providedBy": self._reference("receiver"),
            "name": team.name,
        }

    def _patient(self) -> Resource:
        person = self._message.person
        number = {"identifier": [_nhs_number(person)]} if self._message.nhs_number_known else {}
        return {
            "resourceType": "Patient",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Patient"),
            **number,
            "name": [{"use": "official", "family": person.family, "given": list(person.given)}],
            **({"telecom": [{"system": "phone", "value": person.phone, "use": "mobile"}]} if person.phone else {}),
            "gender": person.gender,
            "birthDate": person.birth_date.isoformat(),
            "address": [{"use": "home", "line": list(person.address.lines), "postalCode": person.postcode}],
            "contact": [_contact(person)],
        }

    def _encounter(self) -> Resource:
        return {
            "resourceType": "Encounter",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Encounter"),
            "status": "finished",
            "class": {"system": f"{_HL7}/v3-ActCode", "code": "EMER", "display": "emergency"},
            "subject": self._reference("patient"),
            "period": {"start": self._at},
        }

    def _care_plan(self) -> Resource:
        return {
            "resourceType": "CarePlan",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-CarePlan"),
            "status": "active",
            "intent": "plan",
            "subject": self._reference("patient"),
            "encounter": self._reference("encounter"),
            "activity": [{"outcomeCodeableConcept": [{"text": self._message.narrative}]}],
        }

    def _organisation(self, organisation: Organisation) -> Resource:
        return {
            "resourceType": "Organization",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Organization"),
            "identifier": [{"system": f"{_NHS}/Id/ods-organization-code", "value": organisation.ods_code}],
            "name": organisation.name,
        }

    def _practitioner(self) -> Resource:
        requester = self._message.requester
        given, _, family = requester.name.removeprefix("Dr ").removeprefix("PC ").partition(" ")
        return {
            "resourceType": "Practitioner",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Practitioner"),
            "name": [{"text": requester.name, "family": family, "given": [given]}],
            "telecom": [{"system": "email", "value": requester.email, "use": "work"}],
        }

    def _practitioner_role(self) -> Resource:
        return {
            "resourceType": "PractitionerRole",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-PractitionerRole"),
            "practitioner": self._reference("requester"),
            "organization": self._reference("sender"),
        }

    def _consent(self) -> Resource:
        return {
            "resourceType": "Consent",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Consent"),
            "status": "active",
            "scope": _concept(f"{_HL7}/consentscope", "patient-privacy"),
            "category": [_concept(f"{_NHS}/CodeSystem/consent-categories-bars", "DRC", "Direct Care")],
            "patient": self._reference("patient"),
            "dateTime": self._at,
            "policyRule": _concept(f"{_HL7}/v3-ActCode", "IMPLIED"),
        }

    def _safeguarding(self) -> Resource:
        code = _concept(
            f"{_NHS}/CodeSystem/safeguarding-codes-bars", "U", "Unspecified Safeguarding Concern Identified"
        )
        return {
            "resourceType": "Flag",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Flag"),
            "status": "active",
            "category": [_concept(f"{_NHS}/CodeSystem/flag-categories-bars", "SG", "Safeguarding Concern")],
            "code": code | {"text": self._message.safeguarding},
            "subject": self._reference("patient"),
            "period": {"start": self._at},
        }

    def _wishes(self) -> Resource:
        return {
            "resourceType": "Observation",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Observation"),
            "status": "final",
            "code": {"text": "Expectations and wishes"},
            "subject": self._reference("patient"),
            "encounter": self._reference("encounter"),
            "effectiveDateTime": self._at,
            "valueString": self._message.wishes,
        }


def _concept(system: str, code: str, display: str = "") -> Resource:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def _nhs_number(person: Person) -> Resource:
    status = _concept(
        f"{_UK}/CodeSystem/UKCore-NHSNumberVerificationStatus",
        "number-present-and-verified",
        "Number present and verified",
    )
    extension = {
        "url": f"{_UK}/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
        "valueCodeableConcept": status,
    }
    return {"extension": [extension], "system": f"{_NHS}/Id/nhs-number", "value": person.nhs_number}


def _contact(person: Person) -> Resource:
    """The person themselves, as the one contact that BaRS wants ranked first."""
    rank = {"url": f"{_UK}/StructureDefinition/Extension-UKCore-ContactRank", "valuePositiveInt": 1}
    telecom = [{"system": "phone", "value": person.phone, "use": "mobile", "rank": 1}] if person.phone else []
    return {
        "extension": [rank],
        "relationship": [_concept(f"{_HL7}/v3-RoleCode", "ONESELF", "self")],
        **({"telecom": telecom} if telecom else {"name": {"family": person.family, "given": list(person.given)}}),
    }
