"""FHIR R4 at the door: reads JSON or XML safely, checks it against the specification and names what is wrong."""

from services.gateway.fhir.document import Limits, check, parse
from services.gateway.fhir.element import Element
from services.gateway.fhir.issues import Issue, IssueCode, Severity, Unreadable, outcome
from services.gateway.fhir.specification import prepare

__all__ = ["Element", "Issue", "IssueCode", "Limits", "Severity", "Unreadable", "check", "outcome", "parse", "prepare"]
