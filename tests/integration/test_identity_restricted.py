"""Where a restricted person is leaves identity by no way at all: every call, as everybody, and all that is written."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from google.protobuf.message import Message

from chassis import auth, errors, telemetry
from chassis.telemetry import Span
from devstack.databases import Database
from joinedup.identity.v1 import events_pb2, identity_pb2
from joinedup.identity.v1 import register_pb2 as pb
from services.identity.matching import blocking
from tests import canaries
from tests.integration import register_world
from tests.integration.register_world import (
    HOSPITAL,
    KEY_WORKER,
    LEAD,
    MERE_REFERRER,
    STRANGER,
    Desk,
    number,
    practitioner,
    somebody,
)
from tests.integration.service_house import KINDS, House

# Outward parts that nothing else here has; each piece by itself may stand nowhere.
NOW, BEFORE, LATER = "QX41 7ZB", "QY52 8ZD", "QZ63 9ZE"
PHONE, OLD_PHONE = "01632 960451", "01632 960452"
LINES = ["Canary Cottage", "Sparrowhawk Lane"]
OLD_LINES = ["Nightingale Barn", "Goldfinch Rise"]
# A record of a landlord or a refuge tells it, too.
SOURCE = "refuge/linnet-loft"
CANARIES = [
    text
    for whole in (NOW, BEFORE, LATER)
    for text in (whole, whole.replace(" ", ""), whole.split()[0], whole.split()[1])
] + [*LINES, *OLD_LINES, PHONE, OLD_PHONE, "1632960451", "1632960452", "960451", "960452", SOURCE]


@dataclass
class Kept:
    """An exporter that keeps."""

    spans: list[tuple[Span, BaseException | None]] = field(default_factory=list)

    def export(self, span: Span, ended_ns: int, failure: BaseException | None) -> None:
        """Keep."""
        self.spans.append((span, failure))

    def close(self) -> None:
        """Nothing is left."""


@pytest.fixture(scope="module")
def exporter() -> Iterator[Kept]:
    """Set before the first connection is made, so that statements are traced, too."""
    kept = Kept()
    telemetry.use(kept, 0)
    yield kept
    telemetry.use(None, 0)


@pytest.fixture(scope="module")
async def house(exporter: Kept, database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity for this module."""
    async with register_world.world(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


def canary(seed: int, **more: Any) -> identity_pb2.Demographics:
    """Somebody who lived at one address of canaries."""
    return somebody(seed, **{"lines": OLD_LINES, "postcode": BEFORE, "telephone": OLD_PHONE, **more})


async def hidden(house: House, seed: int) -> str:
    """Somebody who has moved, and is restricted afterwards; they have former whereabouts as well as present ones."""
    person_id = await register_world.registered(house, canary(seed, nhs_number=number(seed)))
    address = identity_pb2.Address(lines=LINES, postcode=NOW)
    request = pb.UpdatePersonRequest(
        person_id=person_id,
        version=1,
        demographics=identity_pb2.Demographics(address=address, telephone=PHONE),
        source=SOURCE,
    )
    await Desk(house, KEY_WORKER).register("UpdatePerson", request)
    await register_world.restrict(house, person_id)
    return person_id


def found_in(content: str) -> list[str]:
    """The canaries that stand in a text."""
    sought = content.lower().encode()
    return [text for text in CANARIES if canaries.place(text.lower().encode(), sought) >= 0]


def everybody() -> list[auth.Actor]:
    """Every role of every kind of caller, in every sector that practitioners are of, for every purpose; all related."""
    actors = []
    for role, sector, purpose in itertools.product(
        ("caseworker", "triage", "referrer", "partner", "ig_lead"),
        (one for one in auth.Sector if one is not auth.Sector.NONE),
        ("direct_care", "safeguarding", "administration", "audit"),
    ):
        made = practitioner(f"{role}-{sector.value}", f"org-{sector.value}", sector, role)
        actors.append(replace(made, purpose=auth.Purpose(purpose)))
    actors += [replace(HOSPITAL, purpose=auth.Purpose("direct_care")), auth.service_actor("gateway")]
    actors.append(auth.Actor(subject="operator:platform", kind=auth.Kind.OPERATOR, role="operator"))
    actors += [KEY_WORKER, MERE_REFERRER, STRANGER, LEAD]
    return actors


def reads(person_id: str, seed: int) -> list[tuple[str, Message]]:
    """Every call that reads, with what somebody who guesses would ask."""
    guesses = [
        identity_pb2.Demographics(nhs_number=number(seed), birth_date=somebody(seed).birth_date),
        canary(seed),
        canary(seed, lines=LINES, postcode=NOW, telephone=PHONE, nhs_number=number(seed)),
        identity_pb2.Demographics(address=identity_pb2.Address(lines=LINES, postcode=NOW), telephone=PHONE),
    ]
    return [
        ("GetPerson", identity_pb2.GetPersonRequest(person_id=person_id)),
        ("GetPeople", identity_pb2.GetPeopleRequest(person_ids=[person_id])),
        ("GetPersonHistory", pb.GetPersonHistoryRequest(person_id=person_id)),
        *(("TracePerson", identity_pb2.TracePersonRequest(demographics=guess)) for guess in guesses),
    ]


async def ask(house: House, actor: auth.Actor, rpc: str, request: Message) -> str:
    """What somebody is answered, be it a refusal."""
    desk = Desk(house, actor)
    call = desk.identity if hasattr(identity_pb2, f"{rpc}Request") else desk.register
    try:
        return str(await call(rpc, request))
    except errors.Failure as refusal:
        return str(refusal)


def located(rows: Iterable[Any]) -> list[int]:
    """The keys, as they are stored, that find somebody by where they are: their last byte is the code of their kind."""
    codes = {blocking.CODES[kind] for kind in blocking.LOCATED}
    return [row["key"] for row in rows if row["key"] & 255 in codes]


async def test_the_search_finds_what_is_there(house: House) -> None:
    person_id = await register_world.registered(house, canary(1))
    shown = await ask(house, KEY_WORKER, "GetPerson", identity_pb2.GetPersonRequest(person_id=person_id))
    assert {*OLD_LINES, BEFORE, OLD_PHONE} <= set(found_in(shown))
    traced = await ask(house, KEY_WORKER, *reads(person_id, 1)[4])
    assert "telephone number is the same" in traced
    history = await ask(house, KEY_WORKER, "GetPersonHistory", pb.GetPersonHistoryRequest(person_id=person_id))
    assert "bars/1" in history
    await register_world.restrict(house, person_id)
    history = await ask(house, KEY_WORKER, "GetPersonHistory", pb.GetPersonHistoryRequest(person_id=person_id))
    assert "bars/1" not in history
    assert 'field: "statements.source"' in history


async def test_every_call_as_everybody_and_all_that_is_written_holds_no_canary(
    house: House, exporter: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person_id = await hidden(house, 2)
    organisations = {actor.organisation_id: actor for actor in everybody() if actor.organisation_id}
    organisations.pop(STRANGER.organisation_id)
    for actor, kind in itertools.product(organisations.values(), KINDS):
        await house.relate(person_id, actor, kind)
    answered = {}
    for actor in everybody():
        for place, (rpc, request) in enumerate(reads(person_id, 2)):
            answered[actor.role, actor.organisation_id, actor.purpose, rpc, place] = await ask(
                house, actor, rpc, request
            )
    assert {case: leaks for case, text in answered.items() if (leaks := found_in(text))} == {}
    told = [text for text in answered.values() if person_id in text and somebody(2).name.family in text]
    assert len(told) > 100, "who it is, is answered to those who may know"
    for text in answered.values():
        assert "telephone number is" not in text
        assert "postcode is" not in text
    assert any('reason: "restricted"' in text for text in answered.values())

    for statement in ("SELECT encode(body, 'escape') AS text FROM outbox", "SELECT audit::text AS text FROM audit"):
        written = "".join(row["text"] for row in await house.rows(statement))
        assert found_in(written) == []
        assert person_id in written
    kept = await house.rows("SELECT encode(answer, 'escape') AS text FROM idempotency WHERE answer IS NOT NULL")
    assert found_in("".join(row["text"] for row in kept)) == []
    rows = await house.rows("SELECT key FROM blocking_key WHERE person_id = $1", person_id)
    assert rows
    assert located(rows) == []

    spans = "".join(f"{span.name} {span.details} {failure!r}" for span, failure in exporter.spans)
    assert "TracePerson" in spans
    assert found_in(spans) == []
    assert any("refused" in record.getMessage() for record in caplog.records)
    logged = "".join(f"{record.getMessage()} {record.args!r} {record.exc_text or ''}" for record in caplog.records)
    assert found_in(logged) == []


async def test_nobody_is_found_by_where_a_restricted_person_is_or_was(house: House) -> None:
    person_id = await hidden(house, 3)
    for postcode, phone in ((NOW, PHONE), (BEFORE, OLD_PHONE), (NOW.split(maxsplit=1)[0], "")):
        where = identity_pb2.Demographics(
            name=somebody(3).name, address=identity_pb2.Address(postcode=postcode), telephone=phone
        )
        found = await register_world.traced(house, where)
        assert (found.outcome, list(found.candidates)) == (identity_pb2.TRACE_OUTCOME_NONE, [])
    by_number = identity_pb2.Demographics(nhs_number=number(3), birth_date=somebody(3).birth_date)
    (candidate,) = (await register_world.traced(house, by_number)).candidates
    assert candidate.person_id == person_id


async def test_a_right_guess_is_answered_as_a_wrong_one(house: House) -> None:
    person_id = await hidden(house, 4)
    right = canary(4, lines=LINES, postcode=NOW, telephone=PHONE, nhs_number=number(4))
    wrong = canary(4, lines=["1 High Street"], postcode="EX31 1AA", telephone="01271 322577", nhs_number=number(4))
    for actor in (KEY_WORKER, STRANGER):
        assert await register_world.traced(house, right, actor) == await register_world.traced(house, wrong, actor)
    answers: list[Any] = []
    for guess in (right, wrong):
        request = identity_pb2.RegisterPersonRequest(demographics=guess, source="bars/9")
        answers.append(await Desk(house, HOSPITAL).identity("RegisterPerson", request))
    assert answers[0] == answers[1]
    assert answers[0].person_id == person_id
    version = answers[0].version
    for guess in (right, wrong):
        moving = pb.UpdatePersonRequest(
            person_id=person_id,
            version=version,
            demographics=identity_pb2.Demographics(address=guess.address),
            source="x",
        )
        version += 1
        assert (await Desk(house, KEY_WORKER).register("UpdatePerson", moving)).version == version


async def test_what_is_stated_while_somebody_is_restricted_makes_no_key(house: House) -> None:
    person_id = await hidden(house, 5)
    stated = canary(5, lines=["Later House"], postcode=LATER, nhs_number=number(5))
    request = identity_pb2.RegisterPersonRequest(demographics=stated, source="bars/2")
    assert (await Desk(house, HOSPITAL).identity("RegisterPerson", request)).person_id == person_id
    rows = await house.rows("SELECT key FROM blocking_key WHERE person_id = $1", person_id)
    assert located(rows) == []
    (row,) = await house.rows("SELECT other_postcodes FROM person WHERE id = $1", person_id)
    assert row["other_postcodes"] == [BEFORE, LATER]


async def test_lifting_restores_every_key_and_what_was_learnt_meanwhile(house: House) -> None:
    person_id = await register_world.registered(house, canary(6, nhs_number=number(6)))
    request = pb.UpdatePersonRequest(
        person_id=person_id,
        version=1,
        demographics=identity_pb2.Demographics(
            address=identity_pb2.Address(lines=LINES, postcode=NOW),
            telephone=PHONE,
            name=identity_pb2.Name(family="Featherstonehaugh"),
        ),
    )
    await Desk(house, KEY_WORKER).register("UpdatePerson", request)
    keys = "SELECT key FROM blocking_key WHERE person_id = $1"
    before = {row["key"] for row in await house.rows(keys, person_id)}
    await register_world.restrict(house, person_id)
    await register_world.restrict(house, person_id)
    between = {row["key"] for row in await house.rows(keys, person_id)}
    assert between < before
    await register_world.lift(house, person_id)
    assert before <= {row["key"] for row in await house.rows(keys, person_id)}
    shown = (await register_world.person(house, person_id)).demographics
    assert (shown.address.postcode, shown.telephone) == (NOW, PHONE)
    told = await house.events(events_pb2.PersonRestricted, person_id=person_id)
    lifted = await house.events(events_pb2.PersonUnrestricted, person_id=person_id)
    assert ([one.version for one in told], [one.version for one in lifted]) == ([1], [2])
    versions = [one.version for one in await house.events(events_pb2.PersonUpdated, person_id=person_id)]
    assert versions == [2, 3, 4]
    await register_world.restrict(house, person_id)


async def test_whoever_may_be_a_restricted_person_is_restricted_until_a_human_says(house: House) -> None:
    known = await hidden(house, 7)
    stated = canary(7, lines=LINES, postcode=NOW, telephone=PHONE)
    stated.birth_date = stated.birth_date[:4]
    request = identity_pb2.RegisterPersonRequest(demographics=stated, source="bars/3")
    answer = await Desk(house, HOSPITAL).identity("RegisterPerson", request)
    assert answer.outcome == identity_pb2.TRACE_OUTCOME_REVIEW, "otherwise this test shows nothing"
    assert answer.person_id != known
    shown = await register_world.person(house, answer.person_id, HOSPITAL)
    assert found_in(str(shown)) == []
    assert {mark.reason for mark in shown.withheld} == {"restricted"}
    assert await house.events(events_pb2.PersonRestricted, person_id=answer.person_id)
    rows = await house.rows("SELECT key FROM blocking_key WHERE person_id = $1", answer.person_id)
    assert located(rows) == []


async def test_a_suspicion_tells_no_longer_that_they_share_a_home(house: House) -> None:
    person_id = await register_world.registered(house, canary(8))
    reasons = ["family name is the same", "postcode is the same", "telephone number is the same"]
    insert = "INSERT INTO duplicate (person_id, other_person_id, score, reasons, suspected_at)"
    await house.rows(f"{insert} VALUES ($1, $2, 0.5, $3, now())", "other", person_id, reasons)
    await register_world.restrict(house, person_id)
    (row,) = await house.rows("SELECT reasons FROM duplicate WHERE other_person_id = $1", person_id)
    assert row["reasons"] == ["family name is the same"]


async def test_whoever_restricts_is_told_who_may_be_the_same_and_is_not_restricted(house: House) -> None:
    person_id = await register_world.registered(house, somebody(11, nhs_number=number(11)))
    stated = somebody(12, nhs_number=number(11))
    request = identity_pb2.RegisterPersonRequest(demographics=stated, source="bars/3")
    other = (await Desk(house, HOSPITAL).identity("RegisterPerson", request)).person_id
    assert other != person_id
    for restricted, told in ((person_id, [other]), (other, [])):
        asked = pb.RestrictPersonRequest(person_id=restricted, source="case/1", reason="a partner looks for her")
        answer = await Desk(house, LEAD).register("RestrictPerson", asked)
        assert list(answer.possibly_the_same) == told


async def test_learning_and_restricting_at_one_time_leave_no_key_behind(house: House) -> None:
    for seed in range(20, 26):
        person_id = await register_world.registered(house, somebody(seed, nhs_number=number(seed)))
        stated = canary(seed, nhs_number=number(seed))
        request = identity_pb2.RegisterPersonRequest(demographics=stated, source="bars/2")
        learning = [Desk(house, HOSPITAL).identity("RegisterPerson", request) for _ in range(2)]
        await asyncio.gather(*learning, register_world.restrict(house, person_id), return_exceptions=True)
        (row,) = await house.rows("SELECT restricted FROM person WHERE id = $1", person_id)
        if not row["restricted"]:
            await register_world.restrict(house, person_id)
        rows = await house.rows("SELECT key FROM blocking_key WHERE person_id = $1", person_id)
        assert located(rows) == []


async def test_who_may_restrict_and_who_may_end_it(house: House) -> None:
    person_id = await register_world.registered(house, canary(9))
    with pytest.raises(errors.NotFound):
        await register_world.restrict(house, person_id, STRANGER)
    with pytest.raises(errors.Denied):
        await register_world.restrict(house, person_id, HOSPITAL)
    await register_world.restrict(house, person_id, LEAD)
    with pytest.raises(errors.Denied):
        await register_world.lift(house, person_id, KEY_WORKER)
    shown = await register_world.person(house, person_id)
    assert {(mark.reason, mark.field) for mark in shown.withheld} == {
        ("restricted", "demographics.address.lines"),
        ("restricted", "demographics.address.postcode"),
        ("restricted", "demographics.telephone"),
    }
    (row,) = await house.rows("SELECT * FROM restriction_decision WHERE person_id = $1", person_id)
    assert (row["actor"], row["source"], row["reason"]) == ("practitioner:lead", "case/1", "a partner looks for her")
    (act,) = await house.rows(
        "SELECT * FROM audit WHERE action = 'person.restricted' AND subject = $1", f"person/{person_id}"
    )
    assert "partner" not in str(dict(act))
    request = pb.RestrictPersonRequest(person_id=person_id, source="case/1", reason=" ")
    with pytest.raises(errors.Invalid, match="reason"):
        await Desk(house, LEAD).register("RestrictPerson", request)


async def test_a_stranger_is_not_told_that_somebody_is_restricted(house: House) -> None:
    await hidden(house, 10)
    by_number = identity_pb2.Demographics(nhs_number=number(10), birth_date=somebody(10).birth_date)
    (candidate,) = (await register_world.traced(house, by_number, STRANGER)).candidates
    assert {mark.reason for mark in candidate.withheld} == {"no_relationship"}
