"""One question to the PDS until it is answered: paced, retried with pauses, and given up within a bound."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from chassis import attributes, telemetry
from services.identity.pds import bodies, outcomes, pace, reading, tokens

logger = logging.getLogger(__name__)

_MOST_BODY_BYTES: Final = 2_000_000
_JSON = frozenset({"application/fhir+json", "application/json"})
# Come again later: these say nothing about the question (RFC 9110; RFC 6585 for 429).
_PASSING = frozenset({429, 502, 503, 504})
# So long a wait is not sat out here: the caller is told when to come again.
_LONGEST_HOLD_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the JSON that came with it; None where none came."""

    status: int
    body: Any


@dataclass(slots=True)
class Asking:
    """Asks one PDS, for everybody in this process: they share its pace and its circuit."""

    base_url: str
    web: httpx.AsyncClient
    seconds: float
    patience: pace.Patience
    rate: pace.Pace
    circuit: pace.Circuit
    organisation: str = ""
    clock: Callable[[], float] = time.monotonic
    sleep: pace.Sleep = asyncio.sleep

    async def get(
        self, path: str, parameters: tuple[tuple[str, str], ...], credentials: tokens.Credentials, *, what: str
    ) -> Answer:
        """The answer to GET <path>, below 500 and readable. `what` names the kind of question in spans: no value.

        Raises Away, NotAdmitted and Unreadable.
        """
        with telemetry.span(attributes.CALL, f"pds {what}"):
            return await self._until_answered(path, parameters, credentials)

    async def _until_answered(
        self, path: str, parameters: tuple[tuple[str, str], ...], credentials: tokens.Credentials
    ) -> Answer:
        # The same request id with each attempt, so that the PDS knows a repetition for what it is.
        request_id, until = str(uuid.uuid4()), self.clock() + self.patience.total_seconds
        renewed, attempt = False, 1
        while True:
            try:
                answer = await self._attempt(path, parameters, credentials, request_id, until)
            except outcomes.Away as away:
                problem = away
            else:
                if answer.status != 401 or renewed or not credentials.refused():
                    return answer
                renewed = True
                continue
            wait = self.patience.wait(attempt, problem.after_seconds)
            if attempt >= self.patience.attempts or self.clock() + wait >= until:
                logger.warning("request %s to the PDS is given up after %d attempts", request_id, attempt)
                raise problem
            attempt += 1
            await self.sleep(wait)

    async def _attempt(
        self,
        path: str,
        parameters: tuple[tuple[str, str], ...],
        credentials: tokens.Credentials,
        request_id: str,
        until: float,
    ) -> Answer:
        """One attempt in its turn, and what the circuit learns of it."""
        self.circuit.check()
        await self.rate.turn(most_seconds=until - self.clock())
        try:
            answer = await self._once(path, parameters, await credentials.headers(), request_id)
        except (outcomes.Away, outcomes.NotAdmitted):
            # A key that is refused once is refused to everybody who waits; their turn comes when it is mended.
            self.circuit.failed()
            raise
        except outcomes.Unreadable as unreadable:
            logger.warning("request %s to the PDS: %s", request_id, unreadable)
            raise
        self.circuit.succeeded()
        if answer.status >= 400:
            logger.info("request %s to the PDS is answered %d", request_id, answer.status)
        return answer

    async def _once(
        self, path: str, parameters: tuple[tuple[str, str], ...], shown: Mapping[str, str], request_id: str
    ) -> Answer:
        headers = {
            **shown,
            "Accept": "application/fhir+json",
            "X-Request-ID": request_id,
            "X-Correlation-ID": _correlation(request_id),
        }
        if self.organisation:
            headers["NHSD-End-User-Organisation-ODS"] = self.organisation
        request = self.web.build_request("GET", f"{self.base_url}/{path}", params=parameters, headers=headers)
        response, body = await bodies.fetch(
            self.web, request, seconds=self.seconds, most_bytes=_MOST_BODY_BYTES, whom="the PDS"
        )
        return self._judged(response, body)

    def _judged(self, response: httpx.Response, body: bytes) -> Answer:
        status = response.status_code
        if status in _PASSING:
            after = _retry_after(response.headers.get("Retry-After", ""))
            self.rate.hold(after)
            raise outcomes.Away(f"the PDS answers {status}", after_seconds=after)
        if status >= 500:
            raise outcomes.Away(f"the PDS answers {status}")
        if 300 <= status < 400:
            raise outcomes.NotAdmitted(f"the PDS answers {status}: redirects are not followed, a token would go along")
        return Answer(status, _json(response, body))


def code(answer: Answer) -> str:
    """The first code of a refusal, where it has one."""
    try:
        return next(iter(reading.codes(answer.body)), "")
    except outcomes.Unreadable:
        return ""


def _correlation(request_id: str) -> str:
    """The trace that this belongs to, in the form of a UUID, so that both sides' logs can be put side by side."""
    span = telemetry.current()
    return str(uuid.UUID(span.trace_id)) if span else request_id


def _json(response: httpx.Response, body: bytes) -> Any:
    """The JSON of an answer; a refusal may come without any. Raises Away for a page that is not the PDS's own."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    good = response.status_code == 200
    if kind not in _JSON:
        if good:
            raise outcomes.Away("something other than the PDS answers: no FHIR JSON")
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        problem = outcomes.Unreadable("answer", "is no JSON, or was cut off")
    if good:
        # Raised out here it has no context: the decoder's own error holds the text.
        raise problem
    return None


def _retry_after(text: str) -> float:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3): a count, or a moment; 0 for anything else."""
    if text.strip().isdigit():
        return min(float(text), _LONGEST_HOLD_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(0.0, (aware - datetime.now(UTC)).total_seconds()), _LONGEST_HOLD_SECONDS)
