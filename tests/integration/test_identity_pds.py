"""The register and the PDS together, on a real PostgreSQL and over HTTP: asked after the fact, put on record once."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.responses import Response

from chassis import telemetry
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import events_pb2, identity_pb2
from joinedup.options.v1 import options_pb2
from services.identity.matching import blocking
from services.identity.store import tables
from tests import demographics_service as pds
from tests.integration import service_house
from tests.integration.identity_merging import merge, unmerge
from tests.integration.pds_world import ROOT, Place, known, running, worker_of
from tests.integration.test_identity_register import HOSPITAL, get, number, register, somebody


@pytest.fixture(scope="module")
async def place(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """The place, with an agreement that lets the NHS know who somebody is."""
    directory = tmp_path_factory.mktemp("trusted")
    async with pds.serving() as service, running(database, directory, service) as made:
        nhs = service_house.rule(options_pb2.DATA_CLASS_IDENTIFYING, sectors=[common_pb2.SECTOR_NHS])
        await made.house.agree(service_house.agreement(nhs))
        yield made


@pytest.fixture(autouse=True)
async def _nothing_left(place: Place) -> AsyncIterator[None]:
    """Each test has a queue of its own."""
    yield
    place.pds.next.clear()
    await place.due()
    await place.round()


async def test_a_stated_number_is_verified_after_the_fact(place: Place) -> None:
    stated = somebody(101, nhs_number=number(101))
    known(place, stated, number(101))
    answer = await register(place.house, stated)
    assert answer.verification_status == "02"
    assert place.pds.asked == []
    assert await place.round() == 1
    assert await place.status(answer.person_id) == ("01", number(101))
    (told,) = await place.house.events(events_pb2.PersonUpdated, person_id=answer.person_id)
    assert (told.version, told.verification_status) == (2, "01")
    assert (await get(place.house, answer.person_id, HOSPITAL)).verification_status == "01"
    # Said again it is a match, and nobody is asked about twice for it.
    await register(place.house, stated)
    assert await place.round() == 0


async def test_somebody_without_a_number_gets_the_one_that_the_search_finds(place: Place) -> None:
    stated = somebody(102)
    made = known(place, stated, number(102))
    place.pds.found = lambda asked: pds.bundle((made, 1)) if asked["family"] == stated.name.family else pds.bundle()
    answer = await register(place.house, stated)
    assert answer.verification_status == "03"
    await place.round()
    assert await place.status(answer.person_id) == ("01", number(102))
    # From now on they are found by it.
    again = await register(place.house, identity_pb2.Demographics(nhs_number=number(102), birth_date=stated.birth_date))
    assert again.person_id == answer.person_id


async def test_nobody_and_too_many_are_04_and_stay_with_the_local_register(place: Place) -> None:
    place.pds.found = lambda _: pds.bundle()
    answer = await register(place.house, somebody(103))
    await place.round()
    assert await place.status(answer.person_id) == ("04", "")
    # All questions about one person can be put side by side, and each has an id of its own.
    questions = [one.headers for one in place.pds.asked if one.parameters.get("family") == somebody(103).name.family]
    assert len(questions) == 2
    assert len({one["x-correlation-id"] for one in questions}) == 1
    assert len({one["x-request-id"] for one in questions}) == 2
    assert await place.house.rows(
        "SELECT 1 FROM audit WHERE action = 'pds.asked' AND subject = $1", f"person/{answer.person_id}"
    )
    # More becomes known, and they are asked about again.
    asked = len(place.pds.asked)
    more = somebody(103, telephone="01632960103")
    assert (await register(place.house, more)).person_id == answer.person_id
    assert await place.round() == 1
    assert len(place.pds.asked) > asked


async def test_a_record_that_was_merged_meanwhile_stays_as_it_was(place: Place) -> None:
    one, other = somebody(1131, nhs_number=number(1131)), somebody(1132, nhs_number=number(1132))
    for stated, value in ((one, number(1131)), (other, number(1132))):
        known(place, stated, value)
    kept, gone = [(await register(place.house, stated)).person_id for stated in (one, other)]
    made = await merge(place.house, kept, gone)
    await place.round()
    assert await place.status(kept) == ("01", number(1131))
    assert await place.status(gone) == ("02", number(1132))
    assert await place.round() == 0, "it is not asked about again and again"
    await unmerge(place.house, made.merge_id)


async def test_a_superseded_number_is_replaced_and_still_followed(place: Place) -> None:
    stated = somebody(104, nhs_number=number(104))
    made = known(place, stated, number(1104))
    place.pds.patients[number(104)] = pds.fhir(made)
    answer = await register(place.house, stated)
    await place.round()
    assert await place.status(answer.person_id) == ("01", number(1104))
    assert (await register(place.house, stated)).person_id == answer.person_id


async def test_a_number_that_another_holds_stays_with_them(place: Place) -> None:
    holder = await register(place.house, somebody(105, nhs_number=number(105)))
    stated = somebody(1105, nhs_number=number(1105))
    place.pds.patients[number(1105)] = pds.fhir(known(place, stated, number(105)))
    answer = await register(place.house, stated)
    await place.round()
    assert (await place.status(answer.person_id))[0] == "05"
    assert (await place.status(holder.person_id))[1] == number(105)
    (told,) = await place.house.events(events_pb2.DuplicateSuspected, person_id=answer.person_id)
    assert told.other_person_id == holder.person_id


async def test_a_dead_number_is_taken_off_and_the_person_stays(place: Place) -> None:
    place.pds.found = lambda _: pds.bundle()
    place.pds.patients[number(106)] = pds.outcome("INVALIDATED_RESOURCE", status=404)
    answer = await register(place.house, somebody(106, nhs_number=number(106)))
    await place.round()
    assert await place.status(answer.person_id) == ("04", "")


async def test_somebody_restricted_there_is_protected_here(place: Place) -> None:
    stated = somebody(107, nhs_number=number(107))
    known(place, stated, number(107), address=None, meta=pds.patient(number(107), security="R")["meta"])
    answer = await register(place.house, stated)
    await place.round()
    assert (await place.status(answer.person_id))[0] == "01"
    assert len(await place.house.events(events_pb2.PersonRestricted, person_id=answer.person_id)) == 1
    keys = await place.house.rows("SELECT key FROM blocking_key WHERE person_id = $1", answer.person_id)
    assert keys
    located = {blocking.CODES[kind] for kind in blocking.LOCATED}
    assert not any(row["key"] & 255 in located for row in keys)


async def test_while_the_pds_is_away_registering_goes_on_and_nobody_is_parked(place: Place) -> None:
    stated = somebody(108, nhs_number=number(108))
    known(place, stated, number(108))
    answer = await register(place.house, stated)
    for _ in range(6):
        place.pds.next = [lambda _: Response("", 503)]
        await place.due()
        await place.round()
    row = await place.trace(answer.person_id)
    assert (row["state"], row["faults"], row["problem"]) == ("waiting", 0, "the PDS answers 503")
    assert await place.status(answer.person_id) == ("02", number(108))
    assert (await register(place.house, stated)).person_id == answer.person_id
    await place.due()
    await place.round()
    assert await place.status(answer.person_id) == ("01", number(108))
    assert (await place.trace(answer.person_id))["state"] == "done"


async def test_a_circuit_that_is_open_leaves_the_queue_alone(place: Place) -> None:
    answer = await register(place.house, somebody(109, nhs_number=number(109)))
    circuit = place.worker.pds.register.circuit
    for _ in range(circuit.failures):
        circuit.failed()
    assert await place.worker.once() == 0
    assert (await place.trace(answer.person_id))["attempts"] == 0
    circuit.succeeded()


async def test_faults_are_parked_listed_and_sent_again(place: Place, database: Database) -> None:
    stated = somebody(110, nhs_number=number(110))
    known(place, stated, number(110))
    answer = await register(place.house, stated)
    for _ in range(4):
        place.pds.next = [lambda _: pds.fhir({"resourceType": "Patient", "id": "Canarywood"})]
        await place.due()
        await place.round()
    assert (await place.trace(answer.person_id))["state"] == "parked"

    (line,) = command(database, "traces")
    listed = json.loads(line)
    assert (listed["person_id"], listed["state"], listed["faults"]) == (answer.person_id, "parked", 4)
    assert listed["problem"] == "Patient.id: is no NHS Number, or its check digit is wrong"
    assert command(database, "retrace", "--id", "somebody-else") == ["asked again about 0"]
    assert command(database, "retrace", "--id", answer.person_id) == ["asked again about 1"]
    await place.round()
    assert await place.status(answer.person_id) == ("01", number(110))
    assert command(database, "traces") == []


def command(database: Database, *words: str) -> list[str]:
    """What `python -m services.identity ...` prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JOINEDUP_")}
    environment = kept | {"JOINEDUP_DATABASE_URL": database.app_url, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
    done = subprocess.run(
        [sys.executable, "-m", "services.identity", *words],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


async def test_two_workers_share_the_queue_and_a_dead_ones_claim_ends(place: Place) -> None:
    people = [await register(place.house, somebody(seed, nhs_number=number(seed))) for seed in range(120, 132)]
    async with worker_of(place.house) as other:
        taken = await asyncio.gather(place.worker.once(), other.once())
        assert sum(taken) == 12
    traces = [await place.trace(one.person_id) for one in people]
    assert {row["attempts"] for row in traces} == {1}

    # One that was claimed by a worker that died waits for the end of the claim, and is then taken up.
    late = await register(place.house, somebody(133, nhs_number=number(133)))
    lease = "UPDATE pds_trace SET attempts = 1, next_attempt_at = now() + interval '1 s' WHERE person_id = $1"
    await place.house.rows(lease, late.person_id)
    assert await place.worker.once() == 0
    await asyncio.sleep(1.1)
    assert await place.worker.once() == 1


async def test_what_became_known_while_the_pds_was_asked_is_not_overwritten(place: Place) -> None:
    stated = somebody(134, nhs_number=number(134))
    made = known(place, stated, number(134))
    answer = await register(place.house, stated)
    asked, go_on = asyncio.Event(), asyncio.Event()
    first = place.worker.pds.retrieve

    class Slow:
        """The PDS, slow once."""

        register = place.worker.pds.register
        resting_seconds = 0.0

        async def retrieve(self, nhs_number: str) -> Any:
            """Waits in the middle."""
            asked.set()
            await go_on.wait()
            return await first(nhs_number)

    kept, place.worker.pds = place.worker.pds, Slow()  # type: ignore[assignment]
    try:
        round_ = asyncio.create_task(place.worker.once())
        await asked.wait()
        await register(place.house, somebody(134, nhs_number=number(134), telephone="01632960134"))
        version = (await place.trace(answer.person_id))["version"]
        go_on.set()
        await round_
    finally:
        place.worker.pds = kept
    row = await place.trace(answer.person_id)
    assert (row["state"], row["version"]) == ("waiting", version)
    assert made["id"] == (await place.status(answer.person_id))[1]
    await place.due()
    await place.round()
    assert (await place.status(answer.person_id))[0] == "01"


async def test_those_registered_before_there_was_a_pds_are_caught_up_with(place: Place) -> None:
    stated = somebody(135, nhs_number=number(135))
    known(place, stated, number(135))
    answer = await register(place.house, stated)
    await place.house.rows("DELETE FROM pds_trace WHERE person_id = $1", answer.person_id)
    assert await place.round() == 0
    await place.worker.catch_up(asyncio.Event())
    assert await place.round() >= 1
    assert (await place.status(answer.person_id))[0] == "01"
    await place.worker.catch_up(asyncio.Event())
    assert await place.round() == 0


async def test_those_asked_about_long_ago_are_asked_about_again(place: Place) -> None:
    stated = somebody(137, nhs_number=number(137))
    made = known(place, stated, number(137))
    answer = await register(place.house, stated)
    await place.round()
    await place.worker.catch_up(asyncio.Event())
    assert await place.round() == 0
    # Restricted there since, and nobody told us.
    place.pds.patients[number(137)] = pds.fhir(made | {"meta": pds.patient(number(137), security="R")["meta"]})
    old = "UPDATE pds_trace SET next_attempt_at = now() - interval '31 days' WHERE person_id = $1"
    await place.house.rows(old, answer.person_id)
    await place.worker.catch_up(asyncio.Event())
    assert await place.round() == 1
    assert await place.status(answer.person_id) == ("01", number(137))
    assert len(await place.house.events(events_pb2.PersonRestricted, person_id=answer.person_id)) == 1


async def test_the_role_runs_until_it_is_told_to_stop(place: Place) -> None:
    stated = somebody(136, nhs_number=number(136))
    known(place, stated, number(136))
    stop = asyncio.Event()
    task = asyncio.create_task(place.worker.run(stop))
    answer = await register(place.house, stated)
    async with asyncio.timeout(30):
        while (await place.status(answer.person_id))[0] != "01":  # noqa: ASYNC110 (a database rings no bell here)
            await asyncio.sleep(0.1)
    stop.set()
    await asyncio.wait_for(task, 10)
    assert place.worker.ready


async def test_the_tables_are_those_that_the_migrations_make(place: Place) -> None:
    assert await service_house.drift(place.house, tables.Table.metadata) == []


@dataclass
class Kept:
    """An exporter that keeps what it is given as text."""

    texts: list[str] = field(default_factory=list)

    def export(self, span: telemetry.Span, ended_ns: int, failure: BaseException | None) -> None:
        """Keep, with a failure's whole story."""
        told = "".join(traceback.format_exception(failure)) if failure else ""
        self.texts.append(f"{span.name} {span.details} {told}")

    def close(self) -> None:
        """Nothing is left."""


class Lines(logging.Handler):
    """Every line of every logger, as it would be written by the most careless formatter."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep."""
        self.texts.append(logging.Formatter().format(record))


async def test_nobodys_data_is_in_logs_spans_or_the_queue(place: Place) -> None:
    stated = somebody(140, family="Canarywood", given="Odette", postcode="EX9 9ZZ")
    canaries = ["Canarywood", "Odette", stated.birth_date, "EX9", "ZZ", number(140)]
    made = known(place, stated, number(140))
    lines, spans, root = Lines(), Kept(), logging.getLogger()
    before = root.level
    root.addHandler(lines)
    root.setLevel(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    telemetry.use(spans, 1)
    try:
        answers: list[pds.Answering] = [
            lambda _: Response("", 503),
            lambda _: pds.outcome("INVALID_SEARCH_DATA", status=400),
            lambda _: pds.fhir(pds.bundle((made | {"birthDate": "Canarywood"}, 1))),
            lambda _: Response("Canarywood", 200),
            lambda _: Response("", 302, {"Location": "http://127.0.0.1:9/?family=Canarywood"}),
        ]
        answer = await register(place.house, stated)
        for one in answers:
            place.pds.next = [one]
            await place.due()
            await place.round()
        await gone(place)
        place.pds.found = lambda _: pds.bundle((made, 1))
        await place.house.rows("UPDATE pds_trace SET state = 'waiting'")
        await place.due()
        await place.round()
        assert await place.status(answer.person_id) == ("01", number(140))
    finally:
        root.removeHandler(lines)
        root.setLevel(before)
        telemetry.use(None, 0)
    rows = await place.house.rows("SELECT to_jsonb(pds_trace)::text AS row FROM pds_trace")
    ours = [text for text in lines.texts if "trace of person" in text]
    assert len(ours) >= 5
    assert any(text.startswith("call pds exact search") for text in spans.texts)
    for text in [*lines.texts, *spans.texts, *(row["row"] for row in rows)]:
        assert not [canary for canary in canaries if canary in text], text


async def gone(place: Place) -> None:
    """Nobody answers at the address of the PDS."""
    asking = place.worker.pds.register
    kept, asking.base_url = asking.base_url, "http://127.0.0.1:9/fhir"
    try:
        await place.due()
        await place.round()
    finally:
        asking.base_url = kept
