"""A trickle of ordinary work: referrals are sent, accepted, acted on and answered, whatever happens meanwhile.

Every step is a command under a key of its own, sent again under the same key while parts are away, as any client would.
What was acknowledged is written down, to be asked for afterwards.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from devstack.place.people import Person
from joinedup.caseworker.v1 import caseworker_pb2
from tests import county
from tests.acts import Acts

WORKERS = 3
LONGEST_PAUSE_SECONDS = 0.4
LIVES_SECONDS = 120.0
WHAT = {"housing": "Visit", "voice": "I would like somebody to call"}
NOTE = {"housing": "Nobody was in"}
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

    async def until(self, lives: int) -> None:
        """Wait until so many were lived to their end. Raises what a worker has met."""
        end = asyncio.get_running_loop().time() + LIVES_SECONDS
        while len(self.done.encounters) < lives:
            self.check()
            assert asyncio.get_running_loop().time() < end, f"{len(self.done.encounters)} of {lives} lives flowed"
            await asyncio.sleep(0.1)

    async def _work(self, number: int) -> None:
        chance = random.Random(self.chance.random())
        for person in self.people:
            if self._stop.is_set():
                return
            await self._live(person, f"{self.shire.run}/{self.key}/{person.number}", chance)

    async def _live(self, person: Person, key: str, chance: random.Random) -> None:
        acts, person_id = Acts(self.shire), self.shire.ids[person.id]
        referral_id = await acts.refer(self.key, person)
        self.done.referrals.append(Did(person_id, referral_id))
        await acts.accept(key, referral_id)
        self.done.accepted.append(Did(person_id, referral_id))
        await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
        case_id = await acts.case(person_id)
        for organisation, team in chance.sample(AGENCIES, 2):
            agency = self.shire.place.organisations[organisation]
            action_id = await acts.ask(key, case_id, agency.id, WHAT)
            self.done.actions.append(Did(person_id, action_id))
            await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
            await acts.answer(key, action_id, team, chance.choice(ANSWERS), NOTE)
            self.done.answers.append(Did(person_id, action_id))
        encounter_id = await acts.attend(key, person_id)
        self.done.encounters.append(Did(person_id, encounter_id))
