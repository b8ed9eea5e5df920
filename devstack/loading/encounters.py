"""Tells the gateway the place's half year of contacts, each organisation its own, in batches."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chassis.auth import Sector
from cli import target
from devstack.loading import directory, patience, record
from devstack.place import encounters as contacts
from devstack.place.encounters import Encounter
from devstack.place.organisations import Organisation
from devstack.place.place import Place
from joinedup.gateway.v1 import gateway_pb2, gateway_pb2_grpc

BATCH = 500
AT_ONCE = 2
CALL_SECONDS = 60.0


class RefusedError(RuntimeError):
    """The gateway refused a contact of the place; the text says which field of which."""


@dataclass
class Telling:
    """One run: `done` is told how many more contacts were taken; `new` counts those that were not known before."""

    house: target.House
    place: Place
    known: record.Record
    done: Callable[[int], None]
    new: int = 0

    async def run(self) -> int:
        """Record the contacts of everybody whose contacts are not in the record; how many were new.

        Raises RefusedError, and what RecordEncounters does.
        """
        batches = _batches(self.place, self.known.with_encounters)
        await patience.together(*(self._work(batches) for _ in range(AT_ONCE)))
        self.known.with_encounters = max(self.known.with_encounters, self.place.size)
        return self.new

    async def _work(self, batches: Iterator[list[Encounter]]) -> None:
        by_id = {organisation.id: organisation for organisation in self.place.organisations.values()}
        for batch in batches:
            new = await _tell(self.house, by_id[batch[0].organisation_id], self.known, batch)
            self.new += new
            self.done(len(batch))


def _batches(place: Place, after: int) -> Iterator[list[Encounter]]:
    """Contacts of one organisation at a time, for people from number `after` on; memory stays bounded."""
    open_batches: dict[str, list[Encounter]] = {}
    for person in place.people():
        if person.number < after:
            continue
        for contact in contacts.encounters(place.seeding, person, place.organisations, place.until):
            batch = open_batches.setdefault(contact.organisation_id, [])
            batch.append(contact)
            if len(batch) == BATCH:
                yield open_batches.pop(contact.organisation_id)
    yield from open_batches.values()


async def _tell(house: target.House, organisation: Organisation, known: record.Record, batch: list[Encounter]) -> int:
    request = gateway_pb2.RecordEncountersRequest(encounters=[_message(one, known.people[one.person]) for one in batch])
    system = house.integrator(directory.code(organisation), sector=Sector(organisation.sector.value))
    # A key of this run's own: what was told before is to be counted as such, not answered as it was then.
    with system.acting(key=f"place/encounters/{uuid.uuid4()}"):
        stub = system.stub(gateway_pb2_grpc.GatewayStub, "gateway")
        answer = await patience.patiently(lambda: stub.RecordEncounters(request, timeout=CALL_SECONDS))
    if answer.refusals:
        first = answer.refusals[0]
        raise RefusedError(f"contact {first.encounter_id}: {first.field} {first.problem}")
    return answer.recorded


def _message(contact: Encounter, person_id: str) -> gateway_pb2.Encounter:
    message = gateway_pb2.Encounter(
        encounter_id=contact.id,
        person_id=person_id,
        encounter_class=gateway_pb2.EncounterClass.Value(f"ENCOUNTER_CLASS_{contact.encounter_class.name}"),
        organisation_id=contact.organisation_id,
    )
    message.started_at.FromDatetime(contact.at)
    return message
