"""A Personal Demographics Service for tests: a real HTTP server that checks who asks, and answers as it is told."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.identity.pds import client, composition
from services.identity.settings import Settings

KEY = RSAKey.generate_key(2048, private=True)
KID, CLIENT_ID = "test-1", "app-1"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SECURITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SPINE = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"

Answering = Callable[["Asked"], Response]


@dataclass(frozen=True)
class Asked:
    """One question as it arrived."""

    path: str
    parameters: dict[str, str]
    headers: dict[str, str]


@dataclass
class Service:
    """The server's state. Answers in `next` go out first, one by one; then the patients and searches it was given."""

    address: str
    next: list[Answering] = field(default_factory=list)
    patients: dict[str, Response] = field(default_factory=dict)
    found: Callable[[dict[str, str]], Any] = field(default=lambda _: bundle())
    asked: list[Asked] = field(default_factory=list)
    token_seconds: int = 600
    tokens_given: list[str] = field(default_factory=list)
    token_requests: int = 0
    clock_ahead: float = 0
    refuse_tokens: int = 0
    token_answer: Response | None = None
    user_tokens: set[str] = field(default_factory=set)
    _good_until: dict[str, float] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def forget_tokens(self) -> None:
        """Every token given out so far is good no more."""
        self._good_until.clear()

    async def token(self, request: Request) -> Response:
        """The token endpoint: verifies the assertion with the public key, as the NHS's does."""
        self.token_requests += 1
        date = {"Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(self._now()))}
        if self.token_answer is not None:
            return self.token_answer
        if self.refuse_tokens:
            return JSONResponse({"error": "invalid_client", "error_description": "no"}, self.refuse_tokens, date)
        form = dict(parse_qsl((await request.body()).decode()))
        problem = self._problem(form)
        if problem:
            return JSONResponse({"error": "invalid_request", "error_description": problem}, 400, date)
        given = str(uuid.uuid4())
        self.tokens_given.append(given)
        self._good_until[given] = time.time() + self.token_seconds
        # The NHS's endpoint sends the seconds as a text.
        return JSONResponse(
            {"access_token": given, "expires_in": str(self.token_seconds), "token_type": "Bearer"}, headers=date
        )

    async def answer(self, request: Request) -> Response:
        """A question about patients."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.path_params.get("number", ""), dict(request.query_params), headers)
        self.asked.append(asked)
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self.user_tokens and self._good_until.get(bearer, 0) < time.time():
            return outcome("ACCESS_DENIED", status=401)
        if self.next:
            return self.next.pop(0)(asked)
        if asked.path:
            return self.patients.get(asked.path, outcome("RESOURCE_NOT_FOUND", status=404))
        return fhir(self.found(asked.parameters))

    def _problem(self, form: dict[str, str]) -> str:
        if (form.get("grant_type"), form.get("client_assertion_type")) != ("client_credentials", ASSERTION_TYPE):
            return "grant_type or client_assertion_type"
        try:
            public = RSAKey.import_key(KEY.as_dict(private=False))
            token = jwt.decode(form.get("client_assertion", ""), public, algorithms=["RS512"])
        except JoseError as fault:
            return type(fault).__name__
        claims, now = token.claims, self._now()
        expected = (KID, CLIENT_ID, CLIENT_ID, f"{self.address}/oauth2/token")
        if (token.header.get("kid"), claims["iss"], claims["sub"], claims["aud"]) != expected:
            return "iss, sub, aud or kid"
        if not now < claims["exp"] <= now + 300 or claims["jti"] in self._used:
            return "Invalid exp or jti claim"
        self._used.add(claims["jti"])
        return ""

    def _now(self) -> float:
        return time.time() + self.clock_ahead


def fhir(body: Any, status: int = 200, **headers: str) -> Response:
    """A FHIR JSON response."""
    return Response(json.dumps(body), status, headers, media_type="application/fhir+json")


def outcome(code: str, *, status: int, **headers: str) -> Response:
    """An OperationOutcome with a code of the Spine; its diagnostics quote a person, as careless ones do."""
    coding = {"system": SPINE, "version": "1", "code": code}
    issue = {"severity": "error", "code": "value", "details": {"coding": [coding]}, "diagnostics": "CANARY Canarywood"}
    return fhir({"resourceType": "OperationOutcome", "issue": [issue]}, status, **headers)


def patient(number: str, *, security: str = "U", **more: Any) -> dict[str, Any]:
    """A patient of our own making; `more` replaces elements, and None takes one away."""
    made = {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}],
        "meta": {"versionId": "7", "security": [{"system": SECURITY, "code": security}]},
        "name": [{"use": "usual", "family": "Canarywood", "given": ["Odette"], "period": {"start": "2001-02-03"}}],
        "gender": "female",
        "birthDate": "1984-03-09",
        "address": [{"use": "home", "line": ["1 Canary Row"], "postalCode": "EX1 1AA"}],
    }
    if security != "U":
        del made["address"]
    return {name: value for name, value in (made | more).items() if value is not None}


def bundle(*entries: tuple[dict[str, Any], float]) -> dict[str, Any]:
    """A search's answer: patients, each with its score."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        "entry": [{"resource": resource, "search": {"score": score}} for resource, score in entries],
    }


@asynccontextmanager
async def serving() -> AsyncIterator[Service]:
    """The service on a free port of loopback."""
    listening = socket.create_server(("127.0.0.1", 0))
    service = Service(f"http://127.0.0.1:{listening.getsockname()[1]}")
    routes = [
        Route("/oauth2/token", service.token, methods=["POST"]),
        Route("/fhir/Patient", service.answer),
        Route("/fhir/Patient/{number}", service.answer),
    ]
    config = uvicorn.Config(
        Starlette(routes=routes), log_config=None, access_log=False, lifespan="off", date_header=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield service
    finally:
        server.should_exit = True
        await task
        listening.close()


def settings(service: Service, directory: Path, **more: Any) -> Settings:
    """Settings that name the service; short waits, so that no test sleeps long."""
    key = directory / "pds.json"
    key.write_text(json.dumps(KEY.as_dict(private=True)))
    usual: dict[str, Any] = {
        "pds_base_url": f"{service.address}/fhir",
        "pds_token_url": f"{service.address}/oauth2/token",
        "pds_client_id": CLIENT_ID,
        "pds_key_file": str(key),
        "pds_kid": KID,
        "pds_per_second": 1000,
        "pds_seconds": 3,
        "environment": "test",
    }
    return Settings(**(usual | more))


@asynccontextmanager
async def asking(service: Service, directory: Path, **more: Any) -> AsyncIterator[client.Client]:
    """The client that these settings compose."""
    async with AsyncExitStack() as closing:
        yield composition.compose(settings(service, directory, **more), closing)
