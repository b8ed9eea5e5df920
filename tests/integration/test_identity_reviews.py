"""The review queue through the real server on a real PostgreSQL: who sees what, decided once, remembered for good."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from chassis import auth, errors, work
from chassis.disclosure import agreements_file
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.identity.v1 import events_pb2, identity_pb2, merges_pb2
from joinedup.identity.v1 import reviews_pb2 as pb
from joinedup.identity.v1.merges_pb2_grpc import MergesStub
from joinedup.options.v1 import options_pb2
from services.identity import __main__ as identity
from services.identity import reviews, stewardship
from services.identity.reviews import Pair
from services.identity.settings import Settings
from services.identity.store import reviews as store
from services.identity.store import tables
from tests.integration import register_world, service_house
from tests.integration.register_world import KEY_WORKER
from tests.integration.reviews_world import (
    AGREEMENTS,
    COLLEAGUE,
    DIFFERENT,
    MATCH,
    NOT_SURE,
    OVERSEER,
    SAME,
    STEWARD,
    decide,
    listed,
    look,
    merges,
    suspected,
    telephone,
    twin,
)
from tests.integration.service_house import House
from tests.integration.test_identity_keeping import CONTESTED, attach
from tests.integration.test_identity_register import HOSPITAL, OFFICER, get, number, register, somebody, trace


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Identity with its queue, under the agreement that governance publishes for the register."""
    answers = stewardship.Stewarded()

    directory = tmp_path_factory.mktemp("trusted")
    async with service_house.house(
        database, directory, Settings, lambda config: identity.served(config, answers), answers=answers
    ) as running:
        await running.agree(agreements_file.read(AGREEMENTS / "identity-register.yaml"))
        nhs = service_house.rule(options_pb2.DATA_CLASS_IDENTIFYING, sectors=[common_pb2.SECTOR_NHS])
        await running.agree(service_house.agreement(nhs))
        yield running


async def test_both_records_stand_side_by_side_with_what_agrees_and_the_look_is_recorded(house: House) -> None:
    pair = await suspected(house, 1)
    found = await look(house, pair)
    assert (found.version, found.state) == (1, pb.REVIEW_STATE_OPEN)
    records = {one.person_id: one for one in (found.first, found.second)}
    assert set(records) == {pair.first, pair.second}
    holder, other = sorted(records.values(), key=lambda one: one.verification_status)
    assert holder.demographics == somebody(1, nhs_number=number(1))
    assert (holder.verification_status, other.verification_status) == ("02", "05")
    assert (other.demographics.nhs_number, list(other.other_nhs_numbers)) == ("", [number(1)])
    assert other.demographics.telephone == telephone(1)
    assert [(one.source, one.organisation_id) for one in other.sources] == [("bars/1", HOSPITAL.organisation_id)]
    told = {one.field: (one.agreement, one.reason) for one in holder.identity_agreements}
    assert told["number"] == (pb.FIELD_AGREEMENT_SAME, "NHS Number is the same")
    assert told["birth_date"][0] == pb.FIELD_AGREEMENT_DIFFERENT
    assert {one.field for one in holder.contact_agreements} == {"postcode", "phone"}
    assert not holder.withheld
    assert not other.withheld
    for person_id in (pair.first, pair.second):
        entry = (await house.ledger(person_id))[-1]
        assert (entry.practitioner_id, entry.purpose) == ("steward", "data_quality")
        assert {one.agreement_id for one in entry.classes} == {"identity-register"}
        assert list(entry.relationships) == [common_pb2.RELATIONSHIP_KIND_STEWARD]


async def test_a_steward_sees_somebody_in_a_review_alone_and_until_it_is_decided(house: House) -> None:
    pair = await suspected(house, 2)
    assert (await look(house, pair)).first.demographics.name.family
    with pytest.raises(errors.Denied):
        await get(house, pair.first, STEWARD)
    # Whoever may read people and review them gains nothing for the one by the other.
    referrer = replace(STEWARD, role="referrer", purpose="direct_care")
    with pytest.raises(errors.NotFound):
        await get(house, pair.first, referrer)

    await decide(house, pair, DIFFERENT, "namesakes")
    closed = await look(house, pair)
    for record in (closed.first, closed.second):
        assert not record.HasField("demographics")
        assert not record.identity_agreements
        assert not any(one.source or one.organisation_id for one in record.sources)
        assert {
            "demographics.name.family",
            "sources.source",
            "sources.organisation_id",
            "contact_agreements.reason",
        } <= {marker.field for marker in record.withheld}
    assert [one.practitioner_id for one in closed.decisions] == ["steward"]
    assert (await house.ledger(pair.first))[-1].outcome == governance_events.DISCLOSURE_OUTCOME_WITHHELD


@pytest.mark.parametrize(
    "actor",
    [HOSPITAL, OFFICER, replace(OFFICER, role="ig_lead"), replace(STEWARD, purpose="direct_care")],
    ids=["integrator", "referrer", "ig lead", "steward for care"],
)
async def test_nobody_else_reaches_the_queue(house: House, actor: auth.Actor) -> None:
    pair = await suspected(house, 2000 + len(actor.subject + actor.role + actor.purpose))
    for request in (
        lambda: listed(house, actor),
        lambda: look(house, pair, actor),
        lambda: decide(house, pair, SAME, "details_agree", actor=actor),
    ):
        with pytest.raises(errors.Denied):
            await request()


async def test_a_records_team_that_the_agreement_does_not_name_sees_nothing_and_decides_nothing(house: House) -> None:
    pair = await suspected(house, 4)
    police = replace(STEWARD, sector=auth.Sector.POLICE)
    found = await look(house, pair, police)
    assert not found.first.HasField("demographics")
    assert not found.first.identity_agreements
    assert {marker.reason for marker in found.first.withheld} == {"no_agreement"}
    with pytest.raises(errors.Denied, match="seen"):
        await decide(house, pair, SAME, "details_agree", actor=police)
    family = somebody(4).name.family
    assert (await listed(house, text=family)).page.total == 1
    assert (await listed(house, police, text=family)).page.total == 0, "a search would tell who is in the queue"


async def test_a_decision_is_remembered_audited_and_made_once(house: House) -> None:
    pair, key = await suspected(house, 5), str(uuid.uuid4())
    first = await decide(house, pair, DIFFERENT, "relatives", key=key)
    assert (first.version, first.state) == (2, pb.REVIEW_STATE_DIFFERENT)
    assert await decide(house, pair, DIFFERENT, "relatives", key=key) == first
    rows = await house.rows("SELECT * FROM review_decision WHERE first_person_id = $1", pair.first)
    assert [(row["second_person_id"], row["decision"], row["reason"], row["version"]) for row in rows] == [
        (pair.second, "different", "relatives", 1)
    ]
    (audit,) = await house.rows("SELECT * FROM audit WHERE subject = $1", f"review/{pair.review_id}")
    assert (audit["action"], audit["practitioner_id"], audit["purpose"]) == (
        "review.decided",
        "steward",
        "data_quality",
    )
    for decision, reason in ((SAME, "details_agree"), (NOT_SURE, "contradictory")):
        with pytest.raises(errors.Conflict):
            await decide(house, pair, decision, reason, version=2, actor=COLLEAGUE)
    assert not await merges(house, pair)


async def test_not_sure_waits_on_below_and_can_be_decided_later(house: House) -> None:
    pair, other = await suspected(house, 6), await suspected(house, 7)
    await decide(house, pair, NOT_SURE, "too_little_known")
    queue = [one.review_id for one in (await listed(house, page=common_pb2.PageRequest(size=200))).reviews]
    assert queue.index(other.review_id) < queue.index(pair.review_id)
    with pytest.raises(errors.Conflict):
        await decide(house, pair, SAME, "details_agree", version=1, actor=COLLEAGUE)
    answer = await decide(house, pair, SAME, "confirmed_with_person", version=2, actor=COLLEAGUE)
    assert (answer.version, answer.state) == (3, pb.REVIEW_STATE_SAME)
    (told,) = await merges(house, pair)
    assert told.reason_code == "reviewed"
    decisions = (await look(house, pair)).decisions
    assert [(one.decision, one.practitioner_id) for one in decisions] == [(NOT_SURE, "steward"), (SAME, "colleague")]


async def test_of_many_who_decide_at_one_time_one_does(house: House) -> None:
    pair = await suspected(house, 18)
    ways = ((SAME, "details_agree"), (DIFFERENT, "namesakes"), (NOT_SURE, "contradictory")) * 3
    answers = await asyncio.gather(*(decide(house, pair, *way) for way in ways), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, errors.Conflict)]
    assert len(refused) == len(ways) - 1
    rows = await house.rows("SELECT * FROM review_decision WHERE first_person_id = $1", pair.first)
    assert len(rows) == 1


async def test_who_was_told_apart_is_never_proposed_again(house: House) -> None:
    pair = await suspected(house, 9)
    holder, other = somebody(9, nhs_number=number(9)), twin(9)
    told = len(await house.events(events_pb2.DuplicateSuspected))
    await decide(house, pair, DIFFERENT, "confirmed_with_source")
    for stated, way in ((holder, HOSPITAL), (other, HOSPITAL), (other, OFFICER), (holder, OFFICER)):
        answer = await register(house, stated, way)
        assert answer.outcome == identity_pb2.TRACE_OUTCOME_MATCH
        assert answer.person_id in (pair.first, pair.second)
        found = await trace(house, stated)
        assert [one.person_id for one in found.candidates] == [answer.person_id]
    assert len(await house.events(events_pb2.DuplicateSuspected)) == told
    assert len(await house.rows("SELECT * FROM review_decision WHERE first_person_id = $1", pair.first)) == 1
    waiting = await listed(house, page=common_pb2.PageRequest(size=200))
    assert pair.review_id not in {one.review_id for one in waiting.reviews}


async def test_two_that_tie_are_told_apart_by_what_a_human_saw(house: House) -> None:
    """A namesake whose birthday differs by a digit, as a slip would: stated again, who it is was decided by a human."""
    one = somebody(20, birth_date="1984-03-09", telephone="01271 322520")
    namesake = identity_pb2.Demographics(name=one.name, birth_date="1984-03-19", gender="female")
    first = await register(house, one)
    second = await register(house, namesake)
    pair = Pair.of(first.person_id, second.person_id)
    tied = await trace(house, namesake)
    assert (tied.outcome, len(tied.candidates)) == (identity_pb2.TRACE_OUTCOME_REVIEW, 2)
    await decide(house, pair, DIFFERENT, "namesakes")
    for stated, person_id in ((one, first.person_id), (namesake, second.person_id)):
        again = await register(house, stated)
        assert (again.person_id, again.outcome) == (person_id, identity_pb2.TRACE_OUTCOME_MATCH)


async def test_who_is_one_person_is_merged_at_once_under_the_record_with_a_number(house: House) -> None:
    pair = await suspected(house, 10)
    (holder,) = await house.rows("SELECT id FROM person WHERE nhs_number = $1", number(10))
    await decide(house, pair, SAME, "details_agree")
    (told,) = await merges(house, pair)
    assert (told.surviving_person_id, told.reason_code) == (holder["id"], "reviewed")
    for person_id in (pair.first, pair.second):
        assert (await get(house, person_id, HOSPITAL)).demographics.nhs_number == number(10)
    actions = await house.rows("SELECT action FROM audit WHERE detail->>'surviving' = $1", holder["id"])
    assert [row["action"] for row in actions] == ["person.merged"]


async def test_where_a_protected_person_is_stays_out_of_the_review_and_the_doubt_ends_with_it(house: House) -> None:
    known = (await register(house, somebody(13, postcode="EX31 9ZZ", telephone="01271 399999"))).person_id
    await house.relate(known, KEY_WORKER, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    await register_world.restrict(house, known)
    stated = somebody(13, birth_date=somebody(13).birth_date[:4], postcode="EX31 9ZZ", telephone="01271 399999")
    doubtful = [(await register(house, stated, by)).person_id for by in (HOSPITAL, OFFICER)]
    pairs = [Pair.of(known, other) for other in doubtful]
    for pair in pairs:
        found = await look(house, pair)
        assert "9ZZ" not in str(found)
        assert "399999" not in str(found)
        assert found.first.demographics.name == stated.name
        reasons = {(marker.field, marker.reason) for one in (found.first, found.second) for marker in one.withheld}
        assert ("demographics.address.postcode", "restricted") in reasons
        assert ("contact_agreements.reason", "restricted") in reasons
        assert not [one.reason for one in found.first.contact_agreements]

    await decide(house, pairs[0], DIFFERENT, "namesakes")
    await decide(house, pairs[1], DIFFERENT, "namesakes")
    # They may still be each other, and neither is known to be nobody who is protected.
    assert await protected(house, known, *doubtful) == {known, *doubtful}
    await decide(house, Pair.of(*doubtful), DIFFERENT, "namesakes")
    assert await protected(house, known, *doubtful) == {known}
    for other in doubtful:
        (told,) = await house.events(events_pb2.PersonUnrestricted, person_id=other)
        assert told.version == 2


async def test_a_number_contested_between_two_who_were_told_apart_asks_nobody_again(house: House) -> None:
    holder = (await register(house, somebody(14, nhs_number=number(14)))).person_id
    other = (await register(house, somebody(1014))).person_id
    for person_id in (holder, other):
        await house.relate(person_id, KEY_WORKER, common_pb2.RELATIONSHIP_KIND_KEY_WORKER)
    await register_world.restrict(house, holder)
    async with work.unit(house.database, house.actor, service="identity") as unit:
        told = reviews.Decided(reviews.Decision.DIFFERENT, reviews.UNMERGED, "steward", "records", unit.now)
        await store.mark_different(unit.session, Pair.of(holder, other), told)
        await store.mark_different(unit.session, Pair.of(holder, other), told)
    answer = await attach(house, other, 1, number(14))
    assert (answer.outcome, answer.verification_status) == (CONTESTED, "05")
    assert not await house.events(events_pb2.DuplicateSuspected, person_id=other)
    assert await protected(house, holder, other) == {holder}


async def protected(house: House, *people: str) -> set[str]:
    """Those of some people whose whereabouts are protected."""
    rows = await house.rows("SELECT id FROM person WHERE restricted AND id = ANY($1)", list(people))
    return {row["id"] for row in rows}


async def test_an_unmerge_keeps_two_apart_whatever_was_decided_before(house: House) -> None:
    pair = await suspected(house, 11)
    await decide(house, pair, SAME, "details_agree")
    (told,) = await merges(house, pair)
    with acting(OVERSEER, purpose=OVERSEER.purpose, idempotency_key=str(uuid.uuid4())):
        await house.channels.stub(MergesStub, "identity").UnmergePeople(
            merges_pb2.UnmergePeopleRequest(merge_id=told.merge_id, reason_code="merged_in_error")
        )
    async with work.unit(house.database, house.actor, service="identity") as unit:
        assert await store.apart(unit.session, [pair.second, pair.first]) == {pair}
    decisions = (await look(house, pair)).decisions
    assert [(one.decision, one.reason_code) for one in decisions] == [(SAME, "details_agree"), (DIFFERENT, "unmerged")]
    for stated in (somebody(11, nhs_number=number(11)), twin(11)):
        again = await register(house, stated)
        assert (again.outcome, again.person_id in (pair.first, pair.second)) == (MATCH, True)


async def test_a_pair_that_was_merged_without_a_review_waits_for_nobody(house: House) -> None:
    pair = await suspected(house, 12)
    people = [await get(house, person_id, HOSPITAL) for person_id in (pair.first, pair.second)]
    seen = [merges_pb2.PersonAsSeen(person_id=one.person_id, version=one.version) for one in people]
    request = merges_pb2.MergePeopleRequest(surviving=seen[0], merged=seen[1], reason_code="duplicate_registration")
    with acting(OVERSEER, purpose=OVERSEER.purpose, idempotency_key=str(uuid.uuid4())):
        await house.channels.stub(MergesStub, "identity").MergePeople(request)
    waiting = await listed(house, page=common_pb2.PageRequest(size=200))
    assert pair.review_id not in {one.review_id for one in waiting.reviews}
    assert len(waiting.reviews) == waiting.page.total == waiting.counts.open + waiting.counts.not_sure
    # Somebody who had it open before may still say the same; nothing more happens to the two.
    await decide(house, pair, SAME, "details_agree")
    assert len(await merges(house, pair)) == 1


@pytest.mark.parametrize("order", [pb.REVIEW_ORDER_SCORE, pb.REVIEW_ORDER_OLDEST, pb.REVIEW_ORDER_NEWEST])
async def test_the_queue_is_ordered_searched_and_paged_without_gaps(
    house: House, order: pb.ReviewOrder.ValueType
) -> None:
    for seed in (30, 31, 32):
        await suspected(house, seed + 100 * order)
    whole = await listed(house, order=order, page=common_pb2.PageRequest(size=200))
    assert whole.page.total == len(whole.reviews) == whole.counts.open + whole.counts.not_sure
    found: list[str] = []
    token = ""
    while True:
        part = await listed(house, order=order, page=common_pb2.PageRequest(size=2, token=token))
        assert part.page.total == whole.page.total
        found += [one.review_id for one in part.reviews]
        token = part.page.next_token
        if not token:
            break
    assert found == [one.review_id for one in whole.reviews]
    opened = [one for one in whole.reviews if one.state == pb.REVIEW_STATE_OPEN]
    when = [one.suspected_at.ToNanoseconds() for one in opened]
    scores = [one.score for one in opened]
    expected = {
        pb.REVIEW_ORDER_SCORE: (scores, sorted(scores, reverse=True)),
        pb.REVIEW_ORDER_OLDEST: (when, sorted(when)),
        pb.REVIEW_ORDER_NEWEST: (when, sorted(when, reverse=True)),
    }[order]
    assert expected[0] == expected[1]

    mine = somebody(30 + 100 * order)
    for text in (mine.name.family[:4].upper(), f"{mine.name.given[0]} {mine.name.family}", number(30 + 100 * order)):
        searched = await listed(house, order=order, text=text)
        assert searched.page.total == 1
        (one,) = searched.reviews
        assert mine.name in (one.first.name, one.second.name)
        assert not one.first.withheld
    assert (await listed(house, text="nobody of this name")).page.total == 0


async def test_what_is_no_list_no_review_and_no_decision_is_refused(house: House) -> None:
    pair = await suspected(house, 40)
    for asked in ({"states": [9]}, {"order": 9}, {"text": "x" * 101}, {"page": common_pb2.PageRequest(token="x")}):
        with pytest.raises(errors.Invalid):
            await listed(house, **asked)
    for unknown in (Pair.of(str(uuid.uuid4()), pair.first), Pair("", "")):
        with pytest.raises(errors.NotFound):
            await look(house, unknown)
    for decision, reason in ((DIFFERENT, "details_agree"), (SAME, "unmerged"), (pb.REVIEW_DECISION_UNSPECIFIED, "")):
        with pytest.raises(errors.Invalid):
            await decide(house, pair, decision, reason)


async def test_no_personal_data_stand_in_outbox_audit_or_decisions(house: House) -> None:
    pair = await suspected(house, 41)
    await look(house, pair)
    await listed(house, text=somebody(41).name.family)
    await decide(house, pair, NOT_SURE, "contradictory")
    bodies = b"".join(row["body"] for row in await house.rows("SELECT body FROM outbox"))
    for table in ("audit", "review_decision", "idempotency"):
        rows = await house.rows(f"SELECT row_to_json({table})::text AS text FROM {table}")
        bodies += "".join(row["text"] for row in rows).encode()
    for secret in (number(41), somebody(41).name.family, telephone(41)):
        assert secret.encode() not in bodies


async def test_the_tables_are_as_the_migrations_make_them(house: House) -> None:
    assert await service_house.drift(house, tables.Table.metadata) == []
