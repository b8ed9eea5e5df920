"""The Patient of a message: number, demographics and contacts, checked as the rules of the NHS ask."""

from __future__ import annotations

import nhs_number

from services.gateway.bars import values, vocabulary
from services.gateway.bars.bundle import Message
from services.gateway.bars.message import Address, Contact, Intention, Patient
from services.gateway.fhir import Element, IssueCode


def patient(message: Message, request: Element, intention: Intention) -> Patient:
    """Whom the request is about; what is wrong with them is noted on the message."""
    found = message.resolve(request.at("subject"), "Patient")
    if not found:
        message.complain(IssueCode.REQUIRED, found, "the message holds no Patient of that reference")
    number, status = _number(message, found)
    gender = found.at("gender")
    if gender and gender.text not in vocabulary.GENDERS:
        message.complain(IssueCode.VALUE, gender, "must be male, female, other or unknown")
    contacts = tuple(_contact(each) for each in found.all("contact"))
    if intention is Intention.NEW and found:
        _one_ranked_first(message, found, contacts)
    return Patient(
        nhs_number=number,
        verification_status=status,
        names=tuple(name for name in map(values.name, _official_first(found.all("name"))) if name),
        birth_date=found.at("birthDate").text,
        gender=gender.text,
        addresses=tuple(_address(each) for each in _home_first(found.all("address"))),
        telecoms=values.telecoms(found),
        contacts=contacts,
    )


def _number(message: Message, found: Element) -> tuple[str, str]:
    """The NHS Number and its verification status; both empty for a person without one, who is accepted all the same."""
    numbers = [
        each
        for each in found.all("identifier")
        if vocabulary.same_system(each.at("system").text, vocabulary.NHS_NUMBER)
    ]
    status = ""
    held: list[str] = []
    for each in numbers:
        extension = each.extension(vocabulary.VERIFICATION_STATUS)
        said = values.code(extension.at("valueCodeableConcept"))
        status = status or vocabulary.VERIFICATION_CODES.get(said, said if said in _STATUS_CODES else "")
        value = each.at("value")
        if value.text:
            held.append(_checked(message, value))
    if len(set(held)) > 1:
        message.complain(IssueCode.INVARIANT, numbers[1].at("value"), "the patient has two different NHS Numbers")
    return (held[0] if held else ""), status


_STATUS_CODES = set(vocabulary.VERIFICATION_CODES.values())


def _checked(message: Message, value: Element) -> str:
    """The ten digits. NHS Data Dictionary: NHS NUMBER; the answer tells the digit and never the number."""
    digits = nhs_number.standardise_format(value.text)
    if not digits:
        message.complain(IssueCode.VALUE, value, "an NHS Number has ten digits")
    elif not nhs_number.is_valid(digits):
        expected = nhs_number.calculate_checksum(digits[:9])
        told = f"should be {expected}" if expected != 10 else "and no number begins with the nine digits before it"
        if str(expected) == digits[9]:
            message.complain(IssueCode.VALUE, value, "the number begins with a date of birth that is none")
        else:
            message.complain(IssueCode.VALUE, value, f"the NHS Number's check digit is {digits[9]}, {told}")
    return str(digits)


def _one_ranked_first(message: Message, found: Element, contacts: tuple[Contact, ...]) -> None:
    """BaRS: exactly one contact is ranked first, for it is the one to call back."""
    first = [number for number, contact in enumerate(contacts) if contact.rank == 1]
    if not first:
        message.complain(
            IssueCode.REQUIRED, f"{found.path}.contact", "exactly one contact must be ranked first; none is"
        )
    elif len(first) > 1:
        at = f"{found.path}.contact[{first[1]}].extension"
        message.complain(IssueCode.INVARIANT, at, f"exactly one contact must be ranked first; {len(first)} are")


def _contact(element: Element) -> Contact:
    relationships = [coding for each in element.all("relationship") for coding in values.codings(each)]
    return Contact(
        rank=element.extension(vocabulary.CONTACT_RANK).at("valuePositiveInt").number,
        relationship=relationships[0] if relationships else None,
        name=values.name(element.at("name")),
        telecoms=values.telecoms(element),
    )


def _address(element: Element) -> Address:
    parts = [*element.all("line"), element.at("city"), element.at("district")]
    lines = tuple(each.text for each in parts if each.text)
    return Address(
        lines or tuple(filter(None, [element.at("text").text])), element.at("postalCode").text, element.at("use").text
    )


def _official_first(names: list[Element]) -> list[Element]:
    return sorted(names, key=lambda each: each.at("use").text != "official")


def _home_first(addresses: list[Element]) -> list[Element]:
    return sorted(addresses, key=lambda each: each.at("use").text != "home")
