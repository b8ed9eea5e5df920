"""What is wrong with a message, said so that its sender can mend it, and the OperationOutcome that carries it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

PROFILE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-OperationOutcome"


class Severity(StrEnum):
    """FHIR R4 issue-severity."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class IssueCode(StrEnum):
    """The FHIR R4 issue-type codes that Joinedup answers with; each is one that BaRS publishes for receivers."""

    INVALID = "invalid"
    REQUIRED = "required"
    VALUE = "value"
    INVARIANT = "invariant"
    NOT_SUPPORTED = "not-supported"
    TOO_COSTLY = "too-costly"
    DUPLICATE = "duplicate"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    TRANSIENT = "transient"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong: `expression` is the FHIRPath of the element, `diagnostics` a sentence for a person.

    Diagnostics never repeat what the message says about its patient: an answer ends up in logs that we do not see.
    """

    severity: Severity
    code: IssueCode
    expression: str
    diagnostics: str

    @classmethod
    def error(cls, code: IssueCode, expression: str, diagnostics: str) -> Issue:
        """An issue that makes the message unacceptable."""
        return cls(Severity.ERROR, code, expression, diagnostics)


class Unreadable(Exception):
    """The message cannot be read as FHIR R4; `issues` say where and why."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__("; ".join(f"{issue.expression}: {issue.diagnostics}" for issue in issues))
        self.issues: tuple[Issue, ...] = issues

    @classmethod
    def at(cls, expression: str, diagnostics: str, code: IssueCode = IssueCode.INVALID) -> Unreadable:
        """One issue at one place."""
        return cls(Issue.error(code, expression, diagnostics))


def outcome(issues: Iterable[Issue], details: dict[IssueCode, tuple[str, str]] | None = None) -> dict[str, Any]:
    """An OperationOutcome as a JSON object; `details` gives the (system, code) of the coding for an issue's code."""
    return {
        "resourceType": "OperationOutcome",
        "id": str(uuid.uuid4()),
        "meta": {"profile": [PROFILE]},
        "issue": [_entry(issue, (details or {}).get(issue.code)) for issue in issues],
    }


def _entry(issue: Issue, coding: tuple[str, str] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"severity": issue.severity.value, "code": issue.code.value}
    if coding:
        entry["details"] = {"coding": [{"system": coding[0], "code": coding[1]}]}
    return entry | {"diagnostics": issue.diagnostics, "expression": [issue.expression]}
