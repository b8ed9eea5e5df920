"""A small county on a running stack: who to act as in it, and its databases, log and mailbox to look into."""

from __future__ import annotations

import asyncio
import json
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka import ConsumerRecord

from chassis import deadletter
from chassis.settings import ServiceSettings
from cli import log, referring, target
from devstack import layout, stack
from devstack.demo import cast, seeing
from devstack.loading import load
from devstack.place import bars
from devstack.place.people import Person
from devstack.place.place import Place
from joinedup.governance.v1 import governance_pb2, governance_pb2_grpc
from joinedup.notify.v1 import notify_pb2, notify_pb2_grpc
from tests import mailbox, standing

SERVICES = tuple(layout.RPC_PORTS)
SETTLE_SECONDS = 120.0
UNSENT = "SELECT count(*) AS waiting FROM message WHERE status IN ('created', 'sending', 'temporary-failure')"


@dataclass
class County:
    """A running stack with a place loaded into it, and open channels to it."""

    standing: standing.Standing
    house: target.House
    cast: cast.Cast = field(init=False)
    # People about whom no test has done anything yet; the one of the story is left to it.
    fresh: Iterator[Person] = field(init=False)
    mailbox: mailbox.Mailbox = field(init=False)
    # Part of every message's key, so that a stack may be used twice.
    run: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    def __post_init__(self) -> None:
        self.cast = cast.Cast(self.house, self.place)
        self.fresh = iter(self.people()[1:])
        self.mailbox = mailbox.Mailbox(self.house.target.mailbox_url)

    @property
    def root(self) -> Path:
        """The stack's folder."""
        return self.standing.root

    @property
    def place(self) -> Place:
        """Who and what there is in the county."""
        return self.standing.place

    @property
    def config(self) -> ServiceSettings:
        """Settings by which Kafka and the services are reached."""
        return self.house.target.config

    def people(self) -> list[Person]:
        """Everybody in the place; who they are at identity is in `ids`."""
        return list(self.place.people())

    @property
    def ids(self) -> dict[str, str]:
        """Identity's id of each person, by the place's."""
        return self.standing.known.people

    # The door for messages

    def bundle(self, key: str, person: Person, **told: Any) -> dict[str, Any]:
        """A BaRS referral of a person by the hospital, as a tree; the same key and person is the same message."""
        usual: dict[str, Any] = {
            "sender": self.place.organisations["hospital"],
            "requester": next(one for one in self.place.practitioners if one.name == "Dr Chidi Okonkwo"),
            "receiver": self.place.organisations["community"],
            "team": self.place.teams["complex-north"],
            "authored": datetime.now(UTC).replace(microsecond=0),
            "priority": "urgent",
            "reason": "Five attendances in a month",
            "narrative": "Seen after a fall; lives alone and is frightened at night.",
        }
        named = f"{self.run}/{key}/{person.number}"
        return bars.bundle(self.place.seeding, bars.ReferralMessage(key=named, person=person, **(usual | told)))

    async def knock(self, content: bytes, *, sender: str = "hospital", **headers: str) -> httpx.Response:
        """Put content through the gateway's door as an organisation of the place; headers replace the usual ones."""
        system = self.cast.system(sender)
        usual = {
            "authorization": f"Bearer {system.signer.token(system.actor, 'gateway', datetime.now(UTC))}",
            "content-type": "application/fhir+json",
        }
        sent = usual | {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            url = f"{self.house.target.gateway_url}{referring.DOOR}"
            return await client.post(url, content=content, headers={name: text for name, text in sent.items() if text})

    # Looking inside

    async def rows(self, service: str, query: str, *values: Any) -> list[asyncpg.Record]:
        """Ask a service's database past row-level security."""
        url = stack.environment(service, self.root)["JOINEDUP_MIGRATION_DATABASE_URL"]
        connection = await asyncpg.connect(url, server_settings={"joinedup.actor_kind": "service"}, timeout=20)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    async def count(self, service: str, table: str) -> int:
        """How many rows a table has."""
        return int((await self.rows(service, f"SELECT count(*) FROM {table}"))[0][0])

    async def records(self, *topics: str) -> list[ConsumerRecord[bytes, bytes]]:
        """Everything on some topics, each partition in its order."""
        return [one async for one in log.read(self.config, topics)]

    async def dead(self) -> dict[str, deadletter.Dead]:
        """The dead letters of every group that were not sent back, by group and id."""
        topics = [name for name in await log.topics(self.config) if name.endswith(".dlq.v1")]
        groups = [name.removesuffix(".dlq.v1") for name in topics]
        letters = await asyncio.gather(*(deadletter.read(self.config, group) for group in groups))
        return {f"{one.group}/{one.id}": one for found in letters for one in found if not one.redriven}

    async def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until all that was told has been heard by everybody, and every mail that is due has left."""

        async def sent() -> bool | None:
            return True if (await self.rows("notify", UNSENT))[0]["waiting"] == 0 else None

        async def published() -> bool | None:
            waiting = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
            left = [(await self.rows(service, waiting))[0][0] for service in SERVICES]
            return None if any(left) else True

        for _ in range(2):
            # Hearing leads to mail, and mail to telling.
            await seeing.eventually(published, "every outbox drained", seconds=seconds)
            await load.settle(self.house.target, seconds)
            await seeing.eventually(sent, "every message sent", seconds=seconds)

    # Governance and notify, as those who may ask

    async def ledger(self, person_id: str) -> list[governance_pb2.LedgerEntry]:
        """The ledger's latest entries about a person, as an information governance lead sees them."""
        lead = self.cast.overseer("hospital").caller
        stub = lead.stub(governance_pb2_grpc.GovernanceStub, "governance")
        request = governance_pb2.ListDisclosuresRequest(person_id=person_id)
        request.page.size = 200
        with lead.acting(purpose="audit"):
            return list((await stub.ListDisclosures(request)).entries)

    async def verified(self) -> governance_pb2.VerifyLedgerResponse:
        """What the ledger says when its chain is computed anew."""
        operator = self.house.operator()
        stub = operator.stub(governance_pb2_grpc.GovernanceStub, "governance")
        with operator.acting(purpose="audit"):
            return await stub.VerifyLedger(governance_pb2.VerifyLedgerRequest(), timeout=30)

    async def messages(self, **asked: Any) -> list[notify_pb2.Message]:
        """Messages as the operator sees them, newest first."""
        operator = self.house.operator()
        stub = operator.stub(notify_pb2_grpc.NotifyStub, "notify")
        request = notify_pb2.ListMessagesRequest(**asked)
        request.page.size = 200
        with operator.acting():
            return list((await stub.ListMessages(request)).messages)

    # Breaking and mending

    def kill(self, part: str, signum: signal.Signals = signal.SIGKILL) -> int:
        """Send a part a signal, kill -9 by default; the pid it had."""
        return stack.kill(part, self.root, signum)

    async def back(self, part: str, killed: int) -> None:
        """Wait until the successor of a killed part is ready."""
        await asyncio.to_thread(stack.await_part, part, self.root, after=killed)

    async def crash(self, part: str) -> None:
        """Kill -9, and keep it down until `release`."""
        self.kill(part)
        await asyncio.to_thread(stack.hold, part, self.root)
        await seeing.eventually(self._is_held(part), f"{part} held down")

    async def hold(self, part: str) -> None:
        """Stop a part gently and keep it down until `release`."""
        await asyncio.to_thread(stack.hold, part, self.root)

    async def release(self, part: str) -> None:
        """Let a held part come up again, and wait until it is ready."""
        await asyncio.to_thread(stack.release, part, self.root)

    async def readiness(self, service: str) -> int:
        """The answer of a service's /readyz: 200, 503, or 0 when nobody listens."""
        port = stack.status(self.root)["ports"][f"{service}-probe"]
        try:
            async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code
        except httpx.HTTPError:
            return 0

    def _is_held(self, part: str) -> Callable[[], Awaitable[bool | None]]:
        async def held() -> bool | None:
            return stack.status(self.root)["parts"][part]["phase"] == "held" or None

        return held


@asynccontextmanager
async def opened(stack: standing.Standing) -> AsyncIterator[County]:
    """The county on a stack that stands, with channels for the running loop."""
    async with stack.house() as house:
        yield County(stack, house)


def as_json(tree: Mapping[str, Any]) -> bytes:
    """A message as sent."""
    return json.dumps(tree, ensure_ascii=False).encode()


def referral_id(answer: Mapping[str, Any]) -> str:
    """The id of the referral that a message became, from the door's answer to it."""
    for entry in answer["entry"]:
        for focus in entry["resource"].get("focus", ()):
            if focus["identifier"]["system"] == referring.REFERRAL:
                return str(focus["identifier"]["value"])
    raise AssertionError(f"no referral is named in {answer}")
