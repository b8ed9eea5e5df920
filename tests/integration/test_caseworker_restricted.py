"""Through the real server: nothing that caseworker answers, as anybody, tells where a restricted person is."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import Message

from chassis import auth, errors
from chassis.disclosure import projections
from chassis.disclosure.whereabouts import MARK
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc, plan_pb2
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import events_pb2 as gateway_events
from joinedup.gateway.v1 import gateway_pb2
from joinedup.governance.v1 import directory_pb2
from joinedup.governance.v1 import events_pb2 as governance_events
from joinedup.identity.v1 import events_pb2 as identity_events
from joinedup.options.v1 import options_pb2
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.caseworker import clients, consumers, rpc
from services.caseworker.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House

KEY_WORKER = auth.Actor(
    subject="practitioner:kay",
    kind=auth.Kind.PRACTITIONER,
    organisation_id="trust",
    sector=auth.Sector.NHS,
    role="caseworker",
    team_ids=("complex",),
    practitioner_id="kay",
)
POLICE = replace(
    KEY_WORKER,
    subject="practitioner:pat",
    organisation_id="police",
    sector=auth.Sector.POLICE,
    role="partner",
    team_ids=(),
    practitioner_id="pat",
)
SURGERY = replace(POLICE, subject="practitioner:gp", organisation_id="surgery", sector=auth.Sector.NHS)
ITSELF = replace(auth.service_actor("caseworker"), purpose="direct_care")
REACTIONS = consumers.handlers(timedelta(hours=72))

ADDRESS = "12 Sparrowhawk Lane, QX41 7ZB"
PHONE = "01632 960451"
PRACTICE = "Nightingale Surgery"
HOMES = "Goldfinch Homes"
# What may be told to nobody; and the ids of those who take part, which those who hold the case are told.
CANARIES = ("Sparrowhawk", "QX41", "7ZB", "960451", "linnet", "Nightingale", "Goldfinch")
PARTNERS = ("surgery", "homes")


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Caseworker; everybody with a part in somebody's support, and it itself, may know everything."""
    nobody = clients.Peers(referrals=None)  # type: ignore[arg-type]  # cases are opened by event here
    async with service_house.house(
        database, tmp_path_factory.mktemp("trusted"), Settings, lambda config: rpc.services(nobody)
    ) as running:
        all_of_it = service_house.rule(*service_house.EVERYTHING, sectors=service_house.SECTORS)
        own = service_house.rule(
            *service_house.EVERYTHING,
            sectors=[common_pb2.SECTOR_UNSPECIFIED],
            kinds=[common_pb2.RELATIONSHIP_KIND_UNSPECIFIED],
        )
        own.id = "own"
        await running.agree(service_house.agreement(all_of_it, own))
        for one, name in (("surgery", PRACTICE), ("homes", HOMES), ("police", "Police"), ("trust", "Trust")):
            organisation = directory_pb2.Organisation(id=one, name=name)
            await running.handle(REACTIONS, governance_events.OrganisationRegistered(organisation=organisation))
        yield running


def stub(house: House) -> caseworker_pb2_grpc.CaseworkerAsyncStub:
    return house.channels.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")


async def call(house: House, name: str, request: Message, actor: auth.Actor = KEY_WORKER) -> Message:
    with acting(actor, idempotency_key=str(uuid.uuid4())):
        answer: Message = await getattr(stub(house), name)(request)
    return answer


@dataclass(frozen=True)
class Story:
    """Somebody about whom much was written before they had to hide."""

    case: caseworker_pb2.Case
    actions: tuple[str, ...]


async def told(house: House) -> Story:
    """Referred by their practice, seen there and by their landlord; each is asked for something, and all write."""
    person_id, referral_id = str(uuid.uuid4()), str(uuid.uuid4())
    submitted = referral_events.ReferralSubmitted(
        referral_id=referral_id, version=1, person_id=person_id, referrer_organisation_id="surgery"
    )
    submitted.submitted_at.GetCurrentTime()
    accepted = referral_events.ReferralStatusChanged(
        referral_id=referral_id,
        version=2,
        person_id=person_id,
        status=referrals_pb2.STATUS_ACCEPTED,
        organisation_id="trust",
        team_id="complex",
        key_worker_id="kay",
    )
    accepted.changed_at.GetCurrentTime()
    for event in (submitted, accepted):
        await house.handle(REACTIONS, event)
    for number, (kind, organisation) in enumerate(
        [
            (gateway_pb2.ENCOUNTER_CLASS_PRIMARY_CARE, "surgery"),
            (gateway_pb2.ENCOUNTER_CLASS_HOUSING, "homes"),
            (gateway_pb2.ENCOUNTER_CLASS_POLICE, "police"),
        ]
    ):
        seen = gateway_events.EncounterRecorded(
            encounter_id=f"e{number}", person_id=person_id, encounter_class=kind, organisation_id=organisation
        )
        seen.started_at.FromDatetime(datetime.now(UTC) - timedelta(days=9, hours=number))
        await house.handle(REACTIONS, seen)
    request = caseworker_pb2.GetCaseRequest(person_id=person_id)
    case = await call(house, "GetCase", request)
    assert isinstance(case, caseworker_pb2.Case)
    actions = []
    for organisation in ("surgery", "homes", "police"):
        asking = caseworker_pb2.AssignActionRequest(case_id=case.case_id, organisation_id=organisation)
        asking.what.housing = f"Change the lock at {ADDRESS}"
        answer = await call(house, "AssignAction", asking)
        assert isinstance(answer, caseworker_pb2.ActionResponse)
        actions.append(answer.action_id)
    refusing = caseworker_pb2.AnswerActionRequest(
        action_id=actions[0], version=1, status=caseworker_pb2.ACTION_STATUS_CANNOT
    )
    refusing.note.health = f"{PRACTICE} has no phone but {PHONE}"
    await call(house, "AnswerAction", refusing, SURGERY)
    note = caseworker_pb2.AddNoteRequest(case_id=case.case_id)
    note.note.safeguarding = f"Write to linnet@canary.example, not to {ADDRESS}"
    await call(house, "AddNote", note)
    await call(house, "UpdatePlan", caseworker_pb2.UpdatePlanRequest(case_id=case.case_id, version=1, content=plan()))
    return Story(case, tuple(actions))


def plan() -> plan_pb2.PlanContent:
    content = plan_pb2.PlanContent(strengths=f"Cooks for all of {ADDRESS}", formulation="Afraid of letters")
    need = content.needs.add()
    need.need.housing = f"The lock at {ADDRESS} is broken; ring {PHONE}"
    need.goals.add(goal="A quiet evening", importance=9)
    content.needs.add().need.health = "Sleep"
    content.contingency_plans.add(
        trigger_factors=["A letter", f"A call from {PHONE}"], what_should_happen=f"Take her to {ADDRESS}"
    )
    return content


async def restrict(house: House, person_id: str, *, version: int = 1, lifted: bool = False) -> None:
    event: Message
    if lifted:
        event = identity_events.PersonUnrestricted(person_id=person_id, version=version)
        event.unrestricted_at.GetCurrentTime()
    else:
        event = identity_events.PersonRestricted(person_id=person_id, version=version)
        event.restricted_at.GetCurrentTime()
    await house.handle(projections.HANDLERS, event)


def reads(story: Story) -> list[tuple[str, Message]]:
    """Every call that answers something about the person."""
    case_id, person_id = story.case.case_id, story.case.person_id
    statuses = [number for number in caseworker_pb2.ActionStatus.values() if number]
    return [
        ("GetCase", caseworker_pb2.GetCaseRequest(person_id=person_id)),
        ("ListCaseload", caseworker_pb2.ListCaseloadRequest(person_ids=[person_id])),
        ("GetPlan", caseworker_pb2.GetPlanRequest(case_id=case_id)),
        ("ListChronology", caseworker_pb2.ListChronologyRequest(person_id=person_id)),
        ("ListActions", caseworker_pb2.ListActionsRequest(case_id=case_id, statuses=statuses)),
        ("ListActions", caseworker_pb2.ListActionsRequest(statuses=statuses)),
        *(("GetAction", caseworker_pb2.GetActionRequest(action_id=one)) for one in story.actions),
    ]


async def everything(house: House, story: Story, actor: auth.Actor) -> str:
    """All that somebody is answered about the person."""
    return "\n".join([str(await call(house, name, request, actor)) for name, request in reads(story)])


async def test_no_answer_to_anybody_tells_where_a_restricted_person_is(house: House) -> None:
    story = await told(house)
    for actor in (KEY_WORKER, POLICE, SURGERY, ITSELF):
        before = await everything(house, story, actor)
        assert [text for text in CANARIES if text not in before] == [], "otherwise this search finds nothing"
    await restrict(house, story.case.person_id)
    for actor in (KEY_WORKER, POLICE, SURGERY, ITSELF):
        answered = await everything(house, story, actor)
        assert [text for text in CANARIES if text in answered] == [], actor.subject
        for kept in ("Seen in general practice", "Contact with the housing service", "Afraid of letters", MARK):
            assert kept in answered
    await restrict(house, story.case.person_id, version=2, lifted=True)
    for actor in (KEY_WORKER, POLICE):
        after = await everything(house, story, actor)
        assert [text for text in CANARIES if text not in after] == [], "nothing was lost"


async def test_who_else_takes_part_is_told_to_those_who_hold_the_case(house: House) -> None:
    story = await told(house)
    await restrict(house, story.case.person_id)
    holding = await everything(house, story, KEY_WORKER)
    assert all(f'organisation_id: "{one}"' in holding for one in PARTNERS)
    for partner in (POLICE, SURGERY):
        answered = await everything(house, story, partner)
        others = [one for one in PARTNERS if one != partner.organisation_id]
        assert [one for one in others if f'"{one}"' in answered] == []
        assert f'"{partner.organisation_id}"' in answered
        assert '"trust"' in answered
    case = await call(house, "GetCase", caseworker_pb2.GetCaseRequest(case_id=story.case.case_id), POLICE)
    assert isinstance(case, caseworker_pb2.Case)
    assert list(case.partner_organisation_ids) == ["police"]
    assert [(mark.field, mark.reason) for mark in case.withheld] == [("partner_organisation_ids", "restricted")]


async def test_the_chronology_says_that_it_withholds_with_whom_a_contact_was(house: House) -> None:
    story = await told(house)
    await restrict(house, story.case.person_id)
    request = caseworker_pb2.ListChronologyRequest(
        person_id=story.case.person_id, kinds=[caseworker_pb2.CHRONOLOGY_KIND_ENCOUNTER]
    )
    answer = await call(house, "ListChronology", request)
    assert isinstance(answer, caseworker_pb2.ListChronologyResponse)
    assert [entry.narrative.health for entry in answer.entries] == ["Seen in general practice", "", ""]
    for entry in answer.entries:
        assert not entry.HasField("contact_with")
        marks = {mark.field: (mark.reason, mark.data_class) for mark in entry.withheld}
        assert marks["contact_with.health"] == ("restricted", options_pb2.DATA_CLASS_CONTACT)


async def test_the_ledger_says_that_places_were_withheld(house: House) -> None:
    story = await told(house)
    await restrict(house, story.case.person_id)
    await call(house, "GetPlan", caseworker_pb2.GetPlanRequest(case_id=story.case.case_id))
    entry = (await house.ledger(story.case.person_id))[-1]
    (contact,) = [one for one in entry.classes if one.data_class == options_pb2.DATA_CLASS_CONTACT]
    # Strengths, the lock, the number to ring, the caller, and the place to go to.
    assert (contact.released, contact.reason, contact.fields) == (False, "restricted", 5)


async def test_a_plan_that_is_saved_with_its_marks_keeps_what_they_stand_for(house: House) -> None:
    story = await told(house)
    person_id, case_id = story.case.person_id, story.case.case_id
    await restrict(house, person_id)
    standing = await call(house, "GetPlan", caseworker_pb2.GetPlanRequest(case_id=case_id))
    assert isinstance(standing, plan_pb2.Plan)
    content = standing.content
    assert content.strengths == f"Cooks for all of {MARK}"
    content.strengths = f"Cooks, and sings, for all of {MARK}"
    content.needs.pop()
    content.contingency_plans[0].trigger_factors.insert(0, "A knock")
    saving = caseworker_pb2.UpdatePlanRequest(case_id=case_id, version=standing.version, content=content)
    await call(house, "UpdatePlan", saving)

    erased = caseworker_pb2.UpdatePlanRequest(case_id=case_id, version=standing.version + 1, content=content)
    erased.content.strengths = "Cooks"
    erased.content.needs[0].Clear()
    with pytest.raises(errors.Invalid) as refusal:
        await call(house, "UpdatePlan", erased)
    assert {one.field for one in refusal.value.violations} == {"content.strengths", "content.needs[0].need.housing"}
    assert all("marks" in one.problem for one in refusal.value.violations)

    await restrict(house, person_id, version=2, lifted=True)
    # Who opened the plan before the mark was lifted saves it with its marks, and loses nothing either.
    saving.version += 1
    await call(house, "UpdatePlan", saving)
    kept = await call(house, "GetPlan", caseworker_pb2.GetPlanRequest(case_id=case_id))
    assert isinstance(kept, plan_pb2.Plan)
    wanted = plan()
    wanted.strengths = f"Cooks, and sings, for all of {ADDRESS}"
    del wanted.needs[1]
    wanted.contingency_plans[0].trigger_factors.insert(0, "A knock")
    assert kept.content == wanted
