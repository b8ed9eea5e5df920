"""Patients, search results and refusals of the PDS, read from FHIR R4 JSON; pure.

Plain reading, without a FHIR library: of three resources a handful of elements matter here, each is checked as it is
read, and an error names it. Elements that nobody uses cannot turn a good answer into a bad one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.identity import nhs_number
from services.identity.pds import outcomes
from services.identity.pds.elements import Element

NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
_VERIFICATION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
_STATUSES = frozenset(f"{code:02d}" for code in range(1, 9))
_GENDERS = frozenset({"", "male", "female", "other", "unknown"})

# Codes of an OperationOutcome (Spine-ErrorOrWarningCode) that say something about the number or the search itself.
TOO_MANY = "TOO_MANY_MATCHES"
NOT_FOUND = "RESOURCE_NOT_FOUND"
INVALIDATED = "INVALIDATED_RESOURCE"


def patient(answer: Any, *, path: str = "Patient") -> outcomes.Patient:
    """The patient of an answer. Raises Unreadable naming the first element that is wrong."""
    resource = _resource(answer, path, "Patient")
    number = _number(resource)
    security = _security(resource)
    gender = resource.text("gender")
    if gender not in _GENDERS:
        raise resource.wrong("gender", "is not male, female, other or unknown")
    open_record = security == "U"
    return outcomes.Patient(
        number=number,
        version=resource.inner("meta").text("versionId", needed=True),
        security=security,
        verification=_verification(resource, number),
        names=tuple(_name(one) for one in resource.each("name")),
        gender=gender,
        birth_date=resource.moment("birthDate"),
        deceased=resource.moment("deceasedDateTime"),
        # Of a restricted record nothing of this is kept, even where an answer should hold it by mistake.
        addresses=tuple(_address(one) for one in resource.each("address")) if open_record else None,
        contacts=tuple(_contact(one) for one in resource.each("telecom")) if open_record else None,
        practices=tuple(_practices(resource)) if open_record else None,
    )


def retrieved(answer: Any, *, asked: str) -> outcomes.Found | outcomes.Superseded:
    """What an answer to a question by number says: another id than the one asked for means superseded."""
    found = patient(answer)
    if found.number == asked:
        return outcomes.Found(found)
    return outcomes.Superseded(old=asked, new=found.number, patient=found)


def searched(answer: Any) -> outcomes.Searched:
    """What an answer to a search says, the likeliest patient first."""
    top = Element.of("answer", answer)
    if top.members.get("resourceType") == "OperationOutcome":
        if TOO_MANY in codes(answer):
            return outcomes.TooMany()
        raise outcomes.Unreadable("OperationOutcome.issue[0].details", "says nothing that answers a search")
    bundle = _resource(answer, "Bundle", "Bundle")
    if bundle.text("type", needed=True) != "searchset":
        raise bundle.wrong("type", "is not searchset")
    candidates = sorted((_candidate(entry) for entry in bundle.each("entry")), key=lambda one: -one.score)
    total = bundle.number("total")
    if total != len(candidates):
        raise bundle.wrong("total", "is not the count of the entries")
    if not candidates:
        return outcomes.NotFound()
    return candidates[0] if len(candidates) == 1 else outcomes.Several(tuple(candidates))


def codes(answer: Any) -> tuple[str, ...]:
    """The codes of an OperationOutcome, in its order. Raises Unreadable when it is something else."""
    outcome = _resource(answer, "OperationOutcome", "OperationOutcome")
    found: list[str] = []
    for issue in outcome.each("issue"):
        found += (
            [coding.text("code", needed=True) for coding in issue.inner("details").each("coding")]
            if "details" in issue.members
            else [issue.text("code", needed=True)]
        )
    if not found:
        raise outcome.wrong("issue", "names no code")
    return tuple(found)


def _resource(answer: Any, path: str, kind: str) -> Element:
    resource = Element.of(path, answer)
    if resource.text("resourceType", needed=True) != kind:
        raise resource.wrong("resourceType", f"is not {kind}")
    return resource


def _candidate(entry: Element) -> outcomes.Found:
    score = entry.inner("search").number("score")
    if not 0 <= score <= 1:
        raise outcomes.Unreadable(f"{entry.path}.search.score", "is not between 0 and 1")
    return outcomes.Found(patient(entry.members.get("resource"), path=f"{entry.path}.resource"), score)


def _number(resource: Element) -> str:
    number = resource.text("id", needed=True)
    # Whether synthetic numbers are welcome is for the register to say; here it is about what the PDS sent.
    if not number.isdigit() or nhs_number.problem(number, environment=""):
        raise resource.wrong("id", "is no NHS Number, or its check digit is wrong")
    return number


def _security(resource: Element) -> str:
    labels = [label.text("code", needed=True) for label in resource.inner("meta").each("security")]
    if len(labels) != 1:
        raise resource.wrong("meta.security", "does not hold exactly one code")
    return labels[0]


def _verification(resource: Element, number: str) -> str:
    held = [one for one in resource.each("identifier") if one.text("system") == NUMBER_SYSTEM]
    if not held:
        raise resource.wrong("identifier", "holds no NHS Number")
    if held[0].text("value", needed=True) != number:
        raise outcomes.Unreadable(f"{held[0].path}.value", "is another number than the id")
    for extension in held[0].each("extension"):
        if extension.text("url") == _VERIFICATION:
            for coding in extension.inner("valueCodeableConcept").each("coding"):
                if coding.text("code", needed=True) in _STATUSES:
                    return coding.text("code")
            raise outcomes.Unreadable(f"{extension.path}.valueCodeableConcept", "holds no status from 01 to 08")
    return ""


def _name(one: Element) -> outcomes.Name:
    return outcomes.Name(one.text("family"), one.texts("given"), one.text("use"), one.period())


def _address(one: Element) -> outcomes.Address:
    lines = tuple(line for line in one.texts("line") if line)
    return outcomes.Address(lines, one.text("postalCode"), one.text("use"), one.period())


def _contact(one: Element) -> outcomes.Contact:
    return outcomes.Contact(one.text("system"), one.text("value"), one.text("use"), one.period())


def _practices(resource: Element) -> Iterator[str]:
    for practice in resource.each("generalPractitioner"):
        yield practice.inner("identifier").text("value", needed=True)
