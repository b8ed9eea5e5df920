"""A referral's life through the real server on a real PostgreSQL: taken in, routed, triaged, answered, listed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from chassis import auth, errors, work
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.caseworker.v1 import events_pb2 as caseworker_events
from joinedup.common.v1 import common_pb2
from joinedup.governance.v1 import directory_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import events_pb2
from joinedup.referrals.v1 import referrals_pb2 as pb
from joinedup.referrals.v1.referrals_pb2_grpc import ReferralsStub
from services.referrals import __main__ as referrals
from services.referrals import consumers, rounds, rpc
from services.referrals.settings import Settings
from services.referrals.store import tables
from tests.integration import service_house
from tests.integration.service_house import House

HOSPITAL = auth.Actor(
    subject="integrator:hospital",
    kind=auth.Kind.INTEGRATOR,
    organisation_id="hospital",
    sector=auth.Sector.NHS,
    role="integrator",
)
TRIAGE = auth.Actor(
    subject="practitioner:triage",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="trust",
    sector=auth.Sector.NHS,
    role="triage",
    team_ids=("complex",),
    practitioner_id="triage",
)
OTHER_TEAM = replace(TRIAGE, subject="practitioner:other", team_ids=("second",), practitioner_id="other")
OFFICER = replace(
    TRIAGE,
    subject="practitioner:officer",
    organisation_id="constabulary",
    sector=auth.Sector.POLICE,
    role="referrer",
    team_ids=(),
    practitioner_id="officer",
)
HOURS = {day: "09:00-17:00" for day in range(1, 6)}


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Referrals with three teams; an agreement lets the NHS know health, and the police what is theirs."""
    directory = tmp_path_factory.mktemp("trusted")
    async with service_house.house(
        database, directory, Settings, lambda config: rpc.service(referrals.desk(config)), database_pool=10
    ) as running:
        health, police = options_pb2.DATA_CLASS_HEALTH, options_pb2.DATA_CLASS_POLICE
        await running.agree(
            service_house.agreement(
                service_house.rule(health, options_pb2.DATA_CLASS_VOICE, sectors=[common_pb2.SECTOR_NHS]),
                service_house.rule(police, sectors=[common_pb2.SECTOR_POLICE]),
            )
        )
        await tell(
            running,
            governance_events.OrganisationRegistered(organisation=directory_pb2.Organisation(id="trust", name="Trust")),
        )
        await tell(running, registered("complex", catchment=["EX31", "EX32"], service_ids=["dos-1"]))
        await tell(running, registered("second", catchment=["EX31"], capacity=1))
        await tell(running, registered("housing", kind="housing_options", organisation_id="council"))
        yield running


def registered(team_id: str, **more: Any) -> governance_events.TeamRegistered:
    """A team is registered or changed."""
    fields: dict[str, Any] = {
        "organisation_id": "trust",
        "name": f"Team {team_id}",
        "kind": "complex_needs",
        "capacity": 50,
    }
    return governance_events.TeamRegistered(team=directory_pb2.Team(id=team_id, service_hours=HOURS, **(fields | more)))


async def tell(house: House, event: Any, fallback: str = "") -> None:
    """Hand an event to its handler, as the consumer does, in a transaction of the service itself."""
    assert isinstance(house.config, Settings)
    desk = referrals.desk(house.config.model_copy(update={"fallback_team_id": fallback}))
    async with work.unit(house.database, house.actor, service="referrals") as unit:
        await consumers.handlers(desk)[type(event)](unit, event)


def asked(**more: Any) -> pb.SubmitReferralRequest:
    """A referral of somebody new to the complex needs team."""
    fields: dict[str, Any] = {
        "person_id": str(uuid.uuid4()),
        "team_id": "complex",
        "priority": pb.PRIORITY_URGENT,
        "narrative": common_pb2.Narrative(health="Ninth attendance", police="Found asleep", voice="Let me be"),
        "reason_codes": ["http://snomed.info/sct|160734000|Lives in hostel"],
    }
    return pb.SubmitReferralRequest(**(fields | more))


async def call(house: House, name: str, request: Any, actor: auth.Actor, key: str = "") -> Any:
    """One call as this actor."""
    with acting(actor, idempotency_key=key or str(uuid.uuid4())):
        return await getattr(house.channels.stub(ReferralsStub, "referrals"), name)(request)


async def submit(house: House, request: pb.SubmitReferralRequest | None = None, actor: auth.Actor = HOSPITAL) -> Any:
    """Refer somebody."""
    return await call(house, "SubmitReferral", request or asked(), actor)


async def get(house: House, referral_id: str, actor: auth.Actor = TRIAGE) -> pb.Referral:
    """One referral as this actor."""
    found = await call(house, "GetReferral", pb.GetReferralRequest(referral_id=referral_id), actor)
    assert isinstance(found, pb.Referral)
    return found


async def worklist(house: House, actor: auth.Actor = TRIAGE, **more: Any) -> pb.ListWorklistResponse:
    """A page of a work list."""
    answer = await call(house, "ListWorklist", pb.ListWorklistRequest(**more), actor)
    assert isinstance(answer, pb.ListWorklistResponse)
    return answer


async def test_a_referral_stands_in_the_work_list_of_its_team_with_its_clock_running(house: House) -> None:
    request = asked(message_id="bars/7")
    answer = await submit(house, request)
    assert (answer.version, answer.team_id) == (1, "complex")
    assert answer.clock.rule_id == "multidisciplinary-triage"
    assert answer.clock.explanation[-1].startswith("Due on")

    listed = await worklist(house, team_id="complex", person_ids=[request.person_id])
    (one,) = listed.referrals
    assert listed.page.total == 1
    assert (one.referral_id, one.status, one.priority) == (answer.referral_id, pb.STATUS_RECEIVED, pb.PRIORITY_URGENT)
    assert one.clock == answer.clock
    assert one.routing == "Sent to Team complex (Trust), as asked."
    assert one.narrative.health == "Ninth attendance"
    assert one.narrative.police == ""
    assert "narrative.police" in {marker.field for marker in one.withheld}

    (told,) = await house.events(events_pb2.ReferralSubmitted, referral_id=answer.referral_id)
    assert (told.version, told.team_id, told.organisation_id, told.message_id) == (1, "complex", "trust", "bars/7")
    assert told.due_at == answer.clock.due_at
    related = await house.events(common_pb2.RelationshipEstablished, person_id=request.person_id)
    assert {(one.organisation_id, one.team_id, one.kind) for one in related} == {
        ("hospital", "", common_pb2.RELATIONSHIP_KIND_REFERRER),
        ("trust", "complex", common_pb2.RELATIONSHIP_KIND_RECEIVING_TEAM),
    }


async def test_no_words_about_the_person_stand_in_outbox_or_audit(house: House) -> None:
    request = asked(narrative=common_pb2.Narrative(health="Zanzibar fever"), outward_postcode="EX32")
    answer = await submit(house, request)
    await get(house, answer.referral_id)
    bodies = await house.rows("SELECT body FROM outbox")
    audited = await house.rows("SELECT row_to_json(audit)::text AS text FROM audit")
    everything = b"".join(row["body"] for row in bodies) + "".join(row["text"] for row in audited).encode()
    assert b"Zanzibar" not in everything
    assert b"EX32" not in everything


async def test_everything_that_is_wrong_is_named(house: House) -> None:
    with pytest.raises(errors.Invalid) as refused:
        await submit(house, pb.SubmitReferralRequest(person_id="somebody", outward_postcode="31EX"))
    fields = {violation.field for violation in refused.value.violations}
    assert fields == {"person_id", "team_id", "outward_postcode", "narrative"}


async def test_the_same_message_again_is_the_same_referral(house: House) -> None:
    request = asked(message_id="bars/8")
    first, again = await submit(house, request), await submit(house, request)
    assert first == again
    with pytest.raises(errors.Conflict):
        await submit(house, asked(message_id="bars/8"))
    other = await submit(house, asked(message_id="bars/8"), OFFICER)
    assert other.referral_id != first.referral_id
    assert len(await house.events(events_pb2.ReferralSubmitted, referral_id=first.referral_id)) == 1


async def test_one_message_many_times_at_once_makes_one_referral(house: House) -> None:
    request = asked(message_id="bars/9")
    answers = await asyncio.gather(*(submit(house, request) for _ in range(6)), return_exceptions=True)
    taken = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert all(isinstance(answer, errors.Conflict) for answer in answers if isinstance(answer, BaseException))
    assert len({answer.referral_id for answer in taken}) == 1
    rows = await house.rows("SELECT id FROM referral WHERE message_id = 'bars/9'")
    assert len(rows) == 1
    assert len(await house.events(common_pb2.RelationshipEstablished, person_id=request.person_id)) == 2


async def test_an_accepted_referral_has_a_key_worker_and_its_clock_stands(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    request = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id="kw")
    answer = await call(house, "AcceptReferral", request, TRIAGE)
    assert (answer.version, answer.status) == (2, pb.STATUS_ACCEPTED)
    found = await get(house, referral_id)
    assert found.key_worker_id == "kw"
    assert found.clock.HasField("stopped_at")
    (decision,) = found.decisions
    assert (decision.status, decision.practitioner_id) == (pb.STATUS_ACCEPTED, "triage")
    (told,) = await house.events(events_pb2.ReferralStatusChanged, referral_id=referral_id)
    assert (told.version, told.status, told.key_worker_id) == (2, pb.STATUS_ACCEPTED, "kw")
    assert not (await worklist(house, team_id="complex", person_ids=[found.person_id])).referrals


async def test_returned_resubmitted_and_rejected_with_the_clock_running_on(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    request = pb.ReturnReferralRequest(referral_id=referral_id, version=1, advice="Where does she sleep?")
    await call(house, "ReturnReferral", request, TRIAGE)
    returned = await get(house, referral_id, HOSPITAL)
    assert returned.status == pb.STATUS_ON_HOLD
    assert returned.decisions[0].note == "Where does she sleep?"
    assert not returned.clock.HasField("stopped_at")

    answer = pb.ResubmitReferralRequest(referral_id=referral_id, version=2)
    with pytest.raises(errors.Invalid, match="narrative"):
        await call(house, "ResubmitReferral", answer, HOSPITAL)
    answer.narrative.housing = "On a sofa"
    await call(house, "ResubmitReferral", answer, HOSPITAL)
    again = await get(house, referral_id)
    assert (again.status, again.version, again.clock.due_at) == (pb.STATUS_RECEIVED, 3, returned.clock.due_at)
    assert again.narrative.health == "Ninth attendance"

    refusal = pb.RejectReferralRequest(referral_id=referral_id, version=3, reason_code="22", note="No room")
    await call(house, "RejectReferral", refusal, TRIAGE)
    sent = await call(house, "ListSentReferrals", pb.ListSentReferralsRequest(), HOSPITAL)
    rejected = next(one for one in sent.referrals if one.referral_id == referral_id)
    assert [one.status for one in rejected.decisions] == [
        pb.STATUS_ON_HOLD,
        pb.STATUS_RECEIVED,
        pb.STATUS_REJECTED,
    ]
    assert rejected.decisions[-1].reason_code == "22"
    told = await house.events(events_pb2.ReferralStatusChanged, referral_id=referral_id)
    assert [(event.version, event.reason_code) for event in told] == [(2, ""), (3, ""), (4, "22")]


@pytest.mark.parametrize(
    ("name", "request_", "field"),
    [
        ("AcceptReferral", pb.AcceptReferralRequest(version=1), "key_worker_id"),
        ("AcceptReferral", pb.AcceptReferralRequest(key_worker_id="kw"), "version"),
        ("ReturnReferral", pb.ReturnReferralRequest(version=1, advice=" "), "advice"),
        ("RejectReferral", pb.RejectReferralRequest(version=1, reason_code="1"), "reason_code"),
        ("RejectReferral", pb.RejectReferralRequest(version=1, reason_code="99"), "note"),
        ("RejectReferral", pb.RejectReferralRequest(version=1, reason_code="22", note="x" * 4001), "note"),
    ],
)
async def test_a_decision_without_what_it_needs_is_refused(house: House, name: str, request_: Any, field: str) -> None:
    request = type(request_)()
    request.CopyFrom(request_)
    request.referral_id = (await submit(house)).referral_id
    with pytest.raises(errors.Invalid) as refused:
        await call(house, name, request, TRIAGE)
    assert [violation.field for violation in refused.value.violations] == [field]
    assert (await get(house, request.referral_id)).version == 1


async def test_of_two_decisions_at_one_time_one_stands(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    accept = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id="kw")
    reject = pb.RejectReferralRequest(referral_id=referral_id, version=1, reason_code="40")
    answers = await asyncio.gather(
        *(call(house, "AcceptReferral", accept, TRIAGE) for _ in range(3)),
        *(call(house, "RejectReferral", reject, TRIAGE) for _ in range(3)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, errors.Conflict) for answer in answers) == 5
    assert (await get(house, referral_id)).version == 2
    assert len(await house.events(events_pb2.ReferralStatusChanged, referral_id=referral_id)) == 1


async def test_only_the_receiving_team_decides_and_only_the_referrer_takes_back(house: House) -> None:
    answer = await submit(house)
    person_id = (await get(house, answer.referral_id)).person_id
    accept = pb.AcceptReferralRequest(referral_id=answer.referral_id, version=1, key_worker_id="kw")
    revoke = pb.RevokeReferralRequest(referral_id=answer.referral_id)
    with pytest.raises(errors.NotFound):
        await call(house, "AcceptReferral", accept, OTHER_TEAM)
    for actor in (HOSPITAL, OFFICER):
        with pytest.raises(errors.Denied):
            await call(house, "AcceptReferral", accept, actor)
    with pytest.raises(errors.Denied):
        await call(house, "RevokeReferral", revoke, TRIAGE)
    with pytest.raises(errors.NotFound):
        await call(house, "RevokeReferral", revoke, OFFICER)
    # Knowing the person is not enough to decide for the team that knows them too.
    await house.relate(person_id, OTHER_TEAM, common_pb2.RELATIONSHIP_KIND_PLAN_PARTNER)
    with pytest.raises(errors.Denied, match="only the team"):
        await call(house, "AcceptReferral", accept, OTHER_TEAM)


async def test_a_stranger_is_answered_not_found_and_entered_in_the_ledger(house: House) -> None:
    request = asked()
    referral_id = (await submit(house, request)).referral_id
    with pytest.raises(errors.NotFound):
        await get(house, referral_id, OFFICER)
    with pytest.raises(errors.NotFound):
        await get(house, str(uuid.uuid4()), OFFICER)
    (entry,) = await house.ledger(request.person_id)
    assert entry.outcome == governance_events.DISCLOSURE_OUTCOME_REFUSED
    assert entry.method == "joinedup.referrals.v1.Referrals/GetReferral"
    with pytest.raises(errors.Denied):
        await worklist(house, OFFICER, team_id="complex")


async def test_revoked_by_the_message_that_asked_and_twice_is_once(house: House) -> None:
    request = asked(message_id="bars/10")
    referral_id = (await submit(house, request)).referral_id
    revoke = pb.RevokeReferralRequest(message_id="bars/10")
    first = await call(house, "RevokeReferral", revoke, HOSPITAL)
    assert (first.referral_id, first.status, first.version) == (referral_id, pb.STATUS_CANCELLED, 2)
    assert await call(house, "RevokeReferral", revoke, HOSPITAL) == first
    revoke.entered_in_error = True
    with pytest.raises(errors.Conflict):
        await call(house, "RevokeReferral", revoke, HOSPITAL)
    with pytest.raises(errors.Invalid, match="referral_id"):
        await call(house, "RevokeReferral", pb.RevokeReferralRequest(), HOSPITAL)
    with pytest.raises(errors.NotFound):
        await call(house, "RevokeReferral", pb.RevokeReferralRequest(message_id="bars/none"), HOSPITAL)
    assert (await get(house, referral_id, HOSPITAL)).decisions[0].note == "revoked by the referrer"


async def test_what_was_entered_in_error_the_team_no_longer_knows(house: House) -> None:
    request = asked()
    referral_id = (await submit(house, request)).referral_id
    revoke = pb.RevokeReferralRequest(referral_id=referral_id, entered_in_error=True, note="Another Ana")
    answer = await call(house, "RevokeReferral", revoke, HOSPITAL)
    assert answer.status == pb.STATUS_ENTERED_IN_ERROR
    with pytest.raises(errors.NotFound):
        await get(house, referral_id)
    assert (await get(house, referral_id, HOSPITAL)).decisions[0].note == "Another Ana"
    assert len(await house.events(common_pb2.RelationshipEnded, person_id=request.person_id)) == 1


async def test_a_case_that_is_opened_sets_the_referral_in_progress_once(house: House) -> None:
    referral_id = (await submit(house)).referral_id
    opened = caseworker_events.CaseOpened(case_id="c", referral_id=referral_id, key_worker_id="kw2")
    await tell(house, opened)
    assert (await get(house, referral_id)).version == 1
    accept = pb.AcceptReferralRequest(referral_id=referral_id, version=1, key_worker_id="kw")
    await call(house, "AcceptReferral", accept, TRIAGE)
    for _ in range(2):
        await tell(house, opened)
    found = await get(house, referral_id)
    assert (found.status, found.version, found.key_worker_id) == (pb.STATUS_IN_PROGRESS, 3, "kw2")
    await tell(house, caseworker_events.CaseOpened(case_id="c", referral_id=str(uuid.uuid4())))
    odd = await house.rows("SELECT action FROM audit WHERE action LIKE 'referral.case_opened%' ORDER BY sequence")
    assert [row["action"] for row in odd] == [
        "referral.case_opened_though_closed",
        "referral.case_opened_without_referral",
    ]


async def test_routed_by_service_and_by_kind_area_and_room(house: House) -> None:
    by_service = await submit(house, asked(team_id="", service_id="dos-1"))
    assert by_service.team_id == "complex"
    where = {"team_id": "", "team_kind": "complex_needs", "outward_postcode": "ex31 "}
    first = await submit(house, asked(**where))
    assert first.team_id == "second"
    found = await get(house, first.referral_id, OTHER_TEAM)
    assert found.routing.startswith("Sent to Team second (Trust): a complex needs team for the person's area; of the 2")
    # Its one place is taken now.
    assert (await submit(house, asked(**where))).team_id == "complex"


async def test_what_nobody_can_take_yet_waits_and_is_sent_on_when_the_team_is_known(house: House) -> None:
    request = asked(team_id="", team_kind="falls", outward_postcode="EX9")
    answer = await submit(house, request)
    assert (answer.team_id, answer.version) == ("", 1)
    waiting = await get(house, answer.referral_id, HOSPITAL)
    assert waiting.status == pb.STATUS_REQUESTED
    assert "it waits here" in waiting.routing

    await tell(house, registered("falls-elsewhere", kind="falls", catchment=["PL1"]))
    assert (await get(house, answer.referral_id, HOSPITAL)).version == 1
    await tell(house, registered("falls", kind="falls", catchment=["EX9"], organisation_id="council"))
    member = replace(TRIAGE, team_ids=("falls",), organisation_id="council", sector=auth.Sector.COUNCIL)
    (found,) = (await worklist(house, member, team_id="falls")).referrals
    assert (found.referral_id, found.status, found.version) == (answer.referral_id, pb.STATUS_RECEIVED, 2)
    assert found.clock.started_at == waiting.clock.started_at
    assert found.decisions[0].status == pb.STATUS_RECEIVED
    (told,) = await house.events(events_pb2.ReferralStatusChanged, referral_id=answer.referral_id)
    assert (told.team_id, told.organisation_id, told.version) == ("falls", "council", 2)
    await tell(house, registered("falls", kind="falls", catchment=["EX9"], organisation_id="council"))
    assert (await get(house, answer.referral_id, HOSPITAL)).version == 2


async def test_a_team_that_is_named_before_it_is_known_is_waited_for_and_the_fallback_team_takes_the_rest(
    house: House,
) -> None:
    named = await submit(house, asked(team_id="late"))
    unserved = await submit(house, asked(team_id="", service_id="dos-none"))
    await tell(house, registered("late"))
    assert (await get(house, named.referral_id, HOSPITAL)).team_id == "late"
    assert (await get(house, unserved.referral_id, HOSPITAL)).status == pb.STATUS_REQUESTED
    await tell(house, registered("access", kind="single_point_of_access"), fallback="access")
    taken = await get(house, unserved.referral_id, HOSPITAL)
    assert (taken.team_id, taken.status) == ("access", pb.STATUS_RECEIVED)
    assert taken.routing.startswith("No team answers to the service dos-none; Team access (Trust) takes what has no")


Key = Callable[[pb.Referral], Any]


@pytest.mark.parametrize(
    ("order", "key"),
    [
        (pb.WORKLIST_ORDER_DUE, lambda one: (one.clock.due_at.ToNanoseconds(), one.referral_id)),
        (pb.WORKLIST_ORDER_RECEIVED_NEWEST, lambda one: -one.received_at.ToNanoseconds()),
        (
            pb.WORKLIST_ORDER_PRIORITY,
            lambda one: (-one.priority, one.clock.due_at.ToNanoseconds(), one.referral_id),
        ),
    ],
)
async def test_lists_are_ordered_and_paged_without_gap_or_repetition(
    house: House, order: pb.WorklistOrder.ValueType, key: Key
) -> None:
    team_id = f"paged-{order}"
    await tell(house, registered(team_id))
    member = replace(TRIAGE, team_ids=(team_id,))
    for turn in range(7):
        await submit(house, asked(team_id=team_id, priority=1 + turn % 4))
    seen: list[pb.Referral] = []
    token = ""
    for _ in range(3):
        page = common_pb2.PageRequest(size=3, token=token)
        answer = await worklist(house, member, team_id=team_id, order=order, page=page)
        assert answer.page.total == 7
        seen += answer.referrals
        token = answer.page.next_token
    assert token == ""
    assert len({one.referral_id for one in seen}) == 7
    assert seen == sorted(seen, key=key)
    with pytest.raises(errors.Invalid, match=r"page\.token"):
        await worklist(house, member, page=common_pb2.PageRequest(token="bm9uZQ"))
    everything = await worklist(house, member, statuses=[pb.STATUS_RECEIVED, pb.STATUS_ACCEPTED])
    assert everything.page.total == 7
    assert not (await worklist(house, member, statuses=[pb.STATUS_ACCEPTED])).referrals


async def test_a_round_finds_a_team_for_what_still_waits(house: House) -> None:
    assert isinstance(house.config, Settings)
    answers = [await submit(house, asked(team_id="", service_id="dos-nowhere")) for _ in range(3)]
    await tell(house, registered("desk", kind="single_point_of_access"))
    desk = referrals.desk(house.config.model_copy(update={"fallback_team_id": "desk"}))
    stop = asyncio.Event()
    making = rounds.Rounds(house.database, desk, every_seconds=0.05)
    running = asyncio.create_task(making.run(stop))
    for _ in range(200):
        if (await get(house, answers[-1].referral_id, HOSPITAL)).team_id == "desk":
            break
        await asyncio.sleep(0.05)
    stop.set()
    await running
    assert making.ready
    for answer in answers:
        found = await get(house, answer.referral_id, HOSPITAL)
        assert (found.team_id, found.version) == ("desk", 2)


async def test_the_tables_are_as_the_migration_makes_them(house: House) -> None:
    assert await service_house.drift(house, tables.Table.metadata) == []
