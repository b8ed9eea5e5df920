"""Who sends, who shall do it, and who asks: organisations, the service and the practitioner."""

from __future__ import annotations

from services.gateway.bars import values, vocabulary
from services.gateway.bars.bundle import Message
from services.gateway.bars.message import Organisation, Practitioner
from services.gateway.fhir import Element, IssueCode


def sender(message: Message) -> Organisation:
    """The sending organisation; its ODS code is required, for the answer goes there and its staff may look."""
    reference = message.header.at("sender")
    found = message.resolve(reference, "Organization")
    if not found:
        message.complain(IssueCode.REQUIRED, found, "the message holds no Organization of that reference")
        return Organisation("", "")
    organisation = _organisation(found)
    if not organisation.ods_code:
        at = values.identifier(found, vocabulary.ODS_CODE)
        message.complain(IssueCode.REQUIRED, at, "the sender's ODS code is required and missing")
    return organisation


def receiver(message: Message, request: Element) -> Organisation:
    """The organisation that shall act: the destination's receiver, or else the performer, or its provider."""
    performers = request.all("performer")
    references = [each.at("receiver") for each in message.header.all("destination")] + performers
    references += [message.resolve(each, "HealthcareService").at("providedBy") for each in performers]
    named = [_organisation(found) for found in (message.resolve(each, "Organization") for each in references) if found]
    coded = [organisation for organisation in named if organisation.ods_code]
    return next(iter(coded + named), Organisation("", ""))


def service(message: Message, request: Element) -> tuple[str, str]:
    """The identifier and name of the service asked for; one has to be told, by the destination or by the performer."""
    endpoint = message.header.at("destination", "endpoint")
    services = [message.resolve(each, "HealthcareService") for each in request.all("performer")]
    services += message.resources("HealthcareService")
    addressed = _service_in(endpoint.text)
    for found in services:
        told = values.identifier(found, vocabulary.SERVICE_ID).text
        if told and told == (addressed or told):
            return told, found.at("name").text
    if not addressed:
        message.complain(IssueCode.REQUIRED, endpoint, "the service asked for is not named by a dos-service-id")
    return addressed, ""


def practitioner(message: Message, request: Element) -> Practitioner | None:
    """Who asks for the service; None where the message does not tell."""
    requester = request.at("requester")
    role = message.resolve(requester, "PractitionerRole")
    found = message.resolve(role.at("practitioner") if role else requester, "Practitioner")
    if not found:
        return None
    name = values.name(found.at("name"))
    reached = {each.system: each.value for each in reversed(values.telecoms(found))}
    written = name.text or " ".join((*name.given, name.family)).strip() if name else ""
    return Practitioner(
        identifier=found.at("identifier", "value").text,
        name=written,
        telephone=reached.get("phone", ""),
        email=reached.get("email", ""),
    )


def _organisation(element: Element) -> Organisation:
    return Organisation(values.identifier(element, vocabulary.ODS_CODE).text.upper(), element.at("name").text)


def _service_in(endpoint: str) -> str:
    """The service of "https://fhir.nhs.uk/Id/dos-service-id|111111111"; empty for any other endpoint."""
    system, _, value = endpoint.partition("|")
    return value.strip() if vocabulary.same_system(system, vocabulary.SERVICE_ID) else ""
