"""A BaRS message from bytes to a ReferralMessage, or to a Refusal that names every element at fault."""

from __future__ import annotations

import hashlib

from services.gateway import fhir
from services.gateway.bars import clinical, kind, parties, person, values
from services.gateway.bars.bundle import Message
from services.gateway.bars.message import Intention, ReferralMessage, Reply
from services.gateway.bars.refusal import Refusal
from services.gateway.fhir import Element

RESOURCES = (
    *("Bundle", "MessageHeader", "ServiceRequest", "HealthcareService", "Patient", "Encounter", "CarePlan"),
    *("Organization", "Practitioner", "PractitionerRole", "Consent", "Flag", "Observation"),
)
"""What a referral message is made of, as a rule."""


def prepare() -> None:
    """Be ready to read messages: the first one should not take longer than the next."""
    fhir.prepare(RESOURCES)


def read(data: bytes, limits: fhir.Limits | None = None) -> ReferralMessage | Refusal:
    """Reads a message in FHIR JSON or XML. Never raises for what the bytes hold: what is wrong is in the Refusal."""
    sha256 = hashlib.sha256(data).hexdigest()
    message_id = ""
    try:
        message = Message(fhir.parse(data, limits))
        message_id = message.root.at("id").text
        intention, request = kind.tell(message)
        fhir.check(message.root, limits)
    except fhir.Unreadable as wrong:
        return Refusal(wrong.issues, message_id, sha256)
    found = _translated(message, intention, request, sha256)
    return Refusal(tuple(message.issues), message_id, sha256) if message.issues else found


def _translated(message: Message, intention: Intention, request: Element, sha256: str) -> ReferralMessage:
    root, header = message.root, message.header
    service_id, service_name = parties.service(message, request)
    return ReferralMessage(
        message_id=message.require(root.at("id"), "the message's id"),
        event=header.at("eventCoding", "code").text,
        reason=header.at("reason", "coding", "code").text,
        intention=intention,
        request_id=_bare(header.at("focus", "reference").text),
        request_identifiers=tuple(each.at("value").text for each in request.all("identifier") if each.at("value").text),
        focus_ids=tuple(_bare(each.at("reference").text) for each in header.all("focus")),
        patient=person.patient(message, request, intention),
        sender=parties.sender(message),
        receiver=parties.receiver(message, request),
        service_id=service_id,
        service_name=service_name,
        practitioner=parties.practitioner(message, request),
        priority=clinical.priority(message, request),
        reasons=clinical.reasons(message, request),
        narrative=clinical.narrative(message, request),
        flags=clinical.flags(message),
        consents=clinical.consents(message),
        occurs_from=values.moment(request.at("occurrencePeriod", "start"))
        or values.moment(request.at("occurrenceDateTime")),
        occurs_until=values.moment(request.at("occurrencePeriod", "end")),
        authored_at=values.moment(request.at("authoredOn")),
        sent_at=values.moment(root.at("timestamp")),
        reply=_reply(message, request),
        sha256=sha256,
    )


def _reply(message: Message, request: Element) -> Reply:
    codes = {coding.system: coding.code for category in request.all("category") for coding in values.codings(category)}
    header = message.header
    return Reply(
        message_id=message.root.at("id").text,
        request_reference=header.at("focus", "reference").text,
        patient_reference=request.at("subject", "reference").text,
        category=next((code for system, code in codes.items() if "message-category" in system), ""),
        use_case=next((code for system, code in codes.items() if "usecases-categories" in system), ""),
        sender_endpoint=header.at("source", "endpoint").text,
        receiver_endpoint=header.at("destination", "endpoint").text,
    )


def _bare(reference: str) -> str:
    """The id in "urn:uuid:<id>" or "ServiceRequest/<id>"."""
    return reference.removeprefix("urn:uuid:").rpartition("/")[2]
