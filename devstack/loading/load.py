"""Loads a place: keys and users, directory, agreements, people, contacts; then waits until everybody has heard."""

from __future__ import annotations

import datetime
import functools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chassis.disclosure import agreements_file
from cli import target
from devstack import keys, layout, paths, state
from devstack.loading import directory, doubts, encounters, patience, people, record, settled
from devstack.place import export
from devstack.place.place import Place
from joinedup.governance.v1 import governance_pb2, governance_pb2_grpc

AGREEMENTS = paths.CHECKOUT / "governance" / "agreements"
CALL_SECONDS = 30.0
SETTLE_SECONDS = 300.0
# Agreements travel on it, and every service with a database hears them.
EVERYBODY_HEARS = "governance.events.v1"
COUNTING = ("insight.count", "encounters.events.v1")
"""The stream that insight counts in, and what it hears."""

Progress = Callable[[str, int, int], None]
"""Told of each step: what is loaded, how many more, of how many in all (0: not known)."""


@dataclass(frozen=True)
class Loaded:
    """What a run brought in that was not there before."""

    directory: int
    agreements: int
    people: int
    encounters: int


async def load(root: Path, place: Place, known: record.Record, progress: Progress = lambda *_: None) -> Loaded:
    """Load a place into the stack in `root`, as far as `known` says that it is not there yet.

    Raises what the services do, encounters.RefusedError and settled.NotSettledError.
    """
    where = target.find(root)
    keys.ensure(root / "keys", directory.integrators(place))
    export.write_users(place, root / "users.json")
    async with target.House(where) as house:
        changed = await _directory(house, place)
        published = await _agreements(house)
        progress("directory and agreements", 1, 1)
        try:
            new = await people.Registration(
                house, place, known, lambda: progress("people", 1, place.size), lambda: known.save(root)
            ).run()
            await doubts.Doubts(house, place, known).run()
            contacts = await encounters.Telling(house, place, known, lambda count: progress("contacts", count, 0)).run()
        finally:
            known.save(root)
    await settle(where)
    progress("heard by every service", 1, 1)
    return Loaded(changed, published, new, contacts)


async def settle(where: target.Target, seconds: float = SETTLE_SECONDS) -> None:
    """Wait until every service of a local stack has heard all that was told. Raises settled.NotSettledError."""
    known = state.read(where.root) if where.root else None
    running = [name for name in layout.RPC_PORTS if known and name in known.parts]
    groups = {f"{name}.consume": EVERYBODY_HEARS for name in running}
    if "insight" in running:
        groups |= dict([COUNTING])
    await settled.wait(where.config.kafka_bootstrap_servers, groups, seconds=seconds)


def of(root: Path, *, size: int, seed: int) -> tuple[Place, record.Record]:
    """The place to load into a stack, and what is there of it already. Raises record.OtherPlaceError."""
    known = record.opened(root, seed=seed, now=datetime.datetime.now(datetime.UTC))
    return Place(people=size, seed=seed, until=known.until_time), known


async def _directory(house: target.House, place: Place) -> int:
    request = directory.request(place)
    operator = house.operator()
    # A key of this run's own, as everywhere here: whoever changes something and changes it back wants it changed back.
    with operator.acting(key=f"place/directory/{uuid.uuid4()}"):
        stub = operator.stub(governance_pb2_grpc.DirectoryStub, "governance")
        answer = await patience.patiently(lambda: stub.RegisterDirectory(request, timeout=CALL_SECONDS))
    return answer.changed


async def _agreements(house: target.House) -> int:
    operator, published = house.operator(), 0
    stub = operator.stub(governance_pb2_grpc.GovernanceStub, "governance")
    for agreement in agreements_file.read_all(AGREEMENTS):
        request = governance_pb2.PublishAgreementRequest(agreement=agreement)
        publish = functools.partial(stub.PublishAgreement, request, timeout=CALL_SECONDS)
        with operator.acting(key=f"place/agreement/{uuid.uuid4()}"):
            published += (await patience.patiently(publish)).published
    return published
