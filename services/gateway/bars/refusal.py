"""A message that is not taken in: its issues, and the answer in the shapes that BaRS publishes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.gateway import fhir
from services.gateway.bars import vocabulary
from services.gateway.fhir import Issue, IssueCode

# Published for receivers (REC): the HTTP status and error code that go with an issue's code.
_STATUS: dict[IssueCode, tuple[int, str]] = {
    IssueCode.INVALID: (400, "REC_BAD_REQUEST"),
    IssueCode.REQUIRED: (400, "REC_BAD_REQUEST"),
    IssueCode.VALUE: (400, "REC_BAD_REQUEST"),
    IssueCode.INVARIANT: (400, "REC_BAD_REQUEST"),
    IssueCode.NOT_SUPPORTED: (422, "REC_UNPROCESSABLE_ENTITY"),
    IssueCode.TOO_COSTLY: (422, "REC_UNPROCESSABLE_ENTITY"),
    IssueCode.FORBIDDEN: (403, "REC_FORBIDDEN"),
    IssueCode.NOT_FOUND: (404, "REC_NOT_FOUND"),
    IssueCode.DUPLICATE: (409, "REC_CONFLICT"),
    IssueCode.CONFLICT: (409, "REC_CONFLICT"),
    IssueCode.TRANSIENT: (503, "REC_SERVICE_UNAVAILABLE"),
    IssueCode.EXCEPTION: (500, "REC_SERVER_ERROR"),
}
_CODINGS = {code: (vocabulary.HTTP_ERRORS, name) for code, (_, name) in _STATUS.items()}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message was refused. `message_id` is empty where it could not be read; `sha256` is of the bytes."""

    issues: tuple[Issue, ...]
    message_id: str = ""
    sha256: str = ""

    @property
    def status(self) -> int:
        """The HTTP status: of the first issue, for what makes the others moot comes first."""
        return _STATUS[self.issues[0].code][0]

    def outcome(self) -> dict[str, Any]:
        """The OperationOutcome as a JSON object."""
        return operation_outcome(self.issues)


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """An OperationOutcome in BaRS's published shape, for issues of this module or of a later step."""
    return fhir.outcome(issues, _CODINGS)
