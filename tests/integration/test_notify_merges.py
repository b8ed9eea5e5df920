"""Messages about people who were merged: what was told is history, and what waits names whoever it is about."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from chassis import auth, work
from chassis.disclosure import merges
from chassis.rpc.client import acting
from devstack.databases import Database
from joinedup.caseworker.v1 import caseworker_pb2
from joinedup.caseworker.v1 import events_pb2 as case_events
from joinedup.identity.v1 import identity_pb2
from joinedup.notify.v1 import notify_pb2
from joinedup.notify.v1.notify_pb2_grpc import NotifyStub
from joinedup.referrals.v1 import events_pb2 as referral_events
from joinedup.referrals.v1 import referrals_pb2
from services.notify import clients, compose, consumers, domain, recipients, rpc, store
from services.notify.settings import Settings
from tests.integration import service_house
from tests.integration.service_house import House

OPERATOR = auth.Actor("operator:tests", auth.Kind.OPERATOR, role="operator", purpose="administration")


@pytest.fixture(scope="module")
async def house(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """Notify for this module."""
    trusted = tmp_path_factory.mktemp("trusted")
    async with service_house.house(database, trusted, Settings, lambda config: rpc.SERVICES) as running:
        yield running


@dataclass
class Owners:
    """Answers what the owners of the data are asked: whom an action or a referral is about by now, and who that is."""

    about: str
    asked: list[str] = field(default_factory=list)

    async def GetPerson(self, request: identity_pb2.GetPersonRequest) -> identity_pb2.Person:  # noqa: N802
        """A person, named after their id."""
        self.asked.append(request.person_id)
        name = identity_pb2.Name(family=f"of {request.person_id}")
        return identity_pb2.Person(demographics=identity_pb2.Demographics(name=name))

    async def GetAction(self, request: caseworker_pb2.GetActionRequest) -> caseworker_pb2.Action:  # noqa: N802
        """An action."""
        return caseworker_pb2.Action(action_id=request.action_id, person_id=self.about)

    async def GetReferral(self, request: referrals_pb2.GetReferralRequest) -> referrals_pb2.Referral:  # noqa: N802
        """A referral."""
        return referrals_pb2.Referral(referral_id=request.referral_id, person_id=self.about)


async def keep(house: House, spell: merges.Spell) -> merges.Spell:
    """Follow a merge, or its end, as the projection does."""
    async with work.unit(house.database, house.actor, service="notify") as unit:
        await merges.keep(unit.session, spell)
    return spell


async def messages(house: House, person_id: str) -> list[notify_pb2.Message]:
    """The messages by this id, as whoever runs the platform sees them."""
    with acting(OPERATOR):
        stub = house.channels.stub(NotifyStub, "notify")
        return list((await stub.ListMessages(notify_pb2.ListMessagesRequest(person_id=person_id))).messages)


async def assigned(house: House, person_id: str, action_id: str) -> None:
    """An agency is given something to do for somebody."""
    event = case_events.ActionAssigned(
        action_id=action_id, version=1, person_id=person_id, organisation_id="homes", case_id="case"
    )
    await house.handle(consumers.HANDLERS, event)


async def test_what_was_told_while_they_were_merged_stays_where_it_was_told(house: House) -> None:
    kept, gone, action_id = (str(uuid.uuid4()) for _ in range(3))
    spell = await keep(house, merges.Spell(str(uuid.uuid4()), kept, gone, datetime.now(UTC)))
    await assigned(house, kept, action_id)
    (told,) = await messages(house, gone)
    assert told.person_id == kept
    await keep(house, replace(spell, unmerged_at=datetime.now(UTC)))
    # A human says that the case with its action is the other's. What the agency was told is a fact about that day.
    moved = case_events.CaseAssigned(
        case_id="case", version=2, person_id=gone, former_person_id=kept, merge_id=spell.merge_id
    )
    assert type(moved) not in consumers.HANDLERS
    assert referral_events.ReferralAssigned not in consumers.HANDLERS
    assert ([one.message_id for one in await messages(house, kept)], await messages(house, gone)) == (
        [told.message_id],
        [],
    )
    # Nobody is told the same twice for it.
    await assigned(house, gone, action_id)
    assert await messages(house, gone) == []


@pytest.mark.parametrize(
    ("template", "source"),
    [
        (domain.Template.ACTION_ASSIGNED, "action/a1"),
        (domain.Template.ACTION_ANSWERED, "action/a1"),
        (domain.Template.ACTION_CANCELLED, "action/a1"),
        (domain.Template.REFERRAL_DECIDED, "referral/r1"),
    ],
)
async def test_a_message_that_waits_names_whomever_its_record_is_about_by_now(
    template: domain.Template, source: str
) -> None:
    owners = Owners(about="gone")
    peers = clients.Peers(owners, owners, owners, owners)  # type: ignore[arg-type]  # four calls of them are made
    now = datetime.now(UTC)
    row = store.MessageRow(
        message_id="m1",
        version=1,
        person_id="kept",
        template=template,
        organisation_id="homes",
        source=source,
        status=domain.Status.CREATED,
        created_at=now,
    )
    reader = recipients.Recipient("Homes", "homes@nhs.net", auth.service_actor("notify"))
    text = await compose.body(row, reader, peers, portal="https://portal", link_only=False)
    assert "of gone" in text
    assert owners.asked == ["gone"], "and nobody is asked about the one whom it does not concern"


async def test_an_agency_learns_that_it_is_not_needed_and_a_key_worker_that_there_is_news(house: House) -> None:
    person_id = str(uuid.uuid4())
    cancelled = case_events.ActionCancelled(
        action_id=str(uuid.uuid4()), version=2, case_id="case", person_id=person_id, organisation_id="homes"
    )
    news = case_events.PersonNewsRaised(
        news_id=str(uuid.uuid4()), version=1, case_id="case", person_id=person_id, organisation_id="trust",
        key_worker_id="kay",
    )  # fmt: skip
    for event in (cancelled, cancelled, news, news):
        await house.handle(consumers.HANDLERS, event)
    told = {(one.template, one.organisation_id, one.practitioner_id) for one in await messages(house, person_id)}
    assert told == {("action_cancelled", "homes", ""), ("person_news", "trust", "kay")}
    assert len(await messages(house, person_id)) == 2


def test_every_message_has_a_subject_and_an_opening() -> None:
    assert set(compose.SUBJECTS) == set(compose.OPENINGS) == set(domain.Template)
