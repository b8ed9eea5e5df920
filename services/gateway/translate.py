"""A BaRS message as the requests that identity and referrals understand, and their refusals as FHIR issues."""

from __future__ import annotations

import re

from chassis import errors
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import identity_pb2
from joinedup.referrals.v1 import referrals_pb2
from services.gateway import fhir
from services.gateway.bars.message import Patient, ReferralMessage

# Royal Mail's postcodes, and GIR 0AA, as BS 7666 writes them.
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?|GIR) ?[0-9][A-Z]{2}")
_INDEX = re.compile(r"\[\d+\]")

# Which element of a message a field of ours came from.
_ELEMENTS = {
    "demographics.nhs_number": "Bundle.entry.resource.ofType(Patient).identifier",
    "demographics.birth_date": "Bundle.entry.resource.ofType(Patient).birthDate",
    "demographics.name": "Bundle.entry.resource.ofType(Patient).name",
    "demographics.gender": "Bundle.entry.resource.ofType(Patient).gender",
    "demographics.address": "Bundle.entry.resource.ofType(Patient).address",
    "demographics.telephone": "Bundle.entry.resource.ofType(Patient).telecom",
    "demographics": "Bundle.entry.resource.ofType(Patient)",
    "person_id": "Bundle.entry.resource.ofType(ServiceRequest).subject",
    "service_id": "Bundle.entry.resource.ofType(MessageHeader).destination.endpoint",
    "team_id": "Bundle.entry.resource.ofType(MessageHeader).destination.endpoint",
    "priority": "Bundle.entry.resource.ofType(ServiceRequest).priority",
    "authored_at": "Bundle.entry.resource.ofType(ServiceRequest).authoredOn",
    "outward_postcode": "Bundle.entry.resource.ofType(Patient).address",
    "narrative": "Bundle.entry.resource.ofType(ServiceRequest).note",
    "reason_codes": "Bundle.entry.resource.ofType(ServiceRequest).reasonCode",
}


def demographics(patient: Patient) -> identity_pb2.Demographics:
    """What the message knows of the person."""
    name, address = patient.name, patient.address
    return identity_pb2.Demographics(
        nhs_number=patient.nhs_number,
        name=identity_pb2.Name(given=list(name.given), family=name.family) if name else None,
        birth_date=patient.birth_date,
        gender=patient.gender,
        address=identity_pb2.Address(lines=list(address.lines), postcode=address.postcode) if address else None,
        telephone=patient.telephone,
    )


def referral(message: ReferralMessage, person_id: str, team_kind: str) -> referrals_pb2.SubmitReferralRequest:
    """The referral that the message asks for."""
    address = message.patient.address
    coded = [reason for reason in message.reasons if reason.system and reason.code]
    # A reason that is told in words alone is part of what is said, not a code.
    words = [reason.display or reason.code for reason in message.reasons if reason not in coded]
    request = referrals_pb2.SubmitReferralRequest(
        person_id=person_id,
        service_id=message.service_id,
        team_kind=team_kind,
        outward_postcode=_outward(address.postcode if address else ""),
        priority=referrals_pb2.Priority.Value(f"PRIORITY_{message.priority.upper()}"),
        narrative=common_pb2.Narrative(
            health="\n\n".join(dict.fromkeys(part for part in (*words, message.narrative.health) if part)),
            safeguarding=message.narrative.safeguarding,
            voice=message.narrative.voice,
        ),
        reason_codes=[f"{reason.system}|{reason.code}|{reason.display.replace('|', '/')}" for reason in coded],
        safeguarding_concern=message.safeguarding_concern,
        message_id=message.message_id,
    )
    if message.authored_at is not None:
        request.authored_at.FromDatetime(message.authored_at)
    return request


def _outward(postcode: str) -> str:
    """The first half of a United Kingdom postcode; empty for what is none, as an address abroad has."""
    found = _POSTCODE.fullmatch(" ".join(postcode.upper().split()))
    return found[1] if found else ""


def issues(failure: errors.Failure) -> tuple[fhir.Issue, ...]:
    """What a service refused, as issues that name the message's elements."""
    if isinstance(failure, errors.Invalid):
        return tuple(
            fhir.Issue.error(fhir.IssueCode.VALUE, element(violation.field), f"{violation.field}: {violation.problem}")
            for violation in failure.violations
        )
    code, text = {
        errors.NotFound: (fhir.IssueCode.NOT_FOUND, "what the message refers to is not known here"),
        errors.Denied: (fhir.IssueCode.FORBIDDEN, "the sending organisation may not do this"),
        errors.Conflict: (fhir.IssueCode.CONFLICT, str(failure)),
        errors.Unavailable: (fhir.IssueCode.TRANSIENT, "not just now: send the same message again in a minute"),
    }.get(type(failure), (fhir.IssueCode.EXCEPTION, "the message could not be processed"))
    return (fhir.Issue.error(code, "Bundle", text),)


def element(field: str) -> str:
    """The FHIRPath of the element that a field of ours came from."""
    field = _INDEX.sub("", field)
    while field and field not in _ELEMENTS:
        field = field.rpartition(".")[0]
    return _ELEMENTS.get(field, "Bundle")
