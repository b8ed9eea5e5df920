"""The client of the PDS against a server that is slow, busy, broken, moved, or speaks of somebody else."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.responses import RedirectResponse, Response, StreamingResponse

from services.identity.pds import outcomes, query, tokens
from tests import demographics_service as pds

NUMBER, OTHER = "9990000018", "9990000026"
SEARCH = query.Search((("family", "Canarywood"), ("given", "Odette"), ("birthdate", "eq1984-03-09")))


@pytest.fixture
async def service() -> AsyncIterator[pds.Service]:
    """A fresh service, which knows one patient."""
    async with pds.serving() as running:
        running.patients[NUMBER] = pds.fhir(pds.patient(NUMBER))
        yield running


def saying(status: int, **headers: str) -> pds.Answering:
    return lambda _: Response("<html>busy</html>", status, {name.replace("_", "-"): headers[name] for name in headers})


async def test_a_patient_is_retrieved_by_somebody_who_proved_who_they_are(service: pds.Service, tmp_path: Path) -> None:
    async with pds.asking(service, tmp_path, pds_organisation="Y12345") as asking:
        found = await asking.retrieve(NUMBER)
    assert isinstance(found, outcomes.Found)
    assert found.patient.families == ("Canarywood",)
    (asked,) = service.asked
    assert asked.headers["authorization"] == f"Bearer {service.tokens_given[0]}"
    assert asked.headers["accept"] == "application/fhir+json"
    assert asked.headers["nhsd-end-user-organisation-ods"] == "Y12345"
    assert uuid.UUID(asked.headers["x-request-id"]).version == 4
    assert uuid.UUID(asked.headers["x-correlation-id"])


async def test_a_search_sends_its_fields_and_nothing_else(service: pds.Service, tmp_path: Path) -> None:
    service.found = lambda _: pds.bundle((pds.patient(NUMBER), 1))
    async with pds.asking(service, tmp_path) as asking:
        assert isinstance(await asking.search(SEARCH), outcomes.Found)
    assert service.asked[0].parameters == dict(SEARCH.parameters)


async def test_one_token_serves_until_shortly_before_its_end(service: pds.Service, tmp_path: Path) -> None:
    service.token_seconds = 2
    async with pds.asking(service, tmp_path) as asking:
        await asyncio.gather(*(asking.retrieve(NUMBER) for _ in range(5)))
        assert service.token_requests == 1
        await asyncio.sleep(1.85)
        await asking.retrieve(NUMBER)
    assert service.token_requests == 2
    assert all(one.headers["authorization"] for one in service.asked)


async def test_a_token_that_is_refused_before_its_time_is_replaced_once(service: pds.Service, tmp_path: Path) -> None:
    async with pds.asking(service, tmp_path) as asking:
        await asking.retrieve(NUMBER)
        service.forget_tokens()
        assert isinstance(await asking.retrieve(NUMBER), outcomes.Found)
        assert service.token_requests == 2
        service.next = [lambda _: pds.outcome("ACCESS_DENIED", status=401)] * 2
        with pytest.raises(outcomes.NotAdmitted, match="401 ACCESS_DENIED"):
            await asking.retrieve(NUMBER)
    assert service.token_requests == 3


@pytest.mark.parametrize("ahead", [-900, -120, 120, 900])
async def test_a_clock_that_differs_from_theirs_keeps_nobody_out(
    ahead: float, service: pds.Service, tmp_path: Path
) -> None:
    service.clock_ahead = ahead
    async with pds.asking(service, tmp_path) as asking:
        assert isinstance(await asking.retrieve(NUMBER), outcomes.Found)
    assert service.token_requests <= 2


async def test_a_refusal_by_the_token_endpoint_names_its_code_only(service: pds.Service, tmp_path: Path) -> None:
    service.refuse_tokens = 401
    async with pds.asking(service, tmp_path) as asking:
        with pytest.raises(outcomes.NotAdmitted, match=r"refuses us: 401 invalid_client$"):
            await asking.retrieve(NUMBER)
    assert service.asked == []


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Response("x" * 70_000), outcomes.NotAdmitted),
        (Response("<html>"), outcomes.NotAdmitted),
        (Response("[" * 30_000), outcomes.NotAdmitted),
        (Response("{}", media_type="application/json"), outcomes.NotAdmitted),
        (Response('{"access_token": "a\\nb", "expires_in": 60}'), outcomes.NotAdmitted),
        (Response('{"access_token": "ab", "expires_in": "soon"}'), outcomes.NotAdmitted),
        (RedirectResponse("https://example.org/"), outcomes.NotAdmitted),
        (Response("", 503), outcomes.Away),
        (Response("", 429), outcomes.Away),
    ],
)
async def test_a_token_endpoint_that_makes_no_sense_is_at_nobodys_expense(
    answer: Response, failure: type[Exception], service: pds.Service, tmp_path: Path
) -> None:
    service.token_answer = answer
    async with pds.asking(service, tmp_path, pds_attempts=1) as asking:
        with pytest.raises(failure):
            await asking.retrieve(NUMBER)
    assert service.asked == []


async def test_a_key_that_is_refused_is_not_shown_again_and_again(service: pds.Service, tmp_path: Path) -> None:
    service.refuse_tokens = 401
    async with pds.asking(service, tmp_path, pds_open_after=2) as asking:
        for expected in (outcomes.NotAdmitted, outcomes.NotAdmitted, outcomes.Away, outcomes.Away):
            with pytest.raises(expected):
                await asking.retrieve(NUMBER)
    assert service.token_requests == 2


async def test_another_key_is_not_let_in(service: pds.Service, tmp_path: Path) -> None:
    async with pds.asking(service, tmp_path, pds_kid="another") as asking:
        with pytest.raises(outcomes.NotAdmitted):
            await asking.retrieve(NUMBER)


async def test_a_user_asks_with_their_own_token_and_role(service: pds.Service, tmp_path: Path) -> None:
    service.user_tokens.add("of-a-user")
    async with pds.asking(service, tmp_path) as asking:
        user = tokens.User(SecretStr("of-a-user"), role_id="555254242106")
        assert isinstance(await asking.as_user(user).retrieve(NUMBER), outcomes.Found)
        assert service.asked[0].headers["nhsd-session-urid"] == "555254242106"
        with pytest.raises(outcomes.NotAdmitted):
            await asking.as_user(tokens.User(SecretStr("ended"))).retrieve(NUMBER)
    assert service.token_requests == 0
    assert len(service.asked) == 2
    assert "of-a-user" not in repr(user)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_what_passes_is_asked_again_under_the_same_request_id(
    status: int, service: pds.Service, tmp_path: Path
) -> None:
    service.next = [saying(status)]
    async with pds.asking(service, tmp_path) as asking:
        assert isinstance(await asking.retrieve(NUMBER), outcomes.Found)
    assert len({one.headers["x-request-id"] for one in service.asked}) == 1
    assert len(service.asked) == 2


@pytest.mark.parametrize("how", ["seconds", "moment"])
async def test_retry_after_is_kept_by_everybody(how: str, service: pds.Service, tmp_path: Path) -> None:
    async with pds.asking(service, tmp_path) as asking:
        await asking.retrieve(NUMBER)
        soon = "1" if how == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        service.next = [saying(429, Retry_After=soon)]
        begun = time.monotonic()
        first = asyncio.create_task(asking.retrieve(NUMBER))
        await asyncio.sleep(0.3)
        await asyncio.gather(first, asking.retrieve(NUMBER))
        assert time.monotonic() - begun > 0.9
    assert len(service.asked) == 4


async def test_a_wait_longer_than_our_patience_is_handed_on(service: pds.Service, tmp_path: Path) -> None:
    service.next = [saying(429, Retry_After="600")]
    async with pds.asking(service, tmp_path) as asking:
        for _ in range(2):
            with pytest.raises(outcomes.Away) as raised:
                await asking.retrieve(NUMBER)
            assert 500 < raised.value.after_seconds <= 600
    assert len(service.asked) == 1


async def test_attempts_are_counted_and_end(service: pds.Service, tmp_path: Path) -> None:
    service.next = [saying(503)] * 9
    async with pds.asking(service, tmp_path, pds_attempts=3) as asking:
        with pytest.raises(outcomes.Away, match="503"):
            await asking.retrieve(NUMBER)
    assert len(service.asked) == 3


async def test_after_failures_in_a_row_it_is_left_alone_then_tried_by_one(service: pds.Service, tmp_path: Path) -> None:
    service.next = [saying(503)] * 2
    async with pds.asking(service, tmp_path, pds_attempts=1, pds_open_after=2, pds_rest_seconds=0.6) as asking:
        for _ in range(4):
            with pytest.raises(outcomes.Away):
                await asking.retrieve(NUMBER)
        assert len(service.asked) == 2
        assert asking.resting_seconds > 0
        await asyncio.sleep(0.7)
        trials = await asyncio.gather(*(asking.retrieve(NUMBER) for _ in range(3)), return_exceptions=True)
        assert len(service.asked) == 3
        assert [type(one) for one in trials] == [outcomes.Found, outcomes.Away, outcomes.Away]
        assert isinstance(await asking.retrieve(NUMBER), outcomes.Found)


async def test_questions_keep_a_pace(service: pds.Service, tmp_path: Path) -> None:
    async with pds.asking(service, tmp_path, pds_per_second=20) as asking:
        begun = time.monotonic()
        await asyncio.gather(*(asking.retrieve(NUMBER) for _ in range(11)))
        assert time.monotonic() - begun >= 0.45


@pytest.mark.parametrize("when", ["nothing comes", "it drips"])
async def test_a_slow_answer_is_given_up(when: str, tmp_path: Path) -> None:
    async with silent(drips=when == "it drips") as address, pds.serving() as service:
        more = {"pds_base_url": f"{address}/fhir", "pds_seconds": 0.4, "pds_attempts": 1}
        async with pds.asking(service, tmp_path, **more) as asking:
            begun = time.monotonic()
            with pytest.raises(outcomes.Away, match="does not answer in time"):
                await asking.retrieve(NUMBER)
            assert time.monotonic() - begun < 5


async def test_nobody_there_is_away(tmp_path: Path) -> None:
    async with pds.serving() as service:
        gone = {"pds_base_url": "http://127.0.0.1:9/fhir", "pds_attempts": 2}
        async with pds.asking(service, tmp_path, **gone) as asking:
            with pytest.raises(outcomes.Away, match="cannot be reached"):
                await asking.retrieve(NUMBER)


def cut(_: pds.Asked) -> Response:
    return Response('{"resourceType": "Patient", "id": "99', media_type="application/fhir+json")


def huge(_: pds.Asked) -> Response:
    return Response(b'"' + b"x" * 3_000_000 + b'"', media_type="application/fhir+json")


def deep(_: pds.Asked) -> Response:
    return Response("[" * 100_000, media_type="application/fhir+json")


def packed(_: pds.Asked) -> Response:
    return Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}, media_type="application/fhir+json")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (cut, "answer: is no JSON, or was cut off"),
        (deep, "answer: is no JSON, or was cut off"),
        (huge, "answer: is larger than 2000000 bytes"),
        (packed, "answer: is compressed, which was not asked for"),
        (lambda _: pds.fhir([]), "Patient: is no object"),
        (lambda _: pds.fhir(pds.patient("9990000019")), "Patient.id: is no NHS Number, or its check digit is wrong"),
        (lambda _: pds.fhir(pds.patient(NUMBER, birthDate="9/3/84")), "Patient.birthDate: is no date"),
        (lambda _: pds.fhir(pds.patient(NUMBER, meta={"versionId": "1"})), "Patient.meta.security: does not hold"),
        (lambda _: pds.fhir(pds.patient(NUMBER, name="Odette")), "Patient.name: is no list"),
        (lambda _: pds.fhir(pds.patient(NUMBER, identifier=None)), "Patient.identifier: holds no NHS Number"),
    ],
)
async def test_what_cannot_be_read_is_refused_by_element_and_quotes_nobody(
    answer: pds.Answering, problem: str, service: pds.Service, tmp_path: Path
) -> None:
    service.next = [answer]
    async with pds.asking(service, tmp_path) as asking:
        with pytest.raises(outcomes.Unreadable) as raised:
            await asking.retrieve(NUMBER)
    assert str(raised.value).startswith(problem)
    assert NUMBER not in str(raised.value)
    assert len(service.asked) == 1


async def test_a_body_that_breaks_off_is_asked_for_again(service: pds.Service, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b'{"resourceType": "Patient",'
        raise ConnectionResetError

    # uvicorn ends the connection, and says so in its log.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    service.next = [lambda _: StreamingResponse(broken(), media_type="application/fhir+json")]
    async with pds.asking(service, tmp_path) as asking:
        assert isinstance(await asking.retrieve(NUMBER), outcomes.Found)
    assert len(service.asked) == 2


async def test_a_redirect_is_not_followed_with_the_token(service: pds.Service, tmp_path: Path) -> None:
    async with pds.serving() as elsewhere:
        service.next = [lambda _: RedirectResponse(f"{elsewhere.address}/fhir/Patient/{NUMBER}")]
        async with pds.asking(service, tmp_path) as asking:
            with pytest.raises(outcomes.NotAdmitted, match="307: redirects are not followed"):
                await asking.retrieve(NUMBER)
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda _: pds.fhir(pds.patient(OTHER)), outcomes.Superseded),
        (lambda _: pds.outcome("INVALIDATED_RESOURCE", status=404), outcomes.Invalidated),
        (lambda _: pds.outcome("RESOURCE_NOT_FOUND", status=404), outcomes.NotFound),
        (lambda _: pds.fhir(pds.patient(NUMBER, security="R")), outcomes.Found),
    ],
)
async def test_a_number_has_an_outcome(
    answer: pds.Answering, outcome: type, service: pds.Service, tmp_path: Path
) -> None:
    service.next = [answer]
    async with pds.asking(service, tmp_path) as asking:
        assert isinstance(await asking.retrieve(NUMBER), outcome)


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_refusal_that_is_not_their_own_is_no_answer_about_anybody(
    status: int, service: pds.Service, tmp_path: Path
) -> None:
    async with pds.asking(service, tmp_path) as asking:
        for ask in (asking.retrieve(NUMBER), asking.search(SEARCH)):
            service.next = [lambda _: Response("<html>no route", status, media_type="text/html")]
            with pytest.raises(outcomes.NotAdmitted, match=f"{status} without an OperationOutcome"):
                await ask


async def test_a_page_instead_of_an_answer_is_as_good_as_none(service: pds.Service, tmp_path: Path) -> None:
    service.next = [lambda _: Response("<html>We are back soon", media_type="text/html")]
    async with pds.asking(service, tmp_path) as asking:
        assert isinstance(await asking.retrieve(NUMBER), outcomes.Found)
        service.next = [lambda _: Response("<html>We are back soon", media_type="text/html")] * 3
        with pytest.raises(outcomes.Away, match="something other than the PDS answers"):
            await asking.retrieve(NUMBER)


async def test_a_refused_question_tells_the_code_and_not_the_diagnostics(service: pds.Service, tmp_path: Path) -> None:
    service.next = [lambda _: pds.outcome("INVALID_SEARCH_DATA", status=400)]
    async with pds.asking(service, tmp_path) as asking:
        with pytest.raises(outcomes.Refused) as raised:
            await asking.search(SEARCH)
    assert str(raised.value) == "the PDS refuses the question: 400 INVALID_SEARCH_DATA"


class silent:  # noqa: N801 (reads as the sentence "async with silent()")
    """A server that takes questions and answers with nothing, or a byte at a time."""

    def __init__(self, *, drips: bool) -> None:
        self._drips = drips

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._drips:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: 9999\r\n\r\n")
            while not reader.at_eof():
                if self._drips:
                    writer.write(b" ")
                    await writer.drain()
                if not await _some(reader):
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()


async def _some(reader: asyncio.StreamReader) -> bool:
    """Whether the other side is still there, looked at for a moment."""
    try:
        async with asyncio.timeout(0.05):
            return bool(await reader.read(1000))
    except TimeoutError:
        return True
