"""Registers the place's people at identity, each in the name of the practice where they are registered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chassis.auth import Sector
from cli import target
from devstack.loading import directory, patience, record
from devstack.place import encounters
from devstack.place.people import Person
from devstack.place.place import Place
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc

AT_ONCE = 8
CALL_SECONDS = 30.0


@dataclass
class Registration:
    """One run: `done` is called after each person, `save` now and then."""

    house: target.House
    place: Place
    known: record.Record
    done: Callable[[], None]
    save: Callable[[], None]

    async def run(self) -> int:
        """Register everybody who is not in the record yet; how many that were. Raises what RegisterPerson does."""
        waiting = (person for person in self.place.people() if person.id not in self.known.people)
        before = len(self.known.people)
        await patience.together(*(self._work(waiting) for _ in range(AT_ONCE)))
        return len(self.known.people) - before

    async def _work(self, waiting: Iterator[Person]) -> None:
        for person in waiting:
            self.known.people[person.id] = await _register(self.house, self.place, person)
            self.done()
            if len(self.known.people) % 1_000 == 0:
                self.save()


async def _register(house: target.House, place: Place, person: Person) -> str:
    surgery = place.organisations[encounters.surgery(person.address.outward)]
    practice = house.integrator(directory.code(surgery), sector=Sector.NHS)
    request = identity_pb2.RegisterPersonRequest(demographics=demographics(person), source=f"place/{person.id}")
    # The same person is one command however often it is sent; other demographics under the same id are another one.
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()[:16]
    with practice.acting(key=f"place/{person.id}/{digest}"):
        stub = practice.stub(identity_pb2_grpc.IdentityStub, "identity")
        answer = await patience.patiently(lambda: stub.RegisterPerson(request, timeout=CALL_SECONDS))
    return answer.person_id


def demographics(person: Person) -> identity_pb2.Demographics:
    """What a practice knows of its patient."""
    return identity_pb2.Demographics(
        nhs_number=person.nhs_number,
        name=identity_pb2.Name(given=person.given, family=person.family),
        birth_date=person.birth_date.isoformat(),
        gender=person.gender,
        address=identity_pb2.Address(lines=person.address.lines, postcode=person.postcode),
        telephone=person.phone,
    )
