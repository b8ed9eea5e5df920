"""The door by HTTP: BaRS `$process-message`, and a CapabilityStatement that says what is spoken here."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis import auth, deadletter, errors
from services.gateway import bars, fhir, translate
from services.gateway.messages import Answer, Intake

logger = logging.getLogger(__name__)

FHIR_JSON = "application/fhir+json"
# Headers of BaRS that are mirrored back.
_MIRRORED = ("x-request-id", "x-correlation-id")
_PERMISSION = "gateway.messages.process"

Endpoint = Callable[[Request], Awaitable[Response]]

CAPABILITIES = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "date": "2026-11-22",
    "kind": "capability",
    "fhirVersion": "4.0.1",
    "format": [FHIR_JSON, "application/fhir+xml"],
    "rest": [{"mode": "server", "operation": [{"name": "process-message"}]}],
    "messaging": [{"documentation": "BaRS servicerequest-request: new, revoked, entered-in-error"}],
}


@dataclass(frozen=True)
class Door:
    """Who may come in, how much they may carry, and who takes it from them."""

    intake: Intake
    verifier: auth.Verifier
    permissions: auth.Permissions
    message_bytes: int

    async def process_message(self, request: Request) -> Response:
        """POST /$process-message."""
        try:
            actor = self._actor(request)
            self.permissions.require(actor, _PERMISSION)
        except errors.Denied as refusal:
            return _respond(request, _not_signed_in(refusal))
        data = await self._body(request)
        if data is None:
            text = f"the message is larger than {self.message_bytes} bytes"
            issue = fhir.Issue.error(fhir.IssueCode.TOO_COSTLY, "Bundle", text)
            return _respond(request, Answer(413, bars.operation_outcome([issue])))
        return _respond(request, await self.intake.take_in(data, actor))

    def _actor(self, request: Request) -> auth.Actor:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise auth.NotSignedIn("send a bearer token")
        return self.verifier.verify(token.strip())

    async def _body(self, request: Request) -> bytes | None:
        """The body, read no further than the limit; None beyond it."""
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > self.message_bytes:
                return None
        return bytes(data)


def _not_signed_in(refusal: errors.Denied) -> Answer:
    status = 401 if isinstance(refusal, auth.NotSignedIn) else 403
    return Answer(status, bars.operation_outcome(translate.issues(errors.Denied(str(refusal)))))


def _respond(request: Request, answer: Answer) -> Response:
    headers = {name: request.headers[name] for name in _MIRRORED if name in request.headers}
    headers["cache-control"] = "no-store"
    # In an order of their own, whether the answer was just made or has been kept: the same answer is the same bytes.
    body = json.dumps(answer.resource, ensure_ascii=False, sort_keys=True)
    return Response(body, answer.http_status, headers, media_type=FHIR_JSON)


async def metadata(request: Request) -> Response:
    """GET /metadata."""
    return _respond(request, Answer(200, CAPABILITIES))


async def _failed(request: Request, fault: Exception) -> Response:
    """What nobody foresaw, told in FHIR as well, with nothing of what it was."""
    # Its text may quote a person's data; its place in the code may not.
    logger.error("a message could not be processed: %s", deadletter.where(fault))
    issue = fhir.Issue.error(fhir.IssueCode.EXCEPTION, "Bundle", "the message could not be processed; it is our fault")
    return _respond(request, Answer(500, bars.operation_outcome([issue])))


async def _elsewhere(request: Request, fault: Exception) -> Response:
    """A path or a method that there is none of here."""
    status = fault.status_code if isinstance(fault, HTTPException) else 404
    text = f"{request.method} {request.url.path} is not offered here; GET /metadata says what is"
    issue = fhir.Issue.error(fhir.IssueCode.NOT_SUPPORTED, "Bundle", text[:200])
    return _respond(request, Answer(status, bars.operation_outcome([issue])))


def application(door: Door) -> Starlette:
    """The HTTP application."""
    return Starlette(
        exception_handlers={Exception: _failed, HTTPException: _elsewhere},
        routes=[
            Route("/$process-message", door.process_message, methods=["POST"]),
            Route("/metadata", metadata, methods=["GET"]),
        ],
    )
