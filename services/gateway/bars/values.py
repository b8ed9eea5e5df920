"""FHIR values that stand in many places: times, codings, names, ways to reach somebody."""

from __future__ import annotations

from datetime import UTC, date, datetime

from chassis.clock import zone
from services.gateway.bars import vocabulary
from services.gateway.bars.message import Coding, Name, Telecom
from services.gateway.fhir import Element


def moment(element: Element) -> datetime | None:
    """A dateTime or instant in UTC; a whole date begins at midnight in London; less than a date is None."""
    text = element.text
    try:
        if "T" in text:
            at = datetime.fromisoformat(text)
            return at.astimezone(UTC) if at.tzinfo else None
        return zone.midnight(date.fromisoformat(text)) if len(text) == 10 else None
    except (ValueError, OverflowError):
        # The year 0001 has no London midnight in UTC; FHIR allows it and nobody means it.
        return None


def codings(concept: Element) -> list[Coding]:
    """The codes of a CodeableConcept; its words alone where it has no code; none where it has neither."""
    coded = [
        Coding(each.at("system").text, each.at("code").text, each.at("display").text or concept.at("text").text)
        for each in concept.all("coding")
        if each.at("code").text
    ]
    if not coded and concept.at("text").text:
        return [Coding("", "", concept.at("text").text)]
    return coded


def said(concept: Element) -> str:
    """A CodeableConcept in words: its text, or else the first display or code."""
    found = codings(concept)
    return concept.at("text").text or (found[0].display or found[0].code if found else "")


def code(concept: Element) -> str:
    """The first code of a CodeableConcept, or empty."""
    return next((each.code for each in codings(concept)), "")


def name(element: Element) -> Name | None:
    """A HumanName; None where it is empty."""
    given = tuple(each.text for each in element.all("given") if each.text)
    found = Name(element.at("family").text, given, element.at("prefix").text, element.at("text").text)
    return found if found.family or found.given or found.text else None


def telecoms(holder: Element) -> tuple[Telecom, ...]:
    """The ContactPoints of a resource or contact that have a value."""
    return tuple(
        Telecom(each.at("system").text, each.at("value").text, each.at("use").text, each.at("rank").number)
        for each in holder.all("telecom")
        if each.at("value").text
    )


def identifier(holder: Element, system: str) -> Element:
    """The value of the first identifier of that system; an empty element where there is none."""
    for each in holder.all("identifier"):
        if vocabulary.same_system(each.at("system").text, system):
            return each.at("value")
    return Element(f"{holder.path}.identifier")
