"""A trickle of ordinary work: referrals are sent, accepted, acted on and answered, whatever happens meanwhile.

Every step is a command under a key of its own, sent again under the same key while parts are away, as any client would.
What was acknowledged is written down, to be asked for afterwards.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from chassis import errors
from cli import encounter, referring
from devstack.demo import cast, seeing
from devstack.place.people import Person
from joinedup.caseworker.v1 import caseworker_pb2, caseworker_pb2_grpc
from joinedup.common.v1 import common_pb2
from joinedup.gateway.v1 import gateway_pb2
from joinedup.referrals.v1 import referrals_pb2, referrals_pb2_grpc
from tests import county

T = TypeVar("T")
WORKERS = 3
PATIENCE_SECONDS = 60.0
# Whose staff carry actions, and in which team they are; the last one's mail carries a link and nothing more.
AGENCIES = (
    ("council-north", "housing-options"),
    ("homes", "tenancy"),
    ("police", "policing"),
    ("lantern", "outreach"),
)
ANSWERS = (
    caseworker_pb2.ACTION_STATUS_ACCEPTED,
    caseworker_pb2.ACTION_STATUS_DONE,
    caseworker_pb2.ACTION_STATUS_CANNOT,
)


@dataclass(frozen=True)
class Did:
    """One acknowledged act: about whom, and what it was called by."""

    person_id: str
    id: str


@dataclass
class Acknowledged:
    """Everything that the house said it had done."""

    referrals: list[Did] = field(default_factory=list)
    accepted: list[Did] = field(default_factory=list)
    actions: list[Did] = field(default_factory=list)
    answers: list[Did] = field(default_factory=list)
    encounters: list[Did] = field(default_factory=list)

    @property
    def people(self) -> set[str]:
        """Everybody about whom anything was done."""
        return {did.person_id for did in self.referrals}


@dataclass
class Trickle:
    """Workers that each take one person after another through a referral's life."""

    shire: county.County
    chance: random.Random
    people: Iterator[Person]
    key: str
    done: Acknowledged = field(default_factory=Acknowledged)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _workers: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Trickle:
        """Let it flow."""
        self._workers = [asyncio.create_task(self._work(number)) for number in range(WORKERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let what was begun be finished; raises what a worker raised."""
        self._stop.set()
        finished = await asyncio.gather(*self._workers, return_exceptions=True)
        for outcome in finished:
            if isinstance(outcome, BaseException):
                raise outcome

    def check(self) -> None:
        """Raise what a worker has met."""
        for worker in self._workers:
            if worker.done():
                worker.result()

    async def _work(self, number: int) -> None:
        chance = random.Random(self.chance.random())
        for person in self.people:
            if self._stop.is_set():
                return
            await self._live(person, f"{self.shire.run}/{self.key}/{person.number}", chance)

    async def _live(self, person: Person, key: str, chance: random.Random) -> None:
        person_id = self.shire.ids[person.id]
        referral_id = await self._refer(person, key)
        self.done.referrals.append(Did(person_id, referral_id))
        await self._accept(referral_id, key, chance)
        self.done.accepted.append(Did(person_id, referral_id))
        await asyncio.sleep(chance.uniform(0, 0.3))
        case_id = await self._case(person_id)
        for organisation, team in chance.sample(AGENCIES, 2):
            action_id = await self._ask(case_id, organisation, key)
            self.done.actions.append(Did(person_id, action_id))
            await asyncio.sleep(chance.uniform(0, 0.3))
            await self._answer(action_id, team, key, chance.choice(ANSWERS))
            self.done.answers.append(Did(person_id, action_id))
        encounter_id = await self._attend(person_id, key)
        self.done.encounters.append(Did(person_id, encounter_id))

    async def _refer(self, person: Person, key: str) -> str:
        return await refer(self.shire, county.as_json(self.shire.bundle(key, person)))

    async def _accept(self, referral_id: str, key: str, chance: random.Random) -> None:
        triager = self.shire.cast.member("complex-north", "triage")
        stub = triager.caller.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
        referral = await patiently(lambda: referring.referral(triager.caller, referral_id))
        request = referrals_pb2.AcceptReferralRequest(
            referral_id=referral_id, version=referral.version, key_worker_id=self._key_worker.id
        )
        await as_player(triager, f"{key}/accept", lambda: stub.AcceptReferral(request))
        await asyncio.sleep(chance.uniform(0, 0.3))

    @property
    def _key_worker(self) -> cast.Player:
        return self.shire.cast.member("complex-north", "caseworker")

    async def _case(self, person_id: str) -> str:
        stub = self._key_worker.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")

        async def opened() -> str | None:
            with self._key_worker.caller.acting():
                return (await stub.GetCase(caseworker_pb2.GetCaseRequest(person_id=person_id))).case_id or None

        return await seeing.eventually(opened, "a case", seconds=PATIENCE_SECONDS)

    async def _ask(self, case_id: str, organisation: str, key: str) -> str:
        stub = self._key_worker.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")
        request = caseworker_pb2.AssignActionRequest(
            case_id=case_id,
            organisation_id=self.shire.place.organisations[organisation].id,
            what=common_pb2.Narrative(housing="Visit", voice="I would like somebody to call"),
        )
        answer = await as_player(self._key_worker, f"{key}/ask/{organisation}", lambda: stub.AssignAction(request))
        return answer.action_id

    async def _answer(self, action_id: str, team: str, key: str, status: caseworker_pb2.ActionStatus.ValueType) -> None:
        partner = self.shire.cast.member(team, "partner")
        stub = partner.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")
        request = caseworker_pb2.AnswerActionRequest(
            action_id=action_id, version=1, status=status, note=common_pb2.Narrative(housing="Nobody was in")
        )
        await as_player(partner, f"{key}/answer/{team}", lambda: stub.AnswerAction(request))

    async def _attend(self, person_id: str, key: str) -> str:
        message = gateway_pb2.Encounter(
            encounter_id=f"{key}/attendance",
            person_id=person_id,
            encounter_class=gateway_pb2.ENCOUNTER_CLASS_EMERGENCY,
        )
        message.started_at.GetCurrentTime()
        hospital = self.shire.cast.system("hospital")
        await patiently(lambda: encounter.record(hospital, message))
        return message.encounter_id


async def refer(shire: county.County, content: bytes) -> str:
    """Send a message until it is answered; the referral's id."""
    end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        told = ""
        try:
            answer = await shire.knock(content)
            told = f"{answer.status_code}: {answer.text[:500]}"
            if answer.status_code == httpx.codes.OK:
                return county.referral_id(answer.json())
            # Whatever is away, a sender is told so in FHIR, and to try again.
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, told
            assert answer.json()["issue"][0]["code"] == "transient", told
        except httpx.TransportError as gone:
            told = repr(gone)
        assert asyncio.get_running_loop().time() < end, f"not taken in within {PATIENCE_SECONDS} s: {told}"
        await asyncio.sleep(0.3)


async def as_player(player: cast.Player, key: str, ask: Callable[[], Awaitable[T]]) -> T:
    """A command in a player's name, sent again under the same key while parts are away."""

    async def asked() -> T:
        with player.caller.acting(key=key):
            return await ask()

    return await patiently(asked)


async def patiently(ask: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE_SECONDS) -> T:
    """The answer of `ask`, asked again while parts are away, and only then."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await ask()
        except errors.Unavailable:
            if asyncio.get_running_loop().time() > end:
                raise
            await asyncio.sleep(0.2)
