"""Governance on a real PostgreSQL: the ledger holds and betrays tampering, agreements never change, lists find."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from chassis import auth, errors
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2, events_pb2, governance_pb2
from joinedup.governance.v1.governance_pb2_grpc import DirectoryStub, GovernanceStub
from joinedup.options.v1 import options_pb2
from services.governance import __main__ as governance
from services.governance import consumers, said, store
from services.governance.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House

OPERATOR = auth.Actor(subject="operator:tests", kind=auth.Kind.OPERATOR, role="operator", purpose="administration")
LEAD = auth.Actor(
    subject="practitioner:lead",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="council",
    sector=auth.Sector.COUNCIL,
    role="ig_lead",
    practitioner_id="lead",
    purpose="audit",
)


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Governance with an empty ledger."""
    async with service_house.house(
        database, tmp_path_factory.mktemp("trusted"), Settings, governance.services
    ) as running:
        yield running


def disclosure(person_id: str, organisation_id: str = "housing") -> events_pb2.DisclosureRecorded:
    event = events_pb2.DisclosureRecorded(
        disclosure_id=str(uuid.uuid4()),
        person_id=person_id,
        organisation_id=organisation_id,
        outcome=events_pb2.DISCLOSURE_OUTCOME_RELEASED,
    )
    event.at.GetCurrentTime()
    return event


async def record(house: House, *events: events_pb2.DisclosureRecorded) -> None:
    for event in events:
        await house.handle(consumers.HANDLERS, event)


async def verify(house: House) -> governance_pb2.VerifyLedgerResponse:
    with acting(LEAD):
        stub = house.channels.stub(GovernanceStub, "governance")
        return await stub.VerifyLedger(governance_pb2.VerifyLedgerRequest())


async def looked(
    house: House, person_id: str, size: int = 25, token: str = ""
) -> governance_pb2.ListDisclosuresResponse:
    request = governance_pb2.ListDisclosuresRequest(
        person_id=person_id, page=common_pb2.PageRequest(size=size, token=token)
    )
    with acting(LEAD):
        return await house.channels.stub(GovernanceStub, "governance").ListDisclosures(request)


async def test_every_disclosure_is_one_link_however_often_it_comes(house: House) -> None:
    event = disclosure("p1")
    await record(house, event, event, disclosure("p1"))
    answer = await looked(house, "p1")
    assert answer.page.total == 2
    assert {entry.disclosure.disclosure_id for entry in answer.entries} >= {event.disclosure_id}
    assert (await verify(house)).intact


async def test_writers_at_the_same_moment_make_one_chain(house: House) -> None:
    await asyncio.gather(*(record(house, disclosure(f"c{number}")) for number in range(12)))
    answer = await verify(house)
    assert answer.intact
    assert answer.entries >= 12


async def test_a_chain_that_grows_meanwhile_is_not_taken_for_a_broken_one(house: House) -> None:
    async def write() -> None:
        for _ in range(40):
            await record(house, disclosure("busy"))

    writing = asyncio.create_task(write())
    verified = [await verify(house) for _ in range(12)]
    await writing
    assert all(answer.intact for answer in verified)
    assert (await verify(house)).entries >= verified[-1].entries


async def test_a_link_put_behind_the_end_is_found(house: House) -> None:
    last = (await house.rows("SELECT * FROM ledger ORDER BY sequence DESC LIMIT 1"))[0]
    forged = {**last, "sequence": last["sequence"] + 1, "disclosure_id": "forged", "previous_hash": last["hash"]}
    places = ", ".join(f"${index}" for index in range(1, len(forged) + 1))
    await house.rows(f"INSERT INTO ledger ({', '.join(forged)}) VALUES ({places})", *forged.values())
    answer = await verify(house)
    assert not answer.intact
    assert answer.broken_at == forged["sequence"]
    await house.rows("DELETE FROM ledger WHERE disclosure_id = 'forged'")
    assert (await verify(house)).intact


async def test_the_newest_come_first_and_pages_do_not_repeat(house: House) -> None:
    await record(house, *(disclosure("paged") for _ in range(5)))
    first = await looked(house, "paged", size=2)
    second = await looked(house, "paged", size=2, token=first.page.next_token)
    third = await looked(house, "paged", size=2, token=second.page.next_token)
    sequences = [entry.sequence for page in (first, second, third) for entry in page.entries]
    assert sequences == sorted(sequences, reverse=True)
    assert len(set(sequences)) == 5
    assert third.page.next_token == ""


async def test_the_application_role_can_neither_change_nor_remove_an_entry(house: House) -> None:
    connection = await asyncpg.connect(house.where.app_url, server_settings={"joinedup.actor_kind": "service"})
    try:
        for statement in ("UPDATE ledger SET body = ''", "DELETE FROM ledger", "TRUNCATE ledger"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_tampering_by_the_owner_is_found(house: House) -> None:
    await record(house, *(disclosure("tampered") for _ in range(3)))
    assert (await verify(house)).intact
    middle = (await looked(house, "tampered")).entries[1].sequence
    await house.rows("UPDATE ledger SET body = body || '\\x00' WHERE sequence = $1", middle)
    answer = await verify(house)
    assert not answer.intact
    assert answer.broken_at == middle
    await house.rows("UPDATE ledger SET body = substr(body, 1, length(body) - 1) WHERE sequence = $1", middle)
    assert (await verify(house)).intact


async def test_an_end_that_was_cut_off_is_found(house: House) -> None:
    await record(house, disclosure("cut"))
    last = (await house.rows("SELECT * FROM ledger ORDER BY sequence DESC LIMIT 1"))[0]
    await house.rows("DELETE FROM ledger WHERE sequence = $1", last["sequence"])
    answer = await verify(house)
    assert not answer.intact
    assert answer.broken_at == last["sequence"]
    columns = ", ".join(last.keys())
    places = ", ".join(f"${index}" for index in range(1, len(last) + 1))
    await house.rows(f"INSERT INTO ledger ({columns}) VALUES ({places})", *last.values())
    assert (await verify(house)).intact


def agreement(version: int = 1, basis: str = "UK GDPR 6(1)(e)") -> events_pb2.Agreement:
    rule = service_house.rule(options_pb2.DATA_CLASS_IDENTIFYING, sectors=[common_pb2.SECTOR_HOUSING])
    rule.lawful_basis = basis
    return events_pb2.Agreement(
        id="north-moor", version=version, title="North Moor", valid_from=Timestamp(seconds=1577836800), rules=[rule]
    )


async def publish(house: House, made: events_pb2.Agreement) -> bool:
    with acting(OPERATOR, idempotency_key=str(uuid.uuid4())):
        stub = house.channels.stub(GovernanceStub, "governance")
        answer = await stub.PublishAgreement(governance_pb2.PublishAgreementRequest(agreement=made))
    return answer.published


async def test_a_published_version_never_changes(house: House) -> None:
    assert await publish(house, agreement())
    assert not await publish(house, agreement())
    with pytest.raises(errors.Conflict):
        await publish(house, agreement(basis="because"))
    assert await publish(house, agreement(version=2, basis="because"))
    told = await house.events(events_pb2.AgreementPublished)
    assert [event.agreement.version for event in told] == [1, 2]


async def test_only_the_newest_version_is_in_force(house: House) -> None:
    await publish(house, agreement(version=3))
    with acting(LEAD):
        stub = house.channels.stub(GovernanceStub, "governance")
        answer = await stub.ListAgreements(governance_pb2.ListAgreementsRequest(in_force=True))
    assert [(found.id, found.version) for found in answer.agreements if found.id == "north-moor"] == [("north-moor", 3)]


async def test_an_unsound_agreement_is_refused_by_field(house: House) -> None:
    unsound = agreement()
    unsound.rules[0].lawful_basis = ""
    with pytest.raises(errors.Invalid) as refused:
        await publish(house, unsound)
    assert refused.value.violations[0].field == "agreement.rules[0].lawful_basis"


async def test_whoever_lacks_the_permission_is_denied(house: House) -> None:
    caseworker = replace(LEAD, role="caseworker")
    with acting(caseworker), pytest.raises(errors.Denied):
        await house.channels.stub(GovernanceStub, "governance").VerifyLedger(governance_pb2.VerifyLedgerRequest())


async def test_the_directory_keeps_what_changed_and_finds_by_part_of_a_name(house: House) -> None:
    request = directory_pb2.RegisterDirectoryRequest(
        organisations=[
            directory_pb2.Organisation(
                id="h1", ods_code="ZZ1", name="North Moor Homes", sector=common_pb2.SECTOR_HOUSING
            ),
            directory_pb2.Organisation(id="p1", name="Westhaven Police", sector=common_pb2.SECTOR_POLICE),
        ],
        practitioners=[
            directory_pb2.Practitioner(
                id="dee",
                name="Dee Okafor",
                email="dee@homes.example",
                roles=[directory_pb2.PractitionerRole(organisation_id="h1", role="partner")],
            )
        ],
    )
    stub = house.channels.stub(DirectoryStub, "governance")
    changes = []
    for _ in range(2):
        with acting(OPERATOR, idempotency_key=str(uuid.uuid4())):
            changes.append((await stub.RegisterDirectory(request)).changed)
    request.organisations[0].name = "North Moor Homes and Hostels"
    with acting(OPERATOR, idempotency_key=str(uuid.uuid4())):
        changes.append((await stub.RegisterDirectory(request)).changed)
    assert changes == [3, 0, 1]
    with acting(LEAD):
        found = await stub.ListOrganisations(directory_pb2.ListOrganisationsRequest(search="hostel"))
        people = await stub.ListPractitioners(directory_pb2.ListPractitionersRequest(organisation_id="h1"))
    assert [organisation.id for organisation in found.organisations] == ["h1"]
    assert [practitioner.name for practitioner in people.practitioners] == ["Dee Okafor"]


async def test_no_name_of_a_practitioner_is_told(house: House) -> None:
    rows = await house.rows("SELECT body FROM outbox WHERE type = 'joinedup.governance.v1.PractitionerRoleAssigned'")
    assert rows
    assert all(b"Okafor" not in row["body"] for row in rows)


async def test_the_tables_are_those_that_the_code_declares(house: House) -> None:
    assert said.DecisionAssignmentRow.metadata is store.Table.metadata
    assert await service_house.drift(house, store.Table.metadata) == []
