"""What is wrong with a message is told with the element, in a code that fits, and without the person's details."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from services.gateway.fhir import IssueCode
from tests.unit import bars_examples as examples
from tests.unit.bars_examples import Tree

HEADER, REQUEST, PATIENT = (examples.place_of(name) for name in ("MessageHeader", "ServiceRequest", "Patient"))
Change = Callable[[Tree], object]


def put(resource_type: str, **members: object) -> Change:
    return lambda tree: examples.resource(tree, resource_type).update(members)


def drop(resource_type: str, name: str) -> Change:
    return lambda tree: examples.resource(tree, resource_type).pop(name)


def number(value: str) -> Change:
    return lambda tree: examples.resource(tree, "Patient")["identifier"][0].update(value=value)


def rank(*ranks: int) -> Change:
    def change(tree: Tree) -> None:
        patient = examples.resource(tree, "Patient")
        contact = json.dumps(patient["contact"][0])
        patient["contact"] = [json.loads(contact) for _ in ranks]
        for each, given in zip(patient["contact"], ranks, strict=True):
            each["extension"][0]["valuePositiveInt"] = given

    return change


def coded(resource_type: str, name: str, code: str) -> Change:
    return lambda tree: examples.resource(tree, resource_type)[name]["coding"][0].update(code=code)


def category(code: str) -> Change:
    return lambda tree: examples.resource(tree, "ServiceRequest")["category"][0]["coding"][0].update(code=code)


def second_number(tree: Tree) -> None:
    identifiers = examples.resource(tree, "Patient")["identifier"]
    identifiers.append(identifiers[0] | {"value": "9990000018"})


def two_focuses(tree: Tree) -> None:
    header = examples.resource(tree, "MessageHeader")
    header["focus"] = header["focus"] * 2


def no_service(tree: Tree) -> None:
    examples.resource(tree, "MessageHeader")["destination"][0]["endpoint"] = "https://elsewhere.example"
    examples.resource(tree, "HealthcareService").pop("identifier")


INVALID, REQUIRED, VALUE = IssueCode.INVALID, IssueCode.REQUIRED, IssueCode.VALUE
INVARIANT, NOT_SUPPORTED = IssueCode.INVARIANT, IssueCode.NOT_SUPPORTED

CASES: list[tuple[Change, IssueCode, str, str]] = [
    (number("9997978774"), VALUE, f"{PATIENT}.identifier[0].value", "check digit is 4, should be 3"),
    (number("99979787"), VALUE, f"{PATIENT}.identifier[0].value", "ten digits"),
    (number("9990000000"), VALUE, f"{PATIENT}.identifier[0].value", "no number begins with the nine digits"),
    (number("3102000002"), VALUE, f"{PATIENT}.identifier[0].value", "date of birth that is none"),
    (second_number, INVARIANT, f"{PATIENT}.identifier[1].value", "two different NHS Numbers"),
    (rank(2), REQUIRED, f"{PATIENT}.contact", "exactly one contact"),
    (rank(1, 1, 2), INVARIANT, f"{PATIENT}.contact[1].extension", "2 are"),
    (drop("Patient", "contact"), REQUIRED, f"{PATIENT}.contact", "exactly one contact"),
    (put("Patient", gender="femail"), VALUE, f"{PATIENT}.gender", "male, female"),
    (put("Patient", birthDate="1973-13-45"), VALUE, f"{PATIENT}.birthDate", "date"),
    (put("Patient", colour="red"), INVALID, f"{PATIENT}.colour", "is not an element"),
    (put("Patient", name={"family": "Pascoe"}), VALUE, f"{PATIENT}.name", "list"),
    (put("Patient", gender=None), INVALID, f"{PATIENT}.gender", "null"),
    (put("Patient", gender="fe\x00male"), VALUE, f"{PATIENT}.gender", "cannot be kept"),
    (put("Patient", gender="\ud800"), INVALID, "Bundle", "UTF-8"),
    (put("Patient", contained=[{"resourceType": "Nonsense"}]), INVALID, f"{PATIENT}.contained[0]", "type"),
    (put("ServiceRequest", priority="soon"), VALUE, f"{REQUEST}.priority", "routine, urgent"),
    (put("ServiceRequest", status="revoked"), INVARIANT, f"{REQUEST}.status", "does not go with"),
    (
        put("ServiceRequest", subject={"reference": "x"}),
        REQUIRED,
        f"{REQUEST}.subject.reference",
        "no Patient",
    ),
    (drop("ServiceRequest", "subject"), REQUIRED, f"{REQUEST}.subject", "required and missing"),
    (drop("ServiceRequest", "category"), REQUIRED, f"{REQUEST}.category", "referral"),
    (category("validation"), NOT_SUPPORTED, f"{REQUEST}.category[0].coding[0].code", "category referral"),
    (coded("MessageHeader", "reason", "update"), NOT_SUPPORTED, f"{REQUEST}.status", "revoke it and refer anew"),
    (coded("MessageHeader", "reason", "delete"), INVARIANT, f"{REQUEST}.status", "does not go with"),
    (coded("MessageHeader", "reason", "renew"), VALUE, f"{HEADER}.reason.coding[0].code", "new, update or delete"),
    (drop("MessageHeader", "reason"), REQUIRED, f"{HEADER}.reason.coding.code", "new, update or delete"),
    (drop("MessageHeader", "eventCoding"), REQUIRED, f"{HEADER}.eventCoding.code", "which event"),
    (drop("MessageHeader", "focus"), REQUIRED, f"{HEADER}.focus", "no request"),
    (drop("MessageHeader", "source"), REQUIRED, f"{HEADER}.source", "required"),
    (two_focuses, NOT_SUPPORTED, f"{HEADER}.focus[1]", "one request"),
    (put("MessageHeader", focus=[{"reference": "x"}]), REQUIRED, f"{HEADER}.focus[0].reference", "no ServiceRequest"),
    (put("MessageHeader", sender={"reference": "x"}), REQUIRED, f"{HEADER}.sender.reference", "no Organization"),
    (no_service, REQUIRED, f"{HEADER}.destination[0].endpoint", "dos-service-id"),
    (drop("Organization", "identifier"), REQUIRED, f"{examples.place_of('Organization')}.identifier", "ODS code"),
    (lambda tree: tree.update(type="document"), NOT_SUPPORTED, "Bundle.type", "message"),
    (lambda tree: tree.pop("type"), REQUIRED, "Bundle.type", "message"),
    (lambda tree: tree.pop("id"), REQUIRED, "Bundle.id", "required"),
    (lambda tree: tree.pop("entry"), REQUIRED, "Bundle.entry[0].resource", "MessageHeader"),
    (lambda tree: tree["entry"].reverse(), REQUIRED, "Bundle.entry[0].resource", "MessageHeader"),
    (lambda tree: tree.update(resourceType="Basket"), NOT_SUPPORTED, "Basket", "cannot be taken in"),
    (lambda tree: tree.pop("resourceType"), REQUIRED, "Bundle.resourceType", "type"),
    (lambda tree: tree.update(fhir_comments=["x"]), INVALID, "Bundle", "a name that FHIR does not know"),
]


@pytest.mark.parametrize(("change", "code", "expression", "words"), CASES, ids=[f"{c[2]}-{c[3]}" for c in CASES])
def test_the_element_at_fault_is_named(change: Change, code: IssueCode, expression: str, words: str) -> None:
    tree = examples.bundle()
    change(tree)
    result = examples.refused(examples.as_json(tree))
    assert [(issue.code, issue.expression, words in issue.diagnostics) for issue in result.issues] == [
        (code, expression, True)
    ], result.issues
    assert result.status == (422 if code is NOT_SUPPORTED else 400)


def test_all_faults_are_told_at_once() -> None:
    tree = examples.bundle()
    for change in (
        number("9997978774"),
        rank(3),
        put("Patient", gender="femail"),
        put("ServiceRequest", priority="soon"),
    ):
        change(tree)
    result = examples.refused(examples.as_json(tree))
    assert {issue.expression for issue in result.issues} == {
        f"{PATIENT}.identifier[0].value",
        f"{PATIENT}.gender",
        f"{PATIENT}.contact",
        f"{REQUEST}.priority",
    }
    assert result.message_id == tree["id"]


def test_the_answer_does_not_repeat_the_person() -> None:
    tree = examples.bundle()
    for change in (number("9997978774"), put("Patient", birthDate="1973-13-45", gender="Pascoe", Pascoe=1)):
        change(tree)
    result = examples.refused(examples.as_json(tree))
    said = json.dumps([issue.diagnostics for issue in result.issues])
    for secret in ("9997978774", "Pascoe", "1973-13", "WH2"):
        assert secret not in said


def test_the_outcome_has_the_published_shape() -> None:
    tree = examples.bundle()
    number("9997978774")(tree)
    outcome = examples.refused(examples.as_json(tree)).outcome()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"] == [
        {
            "severity": "error",
            "code": "value",
            "details": {
                "coding": [{"system": "https://fhir.nhs.uk/Codesystem/http-error-codes", "code": "REC_BAD_REQUEST"}]
            },
            "diagnostics": "the NHS Number's check digit is 4, should be 3",
            "expression": [f"{PATIENT}.identifier[0].value"],
        }
    ]
