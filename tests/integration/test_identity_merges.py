"""Merging two records and taking it back, through the real server on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from chassis import auth, errors
from chassis.disclosure import projections
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.identity.v1 import events_pb2, identity_pb2, merges_pb2
from joinedup.identity.v1.identity_pb2_grpc import IdentityStub
from joinedup.identity.v1.merges_pb2_grpc import MergesStub
from tests.integration.identity_merging import STEWARD, add, listed, merge, one, opened, unmerge
from tests.integration.service_house import House
from tests.integration.test_identity_register import HOSPITAL, OFFICER, get, number, register, somebody, trace

NURSE = replace(
    HOSPITAL, subject="practitioner:nurse", kind=auth.Kind.PRACTITIONER, role="caseworker", practitioner_id="nurse"
)
REVIEWER = replace(STEWARD, role="identity_steward", purpose="data_quality")
MATCH = identity_pb2.TRACE_OUTCOME_MATCH


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity with its merges."""
    async with opened(database, tmp_path_factory.mktemp("trusted")) as running:
        yield running


async def test_both_ids_are_answered_as_the_one_who_survives(house: House) -> None:
    kept = await add(house, somebody(1, nhs_number=number(1)))
    gone = await add(house, somebody(2))
    for person_id in (kept, gone):
        await house.relate(person_id, HOSPITAL, common_pb2.RELATIONSHIP_KIND_REFERRER)
    made = await merge(house, kept, gone)

    found = await get(house, gone, HOSPITAL)
    assert (found.person_id, found.surviving_person_id) == (gone, kept)
    assert found.demographics.name == somebody(1).name
    survivor = await get(house, kept, HOSPITAL)
    assert (survivor.person_id, survivor.surviving_person_id) == (kept, "")
    with acting(HOSPITAL):
        asked = identity_pb2.GetPeopleRequest(person_ids=[gone, kept])
        people = (await house.channels.stub(IdentityStub, "identity").GetPeople(asked)).people
    assert [(person.person_id, person.demographics) for person in people] == [
        (gone, survivor.demographics),
        (kept, survivor.demographics),
    ]

    await unmerge(house, made.merge_id)
    again = await get(house, gone, HOSPITAL)
    assert (again.surviving_person_id, again.demographics.name) == ("", somebody(2).name)


async def test_whoever_knows_one_id_knows_the_other_while_they_are_merged_and_no_longer(house: House) -> None:
    kept, gone = await add(house, somebody(3)), await add(house, somebody(4))
    await house.relate(kept, OFFICER, common_pb2.RELATIONSHIP_KIND_REFERRER)
    await house.relate(gone, HOSPITAL, common_pb2.RELATIONSHIP_KIND_REFERRER)
    for stranger, person_id in ((OFFICER, gone), (HOSPITAL, kept)):
        with pytest.raises(errors.NotFound):
            await get(house, person_id, stranger)

    made = await merge(house, kept, gone)
    for actor in (OFFICER, HOSPITAL):
        for person_id in (kept, gone):
            assert (await get(house, person_id, actor)).person_id == person_id

    await unmerge(house, made.merge_id)
    for stranger, person_id in ((OFFICER, gone), (HOSPITAL, kept)):
        with pytest.raises(errors.NotFound):
            await get(house, person_id, stranger)


async def test_a_refusal_under_one_id_holds_under_both_while_they_are_merged(house: House) -> None:
    kept, gone = await add(house, somebody(5)), await add(house, somebody(6))
    await house.relate(kept, HOSPITAL, common_pb2.RELATIONSHIP_KIND_REFERRER)
    await _refuse(house, gone)
    assert (await get(house, kept, HOSPITAL)).demographics.name.family
    made = await merge(house, kept, gone)
    withheld = await get(house, kept, HOSPITAL)
    assert not withheld.demographics.name.family
    assert "refused_by_person" in {marker.reason for marker in withheld.withheld}
    await unmerge(house, made.merge_id)
    assert (await get(house, kept, HOSPITAL)).demographics.name.family


async def _refuse(house: House, person_id: str) -> None:
    await house.rows(
        "INSERT INTO sharing_decision (person_id, sector, refused, decided_at, version)"
        " VALUES ($1, $2, true, now(), 1)",
        person_id,
        common_pb2.SECTOR_NHS,
    )


async def test_a_trace_of_either_record_finds_the_one_who_survives_and_never_a_tie(house: House) -> None:
    first, second = somebody(10), somebody(10, given="Wilhelmina", telephone="01271 322579")
    kept, gone = await add(house, first), await add(house, second)
    made = await merge(house, kept, gone)
    for stated in (first, second):
        found = await trace(house, stated)
        assert (found.outcome, found.candidates[0].person_id) == (MATCH, kept)
        assert kept not in [candidate.person_id for candidate in found.candidates[1:]]
        assert gone not in [candidate.person_id for candidate in found.candidates]
    await unmerge(house, made.merge_id)
    assert (await trace(house, second)).candidates[0].person_id == gone


async def test_two_like_records_are_a_doubt_and_merged_they_are_none(house: House) -> None:
    twice = somebody(11)
    kept, gone = await add(house, twice), await add(house, twice)
    assert (await trace(house, twice)).outcome == identity_pb2.TRACE_OUTCOME_REVIEW
    made = await merge(house, kept, gone)
    found = await trace(house, twice)
    assert (found.outcome, found.candidates[0].person_id, len(found.candidates)) == (MATCH, kept, 1)
    await unmerge(house, made.merge_id)
    assert (await trace(house, twice)).outcome == identity_pb2.TRACE_OUTCOME_REVIEW


async def test_no_number_moves_and_the_survivor_without_one_answers_with_the_other(house: House) -> None:
    kept, gone = await add(house, somebody(12)), await add(house, somebody(13, nhs_number=number(13)))
    await house.relate(kept, HOSPITAL, common_pb2.RELATIONSHIP_KIND_REFERRER)
    made = await merge(house, kept, gone)
    assert (await get(house, kept, HOSPITAL)).demographics.nhs_number == number(13)
    by_number = identity_pb2.Demographics(nhs_number=number(13), birth_date=somebody(13).birth_date)
    found = await trace(house, by_number)
    assert (found.outcome, found.candidates[0].person_id, found.verification_status) == (MATCH, kept, "02")

    # Stated again with the number: the person is found, nothing is suspected, and the number stays where it stands.
    answer = await register(house, somebody(12, nhs_number=number(13)))
    assert (answer.person_id, answer.outcome) == (kept, MATCH)
    assert await house.events(events_pb2.DuplicateSuspected, person_id=kept) == []
    (holder,) = await house.rows("SELECT id FROM person WHERE nhs_number = $1", number(13))
    assert holder["id"] == gone
    await unmerge(house, made.merge_id)
    assert (await get(house, kept, HOSPITAL)).demographics.nhs_number == ""


async def test_each_keeps_a_number_of_its_own(house: House) -> None:
    kept = await add(house, somebody(14, nhs_number=number(14)))
    gone = await add(house, somebody(15, nhs_number=number(15)))
    await house.relate(kept, HOSPITAL, common_pb2.RELATIONSHIP_KIND_REFERRER)
    await merge(house, kept, gone)
    assert (await get(house, gone, HOSPITAL)).demographics.nhs_number == number(14)
    for seed in (14, 15):
        stated = identity_pb2.Demographics(nhs_number=number(seed), birth_date=somebody(seed).birth_date)
        found = await trace(house, stated)
        assert (found.outcome, found.candidates[0].person_id) == (MATCH, kept)


async def test_chains_come_apart_in_any_order(house: House) -> None:
    for order in ((0, 1), (1, 0)):
        first, second, third = [await add(house, somebody(seed)) for seed in (16, 17, 18)]
        for person_id in (first, second, third):
            await house.relate(person_id, HOSPITAL, common_pb2.RELATIONSHIP_KIND_REFERRER)
        made = [await merge(house, second, first), await merge(house, third, second)]
        assert [(await get(house, each, HOSPITAL)).surviving_person_id for each in (first, second, third)] == [
            third,
            third,
            "",
        ]
        await unmerge(house, made[order[0]].merge_id)
        survivors = [(await get(house, each, HOSPITAL)).surviving_person_id for each in (first, second, third)]
        assert survivors == (["", third, ""] if order[0] == 0 else [second, "", ""])
        await unmerge(house, made[order[1]].merge_id)
        assert [(await get(house, each, HOSPITAL)).surviving_person_id for each in (first, second, third)] == [""] * 3
        assert await house.rows("SELECT * FROM also_known_as WHERE person_id = ANY($1)", [first, second, third]) == []


async def test_it_is_told_in_order_under_one_key_and_audited(house: House) -> None:
    kept, gone = await add(house, somebody(20)), await add(house, somebody(21))
    made = await merge(house, kept, gone, note="The daughter brought both letters")
    over = await unmerge(house, made.merge_id, reason_code="new_evidence")
    assert (made.version, over.version) == (1, 2)
    rows = await house.rows(
        "SELECT type, key, version, topic, body FROM outbox WHERE aggregate = $1 ORDER BY id", f"merge/{made.merge_id}"
    )
    assert [(row["type"].rpartition(".")[2], row["version"]) for row in rows] == [
        ("PersonMerged", 1),
        ("PersonUnmerged", 2),
    ]
    assert {row["key"] for row in rows} == {kept}
    assert {row["topic"] for row in rows} == {"identity.events.v1"}
    told = events_pb2.PersonUnmerged.FromString(rows[1]["body"])
    assert (told.surviving_person_id, told.merged_person_id, told.reason_code) == (kept, gone, "new_evidence")
    assert all(b"daughter" not in row["body"] for row in rows)
    acts = await house.rows(
        "SELECT action, actor, detail FROM audit WHERE subject = $1 ORDER BY at", f"merge/{made.merge_id}"
    )
    assert [act["action"] for act in acts] == ["person.merged", "person.unmerged"]
    assert {act["actor"] for act in acts} == {STEWARD.subject}
    assert "daughter" not in "".join(act["detail"] for act in acts)


async def test_the_same_command_twice_has_one_effect(house: House) -> None:
    kept, gone = await add(house, somebody(22)), await add(house, somebody(23))
    first = await merge(house, kept, gone, key="merge-once")
    assert await merge(house, kept, gone, key="merge-once") == first
    with pytest.raises(errors.Conflict, match="one person already"):
        await merge(house, kept, gone)
    await unmerge(house, first.merge_id)
    with pytest.raises(errors.Conflict, match="taken back already"):
        await unmerge(house, first.merge_id)


async def test_merges_at_one_time_make_one_person_and_no_circle(house: House) -> None:
    people = [await add(house, somebody(seed)) for seed in (24, 25, 26)]
    pairs = [(people[0], people[1]), (people[1], people[2]), (people[2], people[0]), (people[1], people[0])]
    made = await asyncio.gather(*(merge(house, *pair) for pair in pairs), return_exceptions=True)
    failures = [one for one in made if isinstance(one, BaseException)]
    assert all(isinstance(failure, errors.Conflict | errors.Unavailable) for failure in failures)
    standing = await house.rows("SELECT * FROM merge WHERE unmerged_at IS NULL AND merged_id = ANY($1)", people)
    merged = [row["merged_id"] for row in standing]
    assert len(standing) == len(made) - len(failures) >= 1
    assert len(set(merged)) == len(merged) < len(people)


async def test_what_was_seen_is_what_is_merged(house: House) -> None:
    kept, gone = await add(house, somebody(27)), await add(house, somebody(28))
    for version, failure in ((0, errors.Invalid), (7, errors.Conflict)):
        request = merges_pb2.MergePeopleRequest(
            surviving=merges_pb2.PersonAsSeen(person_id=kept, version=1),
            merged=merges_pb2.PersonAsSeen(person_id=gone, version=version),
            reason_code="reviewed",
        )
        with acting(STEWARD, idempotency_key=str(uuid.uuid4())), pytest.raises(failure):
            await house.channels.stub(MergesStub, "identity").MergePeople(request)
    for reason, note in (("because", ""), ("other", " ")):
        with pytest.raises(errors.Invalid):
            await merge(house, kept, gone, reason_code=reason, note=note)
    with pytest.raises(errors.Conflict, match="one person already"):
        await merge(house, kept, kept)
    with pytest.raises(errors.NotFound):
        await merge(house, kept, str(uuid.uuid4()))


async def test_who_may_not_merge_and_who_does_not_know_both_do_not(house: House) -> None:
    kept, gone = await add(house, somebody(29)), await add(house, somebody(30))
    await house.relate(kept, HOSPITAL, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    with pytest.raises(errors.Denied):
        await merge(house, kept, gone, actor=NURSE)
    made = await merge(house, kept, gone)
    with pytest.raises(errors.Denied):
        await unmerge(house, made.merge_id, actor=NURSE)
    with pytest.raises(errors.NotFound):
        await one(house, made.merge_id, replace(OFFICER, role="partner"))
    assert [each.merge_id for each in await listed(house, NURSE, person_id=gone)] == [made.merge_id]
    assert await listed(house, replace(OFFICER, role="partner"), person_id=gone) == []


async def test_a_note_about_people_is_for_those_who_may_know_who_they_are(house: House) -> None:
    kept, gone = await add(house, somebody(31)), await add(house, somebody(32))
    await house.relate(gone, HOSPITAL, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    made = await merge(house, kept, gone, note="Both letters name Wren")
    assert (await one(house, made.merge_id, NURSE)).note == "Both letters name Wren"
    overseen = await one(house, made.merge_id)
    assert overseen.note == ""
    assert "note" in {marker.field for marker in overseen.withheld}


async def test_what_was_stated_meanwhile_is_told_for_a_human_to_assign(house: House) -> None:
    kept, gone = await add(house, somebody(33)), await add(house, somebody(34))
    made = await merge(house, kept, gone)
    assert not (await one(house, made.merge_id)).since
    answer = await register(house, somebody(34, telephone="01271 322580"))
    assert answer.person_id == kept
    (since,) = (await one(house, made.merge_id)).since
    assert (since.recorded_under, since.source, since.organisation_id) == (kept, "bars/1", HOSPITAL.organisation_id)
    assert await listed(house, person_id=kept, taken_back=True) == []
    await unmerge(house, made.merge_id)
    await register(house, somebody(33, telephone="01271 322581"))
    assert len((await one(house, made.merge_id)).since) == 1
    (told,) = await listed(house, person_id=kept)
    assert told.unmerged_by == STEWARD.subject
    restricted = events_pb2.PersonRestricted(person_id=gone, version=1)
    restricted.restricted_at.GetCurrentTime()
    await house.handle(projections.HANDLERS, restricted)
    hidden = await one(house, made.merge_id)
    assert [(each.recorded_under, each.source, each.organisation_id) for each in hidden.since] == [(kept, "", "")]
    assert {"since.source", "since.organisation_id"} <= {marker.field for marker in hidden.withheld}
    assert await listed(house, person_id=kept, standing=True) == []
    assert [each.merge_id for each in await listed(house, person_id=kept, taken_back=True)] == [made.merge_id]


async def test_whoever_reviews_takes_back_what_was_said_and_merges_nobody_without_a_review(house: House) -> None:
    kept, gone = await add(house, somebody(35)), await add(house, somebody(36))
    made = await merge(house, kept, gone, note="Both letters name Wren")
    assert made.merge_id in {each.merge_id for each in await listed(house, REVIEWER)}
    told = await one(house, made.merge_id, REVIEWER)
    assert (told.note, "note" in {marker.field for marker in told.withheld}) == ("", True)
    with acting(REVIEWER):
        asked = merges_pb2.ListRecordsRequest(person_ids=[kept, gone])
        records = (await house.channels.stub(MergesStub, "identity").ListRecords(asked)).records
    assert [(each.person_id, each.HasField("registered_at")) for each in records] == [(kept, True), (gone, True)]
    with pytest.raises(errors.Denied):
        await get(house, kept, REVIEWER)
    await unmerge(house, made.merge_id, actor=REVIEWER)
    assert (await one(house, made.merge_id, REVIEWER)).unmerged_by == REVIEWER.subject
    with pytest.raises(errors.Denied):
        await merge(house, kept, gone, actor=REVIEWER)


async def test_what_a_human_has_looked_at_is_remembered_with_whom_it_stood(house: House) -> None:
    kept, gone = await add(house, somebody(37)), await add(house, somebody(38))
    made = await merge(house, kept, gone)
    with pytest.raises(errors.Conflict, match="stands"):
        await confirm(house, made.merge_id, kept)
    await unmerge(house, made.merge_id)
    for wrong in (("decision", "d1"), ("entry", ""), ("entry", "x" * 201)):
        with pytest.raises(errors.Invalid):
            await confirm(house, made.merge_id, kept, what=wrong)
    with pytest.raises(errors.Invalid):
        await confirm(house, made.merge_id, await add(house, somebody(39)))
    with pytest.raises(errors.Denied):
        await confirm(house, made.merge_id, kept, actor=NURSE)
    for person_id in (kept, kept, gone):
        await confirm(house, made.merge_id, person_id, actor=REVIEWER)
    told = (await one(house, made.merge_id)).confirmed
    assert {(each.kind, each.item_id, each.stands_with) for each in told} == {
        ("referral", "r1", kept),
        ("referral", "r1", gone),
    }
    assert len(told) == 2
    (first, *_) = await house.rows("SELECT actor FROM audit WHERE action = 'assignment.confirmed' ORDER BY at")
    assert first["actor"] == REVIEWER.subject


async def confirm(
    house: House,
    merge_id: str,
    person_id: str,
    *,
    actor: auth.Actor = STEWARD,
    what: tuple[str, str] = ("referral", "r1"),
) -> merges_pb2.ConfirmAssignmentResponse:
    """Say that something stands with whom it is about."""
    kind, item_id = what
    request = merges_pb2.ConfirmAssignmentRequest(merge_id=merge_id, person_id=person_id, kind=kind, item_id=item_id)
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        return await house.channels.stub(MergesStub, "identity").ConfirmAssignment(request)
