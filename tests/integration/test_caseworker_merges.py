"""Cases and chronologies of people who were merged: answered by either id, and assigned once they are two again."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chassis import errors, work
from chassis.disclosure import merges
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.caseworker.v1 import assignments_pb2, events_pb2
from joinedup.caseworker.v1 import caseworker_pb2 as pb
from joinedup.caseworker.v1.assignments_pb2_grpc import AssignmentsStub
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.gateway.v1 import gateway_pb2
from joinedup.governance.v1 import directory_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.caseworker import __main__ as caseworker
from services.caseworker import clients, policy
from services.caseworker.settings import Settings
from services.caseworker.tables import Table
from tests.integration import service_house
from tests.integration.service_house import House
from tests.integration.test_caseworker_reach import KAY, LANDLORD, NOTE, REACTIONS, STRANGER, call
from tests.integration.test_caseworker_restricted import restrict

STEWARD = replace(STRANGER, subject="practitioner:steward", role="data_quality", purpose="administration")


class Referrals:
    """Answers what referrals is asked when a case is opened by hand: that the team has accepted one of this person."""

    person_id = ""

    async def GetReferral(self, request: referrals_pb2.GetReferralRequest) -> referrals_pb2.Referral:  # noqa: N802
        """An accepted referral."""
        return referrals_pb2.Referral(
            referral_id=request.referral_id,
            person_id=self.person_id,
            status=referrals_pb2.STATUS_ACCEPTED,
            organisation_id="trust",
            team_id="complex",
            key_worker_id="kay",
        )


REFERRALS = Referrals()


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Caseworker; the NHS may know everything, the others nothing."""
    peers = clients.Peers(referrals=REFERRALS)  # type: ignore[arg-type]  # one call of it is made
    async with service_house.house(
        database,
        tmp_path_factory.mktemp("trusted"),
        Settings,
        lambda config: caseworker.services(config, peers),
        answers=policy.answers(),
    ) as running:
        everything = service_house.rule(*service_house.EVERYTHING, sectors=[common_pb2.SECTOR_NHS])
        await running.agree(service_house.agreement(everything))
        for name in ("homes", "trust"):
            organisation = directory_pb2.Organisation(id=name, name=name.title())
            await running.handle(REACTIONS, governance_events.OrganisationRegistered(organisation=organisation))
        yield running


def two() -> tuple[str, str]:
    return str(uuid.uuid4()), str(uuid.uuid4())


async def keep(house: House, spell: merges.Spell) -> merges.Spell:
    """Follow a merge, or its end, as the projection does."""
    async with work.unit(house.database, house.actor, service="caseworker") as unit:
        await merges.keep(unit.session, spell)
    return spell


async def merged(house: House, surviving: str, gone: str) -> merges.Spell:
    """Two ids stand for one person from just now."""
    return await keep(house, merges.Spell(str(uuid.uuid4()), surviving, gone, datetime.now(UTC)))


async def unmerged(house: House, spell: merges.Spell) -> merges.Spell:
    """And no longer."""
    return await keep(house, replace(spell, unmerged_at=datetime.now(UTC)))


async def accepted(house: House, person_id: str, key_worker: str = "kay") -> str:
    """Kay's team accepts a referral of somebody; its id."""
    event = referral_events.ReferralStatusChanged(
        referral_id=str(uuid.uuid4()),
        version=2,
        person_id=person_id,
        status=referrals_pb2.STATUS_ACCEPTED,
        organisation_id="trust",
        team_id="complex",
        key_worker_id=key_worker,
    )
    event.changed_at.GetCurrentTime()
    await house.handle(REACTIONS, event)
    return event.referral_id


async def attended(house: House, person_id: str) -> None:
    """Somebody came to A&E just now."""
    event = gateway_events.EncounterRecorded(
        encounter_id=str(uuid.uuid4()),
        person_id=person_id,
        encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
        organisation_id="trust",
    )
    event.started_at.GetCurrentTime()
    await house.handle(REACTIONS, event)


async def case_of(house: House, person_id: str) -> pb.Case:
    found = await call(house, "GetCase", pb.GetCaseRequest(person_id=person_id), KAY)
    assert isinstance(found, pb.Case)
    return found


async def titles(house: House, person_id: str) -> list[str]:
    """The chronology by this id, oldest first."""
    found = await call(house, "ListChronology", pb.ListChronologyRequest(person_id=person_id), KAY)
    return [entry.title for entry in reversed(found.entries)]


async def ask(house: House, name: str, request: object, actor: object = STEWARD) -> object:
    with acting(actor, idempotency_key=str(uuid.uuid4())):  # type: ignore[arg-type]
        return await getattr(house.channels.stub(AssignmentsStub, "caseworker"), name)(request)


async def alerts(house: House, *people: str) -> list[tuple[str, str]]:
    """Whom alerts about these people were raised to, each with the id that the case stands under."""
    told = await house.events(events_pb2.CrisisAlertRaised)
    return [(alert.key_worker_id, alert.person_id) for alert in told if alert.person_id in people]


async def test_a_case_and_its_chronology_are_found_by_either_id_while_they_are_merged(house: House) -> None:
    kept, gone = two()
    await accepted(house, gone)
    with pytest.raises(errors.NotFound):
        await case_of(house, kept)
    spell = await merged(house, kept, gone)
    assert (await case_of(house, kept)).case_id == (await case_of(house, gone)).case_id
    assert await titles(house, kept) == await titles(house, gone) != []
    request = pb.ListCaseloadRequest(person_ids=[kept])
    assert len((await call(house, "ListCaseload", request, KAY)).cases) == 1
    await unmerged(house, spell)
    with pytest.raises(errors.NotFound):
        await case_of(house, kept)
    with pytest.raises(errors.NotFound):
        await titles(house, kept)


async def test_a_crisis_under_one_id_reaches_the_key_worker_of_the_case_under_the_other(house: House) -> None:
    kept, gone = two()
    await accepted(house, kept)
    await attended(house, gone)
    assert await alerts(house, kept, gone) == []
    await merged(house, kept, gone)
    await attended(house, gone)
    assert await alerts(house, kept, gone) == [("kay", kept)]


async def test_both_key_workers_of_somebody_merged_with_two_cases_are_alerted(house: House) -> None:
    kept, gone = two()
    await accepted(house, kept)
    await accepted(house, gone, "ken")
    await merged(house, kept, gone)
    await attended(house, gone)
    assert sorted(await alerts(house, kept, gone)) == [("kay", kept), ("ken", gone)]


async def test_a_second_case_under_the_other_id_is_a_conflict_and_a_referral_joins_the_one_there_is(
    house: House,
) -> None:
    kept, gone = two()
    await accepted(house, kept)
    case = await case_of(house, kept)
    await merged(house, kept, gone)
    REFERRALS.person_id = gone
    with pytest.raises(errors.Conflict, match=f"also known as {kept}, and has the open case {case.case_id}"):
        await call(house, "OpenCase", pb.OpenCaseRequest(referral_id=str(uuid.uuid4()), key_worker_id="kay"), KAY)
    await accepted(house, gone)
    rows = await house.rows("SELECT case_id FROM support_case WHERE person_id = ANY($1)", [kept, gone])
    assert [row["case_id"] for row in rows] == [case.case_id]
    assert "A further accepted referral joins this case" in await titles(house, gone)


async def test_whoever_helps_nobody_is_not_told_who_helps_a_restricted_person(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await accepted(house, kept)
    await restrict(house, kept)
    listing = assignments_pb2.ListCasesSinceMergeRequest(merge_id=spell.merge_id)
    listed = await ask(house, "ListCasesSinceMerge", listing)
    assert isinstance(listed, assignments_pb2.ListCasesSinceMergeResponse)
    (one,) = listed.cases
    assert (one.key_worker_id, [mark.field for mark in one.withheld]) == ("", ["key_worker_id"])


async def test_a_case_opened_meanwhile_is_listed_and_assigned_with_all_that_belongs_to_it(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    referral_id = await accepted(house, kept)
    case = await case_of(house, kept)
    action = pb.AssignActionRequest(case_id=case.case_id, organisation_id="homes", what=NOTE)
    action_id = (await call(house, "AssignAction", action, KAY)).action_id
    listed = await ask(
        house, "ListCasesSinceMerge", assignments_pb2.ListCasesSinceMergeRequest(merge_id=spell.merge_id)
    )
    assert isinstance(listed, assignments_pb2.ListCasesSinceMergeResponse)
    assert [(one.case_id, one.person_id) for one in listed.cases] == [(case.case_id, kept)]
    assert (listed.cases[0].key_worker_id, list(listed.cases[0].withheld)) == (KAY.practitioner_id, [])
    version = listed.cases[0].version
    request = assignments_pb2.AssignCaseRequest(
        case_id=case.case_id, version=version, merge_id=spell.merge_id, person_id=gone
    )
    with pytest.raises(errors.Conflict, match="stands"):
        await ask(house, "AssignCase", request)

    await unmerged(house, spell)
    with pytest.raises(errors.NotFound):
        await ask(house, "AssignCase", request, LANDLORD)
    await house.relate(gone, LANDLORD, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER)
    with pytest.raises(errors.Denied):
        await ask(house, "AssignCase", request, LANDLORD)
    answer = await ask(house, "AssignCase", request)
    assert isinstance(answer, assignments_pb2.AssignCaseResponse)
    assert (answer.version, answer.person_id) == (version + 1, gone)
    assert (await case_of(house, gone)).case_id == case.case_id
    for table in ("support_case", "case_partner", "plan", "action"):
        people = await house.rows(f"SELECT DISTINCT person_id FROM {table} WHERE case_id = $1", case.case_id)
        assert [row["person_id"] for row in people] == [gone], table
    assert {"Case opened with a key worker", "Action assigned"} <= set(await titles(house, gone))
    with pytest.raises(errors.NotFound):
        await case_of(house, kept)
    found = await call(house, "GetAction", pb.GetActionRequest(action_id=action_id), KAY)
    assert found.person_id == gone
    rows = await house.rows("SELECT * FROM relationship WHERE source = $1", f"case/{case.case_id}")
    assert {(row["person_id"], row["organisation_id"], row["valid_to"] is None) for row in rows} == {
        (kept, "trust", False),
        (kept, "homes", False),
        (gone, "trust", True),
        (gone, "homes", True),
    }
    (told,) = await house.events(events_pb2.CaseAssigned, case_id=case.case_id)
    assert (told.version, told.person_id, told.former_person_id) == (version + 1, gone, kept)

    # The referral's own entries follow the referral.
    followed = referral_events.ReferralAssigned(
        referral_id=referral_id, version=3, person_id=gone, former_person_id=kept, merge_id=spell.merge_id
    )
    for _ in range(2):
        await house.handle(REACTIONS, followed)
    assert "Referral accepted" in await titles(house, gone)


async def test_a_case_is_not_assigned_to_somebody_who_has_one(house: House) -> None:
    kept, gone = two()
    spell = await merged(house, kept, gone)
    await accepted(house, kept)
    case = await case_of(house, kept)
    await unmerged(house, spell)
    await accepted(house, gone)
    request = assignments_pb2.AssignCaseRequest(
        case_id=case.case_id, version=case.version, merge_id=spell.merge_id, person_id=gone
    )
    with pytest.raises(errors.Conflict, match="open case of their own"):
        await ask(house, "AssignCase", request)


async def test_an_entry_that_came_in_meanwhile_is_listed_and_assigned(house: House) -> None:
    kept, gone = two()
    await accepted(house, kept)
    await accepted(house, gone)
    await attended(house, kept)
    spell = await merged(house, kept, gone)
    await attended(house, kept)
    await unmerged(house, spell)
    listing = assignments_pb2.ListEntriesSinceMergeRequest(merge_id=spell.merge_id)
    listed = await ask(house, "ListEntriesSinceMerge", listing)
    assert isinstance(listed, assignments_pb2.ListEntriesSinceMergeResponse)
    (entry,) = [one for one in listed.entries if one.kind == pb.CHRONOLOGY_KIND_ENCOUNTER]
    before = await titles(house, gone)
    request = assignments_pb2.AssignEntryRequest(entry_id=entry.entry_id, merge_id=spell.merge_id, person_id=gone)
    with pytest.raises(errors.NotFound):
        await ask(house, "AssignEntry", request, STRANGER)
    # Kay holds the cases of both.
    await ask(house, "AssignEntry", request, KAY)
    assert sorted(await titles(house, gone)) == sorted([*before, "Contact with a service"])
    (told,) = await house.events(events_pb2.ChronologyEntryAssigned, entry_id=entry.entry_id)
    assert (told.version, told.person_id, told.former_person_id) == (2, gone, kept)
    assert told.source.startswith("encounter/trust/")
    again = await ask(house, "AssignEntry", request)
    assert isinstance(again, assignments_pb2.AssignEntryResponse)
    assert len(await house.events(events_pb2.ChronologyEntryAssigned, entry_id=entry.entry_id)) == 1

    earlier = await house.rows(
        "SELECT entry_id FROM chronology WHERE person_id = $1 AND kind = $2", kept, pb.CHRONOLOGY_KIND_ENCOUNTER
    )
    request.entry_id = earlier[0]["entry_id"]
    with pytest.raises(errors.Conflict, match="was not made while"):
        await ask(house, "AssignEntry", request)


async def test_the_tables_are_as_the_migrations_make_them(house: House) -> None:
    assert await service_house.drift(house, Table.metadata) == []
