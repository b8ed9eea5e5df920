"""What staff and systems of the county do: each act under a key, sent again while parts are away, as clients would."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
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
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Acts:
    """The acts of a referral's life, by the hospital, the complex needs team of North Moor, and agencies."""

    shire: county.County

    @property
    def triager(self) -> cast.Player:
        """Who decides about referrals."""
        return self.shire.cast.member("complex-north", "triage")

    @property
    def key_worker(self) -> cast.Player:
        """Who holds the cases."""
        return self.shire.cast.member("complex-north", "caseworker")

    async def refer(self, key: str, person: Person) -> str:
        """The hospital sends a message; the referral's id."""
        return await refer(self.shire, county.as_json(self.shire.bundle(key, person)))

    async def accept(self, key: str, referral_id: str) -> None:
        """The team takes a referral on."""
        stub = self.triager.caller.stub(referrals_pb2_grpc.ReferralsStub, "referrals")
        referral = await patiently(lambda: referring.referral(self.triager.caller, referral_id))
        request = referrals_pb2.AcceptReferralRequest(
            referral_id=referral_id, version=referral.version, key_worker_id=self.key_worker.id
        )
        await as_player(self.triager, f"{key}/accept", lambda: stub.AcceptReferral(request))

    async def case(self, person_id: str) -> str:
        """The case that the accepted referral opened; its id."""
        stub = self.key_worker.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")

        async def opened() -> str | None:
            with self.key_worker.caller.acting():
                return (await stub.GetCase(caseworker_pb2.GetCaseRequest(person_id=person_id))).case_id or None

        return await seeing.eventually(opened, "a case", seconds=PATIENCE_SECONDS)

    async def opened(self, key: str, person: Person) -> str:
        """All of that; the id of the person's case."""
        await self.accept(f"{self.shire.run}/{key}/{person.number}", await self.refer(key, person))
        return await self.case(self.shire.ids[person.id])

    async def ask(self, key: str, case_id: str, organisation_id: str, what: Mapping[str, str]) -> str:
        """The key worker gives an organisation something to do; the action's id."""
        stub = self.key_worker.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")
        request = caseworker_pb2.AssignActionRequest(
            case_id=case_id, organisation_id=organisation_id, what=common_pb2.Narrative(**what)
        )
        answer = await as_player(self.key_worker, f"{key}/ask/{organisation_id}", lambda: stub.AssignAction(request))
        return answer.action_id

    async def answer(
        self,
        key: str,
        action_id: str,
        team: str,
        status: caseworker_pb2.ActionStatus.ValueType,
        note: Mapping[str, str],
    ) -> None:
        """Somebody of the agency's team answers an action that nobody has answered yet."""
        partner = self.shire.cast.member(team, "partner")
        stub = partner.caller.stub(caseworker_pb2_grpc.CaseworkerStub, "caseworker")
        request = caseworker_pb2.AnswerActionRequest(
            action_id=action_id, version=1, status=status, note=common_pb2.Narrative(**note)
        )
        await as_player(partner, f"{key}/answer/{team}", lambda: stub.AnswerAction(request))

    async def attend(self, key: str, person_id: str) -> str:
        """The hospital tells of an A&E attendance just now; the contact's id."""
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
