"""Where a restricted person is stays in identity: they are cared for, and the whole house is looked through."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from chassis.disclosure.whereabouts import MARK
from cli import encounter, log, target
from devstack import stack as local
from devstack.demo import cast, journey, mailbox, seeing
from devstack.loading import people as loading
from devstack.place.addresses import Address
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import gateway_pb2
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc, register_pb2, register_pb2_grpc
from tests import canaries
from tests.integration import register_world
from tests.span_collector import Collector
from tests.standing import Standing

pytestmark = [pytest.mark.kafka, pytest.mark.stack, pytest.mark.timeout(600)]

# Outward parts, lines and telephone numbers that stand nowhere else in the place.
ADDRESS = Address(("Canary Cottage", "Sparrowhawk Lane"), "QX41 7ZB")
MOVED_TO = Address(("Nightingale Barn", "Goldfinch Rise"), "QY52 8ZD")
PHONE = "01632 960451"
NUMBER = register_world.number(960451)
CANARIES = tuple(
    text.encode() for text in (*ADDRESS.lines, *MOVED_TO.lines, "QX41", "QY52", PHONE, "1632960451", "960451")
)
# What people write of it all the same, before or after: it stays where it was written, and is shown to nobody.
WRITTEN = "She is at 7 Kingfisher Street, QZ63 9ZE: ring 01632 960453, or wren@canary.example"
WORDS = tuple(text.encode() for text in ("Kingfisher", "QZ63", "01632 960453", "wren@canary"))
KEEP_WORDS = {("caseworker", "action"), ("caseworker", "chronology")}
PRACTICE = "surgery-fells"
# What of identity's own holds nothing of it, either.
KEYS = ("blocking_key", "united_key")
CLEAN = ("outbox", "audit", "idempotency", *KEYS, "duplicate", "restriction", "restriction_decision")
OTHERS = ("referrals", "caseworker", "notify", "governance", "insight", "gateway")


@dataclass
class Hidden:
    """What was seen of the journey of somebody whose whereabouts are protected."""

    story: journey.Journey
    referral_id: str
    case: caseworker_pb2.Case
    shown: identity_pb2.Person
    mails: Sequence[mailbox.Mail]


@pytest_asyncio.fixture(scope="module")
async def hidden(stack: Standing, house: target.House) -> Hidden:
    """She is registered at one address and restricted; then an A&E refers her from another, and agencies are asked."""
    story = journey.Journey(house, stack.place, stack.known)
    neighbour = list(stack.place.people())[9]
    born = datetime.date(1979, 4, 23)
    person = replace(
        neighbour,
        id=f"canary/{uuid.uuid4()}",
        nhs_number=NUMBER,
        given=("Wilhelmina", "Perpetua"),
        family="Thistlethwaite",
        birth_date=born,
        address=ADDRESS,
        phone=PHONE,
    )
    hospital = story.players.system("hospital")
    request = identity_pb2.RegisterPersonRequest(demographics=loading.demographics(person), source="canary/1")
    with hospital.acting(key=person.id):
        registered = await hospital.stub(identity_pb2_grpc.IdentityStub, "identity").RegisterPerson(request)
    story.person_id = story.known.people[person.id] = registered.person_id
    await _restrict(story)
    referred = await story.refer(replace(person, address=MOVED_TO))
    await story.accept(referred.referral)
    case = await story.case()
    asked = await story.ask_agencies(case)
    mails = [(await story.told(one)).mail for one in asked]
    mails.append(await _alerted(story))
    mails.append(await _written(story, case))
    return Hidden(story, referred.referral.referral_id, case, await story.person(story.key_worker), mails)


async def _written(story: journey.Journey, case: caseworker_pb2.Case) -> mailbox.Mail:
    """Her practice tells of a contact, and her key worker writes to her landlord and in a note where she is."""
    seen = gateway_pb2.Encounter(
        encounter_id=f"{story.key}/practice",
        person_id=story.person_id,
        encounter_class=gateway_pb2.ENCOUNTER_CLASS_PRIMARY_CARE,
    )
    seen.started_at.GetCurrentTime()
    await encounter.record(story.players.system(PRACTICE), seen)
    homes = story.place.organisations["homes"]
    asking = caseworker_pb2.AssignActionRequest(case_id=case.case_id, organisation_id=homes.id)
    asking.what.housing = WRITTEN
    note = caseworker_pb2.AddNoteRequest(case_id=case.case_id)
    note.note.safeguarding = WRITTEN
    stub = _caseworker(story.key_worker)
    with story.key_worker.caller.acting(key=f"{story.key}/note"):
        await stub.AddNote(note)
    with story.key_worker.caller.acting(key=f"{story.key}/write"):
        action = await stub.AssignAction(asking)

    async def arrived() -> mailbox.Mail | None:
        found = await story.mails.to(homes.secure_email)
        return next((one for one in found if f"/actions/{action.action_id}" in one.text), None)

    return await seeing.eventually(arrived, "mail about what was written", seconds=journey.MAIL_SECONDS)


def _caseworker(player: cast.Player) -> caseworker_pb2_grpc.CaseworkerAsyncStub:
    return player.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")


async def _alerted(story: journey.Journey) -> mailbox.Mail:
    """She is in A&E again, and her key worker is told."""
    message = gateway_pb2.Encounter(
        encounter_id=f"{story.key}/attendance",
        person_id=story.person_id,
        encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
    )
    message.started_at.GetCurrentTime()
    address = story.key_worker.practitioner.email
    before = {mail.id for mail in await story.mails.to(address)}
    await encounter.record(story.players.system("hospital"), message)

    async def arrived() -> mailbox.Mail | None:
        found = await story.mails.to(address)
        return next((one for one in found if one.id not in before and "crisis alert" in one.subject), None)

    return await seeing.eventually(arrived, "a crisis alert", seconds=journey.MAIL_SECONDS)


async def _restrict(story: journey.Journey) -> None:
    lead: cast.Player = story.players.overseer("community")
    request = register_pb2.RestrictPersonRequest(
        person_id=story.person_id, source="canary/2", reason="somebody looks for her"
    )
    with lead.caller.acting(key=f"{story.key}/restrict"):
        answer = await lead.caller.stub(register_pb2_grpc.RegisterStub, "identity").RestrictPerson(request)
    assert answer.restricted


def leaks(content: bytes, texts: Sequence[bytes] = (*CANARIES, *WORDS)) -> list[str]:
    """Where in a content canaries stand."""
    found = ((number, canaries.place(text, content)) for number, text in enumerate(texts))
    return [f"canary {number} at byte {place}" for number, place in found if place >= 0]


async def _seen_at_practice(story: journey.Journey) -> caseworker_pb2.ChronologyEntry | None:
    entries = await story.chronology()
    return next((one for one in entries if one.narrative.health == "Seen in general practice"), None)


async def _tables(service: str, stack: Standing) -> dict[str, bytes]:
    """Every table of a service's database, as text."""
    url = local.environment(service, stack.root)["JOINEDUP_MIGRATION_DATABASE_URL"]
    connection = await asyncpg.connect(url, server_settings={"joinedup.actor_kind": "service"})
    try:
        names = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = {}
        for (name,) in names:
            rows = await connection.fetch(f'SELECT "{name}"::text AS row FROM "{name}"')
            found[name] = "\n".join(row["row"] for row in rows).encode()
        return found
    finally:
        await connection.close()


async def test_she_is_known_by_name_and_nobody_is_shown_where_she_is(hidden: Hidden) -> None:
    known = hidden.shown.demographics
    assert (known.name.family, known.birth_date) == ("Thistlethwaite", "1979-04-23")
    assert not known.HasField("address")
    assert not known.telephone
    assert {(mark.field, mark.reason) for mark in hidden.shown.withheld} == {
        ("demographics.address.lines", "restricted"),
        ("demographics.address.postcode", "restricted"),
        ("demographics.telephone", "restricted"),
    }


async def test_no_mail_tells_where_she_is(hidden: Hidden) -> None:
    assert len(hidden.mails) > 3
    assert [leak for mail in hidden.mails for leak in leaks(f"{mail.subject}\n{mail.text}".encode())] == []
    assert f"She is at {MARK}: ring {MARK}, or {MARK}" in hidden.mails[-1].text


async def test_nobody_is_shown_what_was_written_of_it_or_which_practice_saw_her(hidden: Hidden) -> None:
    story, case_id, person_id = hidden.story, hidden.case.case_id, hidden.story.person_id
    landlord = story.players.member("tenancy", "partner")
    page = common_pb2.PageRequest(size=200)
    for player in (story.key_worker, landlord):
        stub = _caseworker(player)

        async def told(player: cast.Player = player, stub: Any = stub) -> str | None:
            with player.caller.acting():
                entries = await stub.ListChronology(
                    caseworker_pb2.ListChronologyRequest(person_id=person_id, page=page)
                )
                actions = await stub.ListActions(caseworker_pb2.ListActionsRequest(case_id=case_id, page=page))
                shown = f"{entries}{actions}{await stub.GetCase(caseworker_pb2.GetCaseRequest(case_id=case_id))}"
            return shown if "contact_with.health" in shown and MARK in shown else None

        shown = await seeing.eventually(told, "the contact and the words in the chronology", seconds=60)
        assert leaks(shown.encode()) == []
        assert story.place.organisations[PRACTICE].name not in shown
    held = await seeing.eventually(lambda: _seen_at_practice(story), "the contact with her practice", seconds=60)
    assert not held.HasField("contact_with")


async def test_no_topic_tells_where_she_is(hidden: Hidden, stack: Standing) -> None:
    config = target.find(stack.root).config
    names = [name for name in await log.topics(config, everything=True) if not name.startswith("__")]
    found, about_her = [], 0
    async for record in log.read(config, names):
        headers = b"\n".join(name.encode() + b"=" + (value or b"") for name, value in record.headers)
        content = b"\n".join([headers, record.key or b"", record.value or b""])
        about_her += hidden.story.person_id.encode() in content
        found += [f"{record.topic}/{record.partition}/{record.offset}: {leak}" for leak in leaks(content)]
    assert found == []
    assert about_her > 10


async def test_identity_keeps_it_and_no_other_database_does(hidden: Hidden, stack: Standing) -> None:
    kept = await _tables("identity", stack)
    assert leaks(kept["statement"]), "otherwise this search finds nothing anywhere"
    assert {name: leaks(kept[name]) for name in CLEAN if leaks(kept[name])} == {}
    for service in OTHERS:
        tables = await _tables(service, stack)
        assert {name: found for name, content in tables.items() if (found := leaks(content, CANARIES))} == {}, service
        written = {(service, name) for name, content in tables.items() if leaks(content, WORDS)}
        assert written == {place for place in KEEP_WORDS if place[0] == service}, "kept where it was written"
    assert hidden.referral_id.encode() in (await _tables("referrals", stack))["referral"]


def test_no_log_file_tells_where_she_is(hidden: Hidden, stack: Standing) -> None:
    found = {file.name: leaks(file.read_bytes()) for file in sorted((stack.root / "logs").glob("*.log"))}
    assert {"identity.log", "gateway.log", "postgres.log"} <= set(found)
    assert {name: leaked for name, leaked in found.items() if leaked} == {}


async def test_no_span_tells_where_she_is(hidden: Hidden, collector: Collector) -> None:
    assert hidden.referral_id
    assert leaks(collector.everything()) == []
