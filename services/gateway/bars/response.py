"""The answer to a referral: a BaRS servicerequest-response that says what was decided, and no more about the person."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chassis import errors
from services.gateway.bars import vocabulary
from services.gateway.bars.message import Organisation, Reply

Resource = dict[str, Any]

_NHS = "https://fhir.nhs.uk"
_UK = "https://fhir.hl7.org.uk"
# Only a number that is verified or merely untraced may stand in a message to another system.
_TELLABLE = {"01", "02"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the receiving team decided. A rejection needs a `reason_code` of BaRS (22, 23, 24, 26, 31, 40 or 99)."""

    accepted: bool
    decided_at: datetime
    reason_code: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not self.accepted and self.reason_code not in vocabulary.REJECTIONS:
            raise errors.Invalid.of("reason_code", f"must be one of {', '.join(vocabulary.REJECTIONS)}")
        if self.accepted and self.reason_code:
            raise errors.Invalid.of("reason_code", "stands with a rejection only")


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answers: the receiving organisation and the service that was asked."""

    organisation: Organisation
    service_id: str
    service_name: str


@dataclass(frozen=True, slots=True)
class Subject:
    """The person's NHS Number and its verification status, 01 to 08; the number goes out at 01 or 02 only."""

    nhs_number: str = ""
    verification_status: str = ""


def respond(
    reply: Reply,
    decision: Decision,
    *,
    by: Answerer,
    to: Organisation,
    about: Subject,
    message_id: str,
    sent_at: datetime,
) -> Resource:
    """The response as a FHIR JSON Bundle. The same `message_id`, a UUID, always gives the same ids inside.

    Whether it may be sent to that organisation is the caller's decision, taken before. Raises Invalid for a message id
    that is no UUID.
    """
    try:
        ids = uuid.UUID(message_id)
    except ValueError:
        raise errors.Invalid.of("message_id", "is not a UUID") from None
    return _Writer(reply, decision, by, to, about, ids, sent_at).bundle()


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes one response; its parts refer to each other by ids that follow from the message's."""

    reply: Reply
    decision: Decision
    by: Answerer
    to: Organisation
    about: Subject
    ids: uuid.UUID
    sent_at: datetime

    def bundle(self) -> Resource:
        parts = [
            ("header", self._header()),
            ("request", self._request()),
            ("patient", self._patient()),
            ("service", self._service()),
            ("answering", self._organisation(self.by.organisation)),
            ("asking", self._organisation(self.to)),
        ]
        if not self.decision.accepted:
            parts.append(("rejection", self._rejection()))
        return {
            "resourceType": "Bundle",
            "id": str(self.ids),
            "meta": self._meta(f"{_NHS}/StructureDefinition/BARSBundleMessage"),
            "type": "message",
            "timestamp": _instant(self.sent_at),
            "entry": [{"fullUrl": self._urn(name), "resource": resource} for name, resource in parts],
        }

    def _urn(self, name: str) -> str:
        """The request and the patient keep the references that the referral gave them."""
        kept = {"request": self.reply.request_reference, "patient": self.reply.patient_reference}.get(name)
        return kept or f"urn:uuid:{uuid.uuid5(self.ids, name)}"

    def _reference(self, name: str) -> Resource:
        return {"reference": self._urn(name)}

    def _meta(self, profile: str) -> Resource:
        return {"lastUpdated": _instant(self.sent_at), "profile": [profile]}

    def _header(self) -> Resource:
        return {
            "resourceType": "MessageHeader",
            "id": str(uuid.uuid5(self.ids, "header")),
            "meta": self._meta(f"{_NHS}/StructureDefinition/BARSMessageHeader-servicerequest-response"),
            "eventCoding": {"system": vocabulary.MESSAGE_EVENTS, "code": vocabulary.RESPONSE},
            "destination": [{"endpoint": self.reply.sender_endpoint, "receiver": self._reference("asking")}],
            "sender": self._reference("answering"),
            "source": {
                "name": self.by.organisation.name,
                "software": "Joinedup",
                "endpoint": self.reply.receiver_endpoint or f"{vocabulary.SERVICE_ID}|{self.by.service_id}",
            },
            "reason": _concept(vocabulary.MESSAGE_REASONS, "new"),
            "response": {"identifier": self.reply.message_id, "code": "ok"},
            "focus": [self._reference("request")],
            "definition": f"{_NHS}/MessageDefinition/bars-message-servicerequest-response-referral",
        }

    def _request(self) -> Resource:
        categories = [_concept(vocabulary.REQUEST_CATEGORIES, vocabulary.REFERRAL, "Transfer of Care")]
        if self.reply.use_case:
            categories[0]["coding"].append({"system": vocabulary.USE_CASES, "code": self.reply.use_case})
        rejected = {} if self.decision.accepted else {"supportingInfo": [self._reference("rejection")]}
        return {
            "resourceType": "ServiceRequest",
            "meta": self._meta(f"{_NHS}/StructureDefinition/BARSServiceRequest-request-referral"),
            "status": "active" if self.decision.accepted else "revoked",
            "intent": "plan",
            "category": categories,
            "subject": self._reference("patient"),
            "occurrencePeriod": {"start": _instant(self.decision.decided_at)},
            "performer": [self._reference("answering"), self._reference("service")],
            **rejected,
            **({"note": [{"text": self.decision.note}]} if self.decision.note else {}),
        }

    def _patient(self) -> Resource:
        tell = self.about.nhs_number and self.about.verification_status in _TELLABLE
        number = {"identifier": [_nhs_number(self.about)]} if tell else {}
        return {
            "resourceType": "Patient",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Patient"),
            **number,
        }

    def _service(self) -> Resource:
        return {
            "resourceType": "HealthcareService",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-HealthcareService"),
            "identifier": [{"system": vocabulary.SERVICE_ID, "value": self.by.service_id}],
            "active": True,
            "providedBy": self._reference("answering"),
            **({"name": self.by.service_name} if self.by.service_name else {}),
        }

    def _organisation(self, organisation: Organisation) -> Resource:
        code = [{"system": vocabulary.ODS_CODE, "value": organisation.ods_code}]
        return {
            "resourceType": "Organization",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-Organization"),
            **({"identifier": code} if organisation.ods_code else {}),
            "name": organisation.name or organisation.ods_code,
        }

    def _rejection(self) -> Resource:
        """The coded reason, in the form in which the published referrals tell of services that were rejected."""
        code = self.decision.reason_code
        coding = {"system": vocabulary.REJECTED_REASONS, "code": code, "display": vocabulary.REJECTIONS[code]}
        items = [
            {"linkId": "ServiceId", "answer": [{"valueString": self.by.service_id}]},
            {"linkId": "RejectionReason", "answer": [{"valueCoding": coding}]},
        ]
        return {
            "resourceType": "QuestionnaireResponse",
            "meta": self._meta(f"{_UK}/StructureDefinition/UKCore-QuestionnaireResponse"),
            "status": "completed",
            "subject": self._reference("patient"),
            "authored": _instant(self.decision.decided_at),
            "item": [
                {
                    "linkId": "RejectedServices",
                    "text": "Rejected Services",
                    "item": [{"linkId": "Service1", "item": items}],
                }
            ],
        }


def _concept(system: str, code: str, display: str = "") -> Resource:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def _nhs_number(about: Subject) -> Resource:
    code = next(name for name, status in vocabulary.VERIFICATION_CODES.items() if status == about.verification_status)
    system = f"{_UK}/CodeSystem/UKCore-NHSNumberVerificationStatus"
    extension = {"url": vocabulary.VERIFICATION_STATUS, "valueCodeableConcept": _concept(system, code)}
    return {"extension": [extension], "system": vocabulary.NHS_NUMBER, "value": about.nhs_number}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
