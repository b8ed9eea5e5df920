"""What the message says about the person: reasons, words, flags, consent, and how soon."""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.gateway.bars import values, vocabulary
from services.gateway.bars.bundle import Message
from services.gateway.bars.message import Coding, Consent, Flag, Narrative
from services.gateway.fhir import Element, IssueCode

_WISHES = ("expectation", "wishes")
_ROUTINE = "routine"
# Senders, the published examples among them, write the two characters where they mean the end of a line.
_LINE_END = re.compile(r"(?:\\n|/n(?=\s|$))[ \t]*")


def priority(message: Message, request: Element) -> str:
    """FHIR request-priority; routine where none is given, as FHIR R4 has it."""
    given = request.at("priority")
    if not given:
        return _ROUTINE
    if given.text not in vocabulary.PRIORITIES:
        message.complain(IssueCode.VALUE, given, "must be routine, urgent, asap or stat")
    return vocabulary.PRIORITIES.get(given.text, _ROUTINE)


def reasons(message: Message, request: Element) -> tuple[Coding, ...]:
    """Why, in codes: of the request, its conditions, and the care plan's outcome and tasks."""
    plans = _plans(message, request)
    conditions = [message.resolve(each, "Condition") for each in request.all("reasonReference")]
    conditions += [message.resolve(each, "Condition") for plan in plans for each in plan.all("addresses")]
    activities = [each for plan in plans for each in plan.all("activity")]
    tasks = [message.resolve(each.at("reference"), "Task") for each in activities]
    concepts = [
        *request.all("reasonCode"),
        *(each.at("code") for each in conditions),
        *(concept for each in activities for concept in each.all("outcomeCodeableConcept") if concept.all("coding")),
        *(each.at("code") for each in tasks),
    ]
    return tuple(dict.fromkeys(coding for concept in concepts for coding in values.codings(concept)))


def narrative(message: Message, request: Element) -> Narrative:
    """The message's words by class: what a safeguarding flag says, what the person wishes, and the rest as health."""
    wishes = [each for each in message.resources("Observation") if _is_wish(each)]
    others = [each for each in message.resources("Observation") if not _is_wish(each)]
    summaries = [
        concept.at("text")
        for plan in _plans(message, request)
        for activity in plan.all("activity")
        for concept in activity.all("outcomeCodeableConcept")
        if not concept.all("coding")
    ]
    health = [
        *(each.text for each in summaries),
        *_notes(request),
        *(_labelled("Condition", each) for each in message.resources("Condition")),
        *(_labelled("Observation", each) for each in others),
        *(_labelled("Allergy", each) for each in message.resources("AllergyIntolerance")),
        *(_medication(each) for each in message.resources("MedicationStatement")),
        request.at("patientInstruction").text,
    ]
    concerns = [flag.text for flag in flags(message) if flag.category == vocabulary.SAFEGUARDING and flag.active]
    voice = [said for each in wishes for said in (_measured(each), *_notes(each))]
    return Narrative(health=_paragraphs(health), safeguarding=_paragraphs(concerns), voice=_paragraphs(voice))


def flags(message: Message) -> tuple[Flag, ...]:
    """Every flag of the message, active or not."""
    return tuple(_flag(each) for each in message.resources("Flag"))


def consents(message: Message) -> tuple[Consent, ...]:
    """Every consent of the message."""
    return tuple(
        Consent(
            status=each.at("status").text,
            category=values.code(each.at("category")),
            policy=values.code(each.at("policyRule")),
            decision=each.at("provision", "type").text,
        )
        for each in message.resources("Consent")
    )


def _flag(element: Element) -> Flag:
    found = values.codings(element.at("code"))
    return Flag(
        category=values.code(element.at("category")),
        code=found[0] if found else Coding("", "", ""),
        text=values.said(element.at("code")),
        active=element.at("status").text == "active",
        start=values.moment(element.at("period", "start")),
        end=values.moment(element.at("period", "end")),
    )


def _plans(message: Message, request: Element) -> list[Element]:
    found = [message.resolve(each, "CarePlan") for each in request.all("basedOn")]
    return [each for each in found if each]


def _is_wish(observation: Element) -> bool:
    said = values.said(observation.at("code")).lower()
    return any(word in said for word in _WISHES)


def _labelled(label: str, element: Element) -> str:
    """ "Condition: Vomiting", with what was measured and noted."""
    said = values.said(element.at("code"))
    told = ". ".join(part for part in (_measured(element), *_notes(element)) if part)
    return f"{label}: {said}{f': {told}' if told else ''}" if said else told


def _medication(element: Element) -> str:
    said = values.said(element.at("medicationCodeableConcept"))
    dosage = element.at("dosage", "text").text
    return f"Medication: {said}{f', {dosage}' if dosage else ''}" if said else ""


def _measured(observation: Element) -> str:
    quantity = observation.at("valueQuantity")
    if quantity.at("value"):
        return f"{quantity.at('value').value} {quantity.at('unit').text}".strip()
    parts = [f"{values.said(each.at('code'))} {_measured(each)}".strip() for each in observation.all("component")]
    own = observation.at("valueString").text or values.said(observation.at("valueCodeableConcept"))
    return ", ".join(filter(None, [own, *parts]))


def _notes(element: Element) -> list[str]:
    return [each.at("text").text for each in element.all("note")]


def _paragraphs(parts: Iterable[str]) -> str:
    """The parts that say something, each once: a summary often repeats the note."""
    return "\n\n".join(dict.fromkeys(_LINE_END.sub("\n", part).strip() for part in parts if part))
