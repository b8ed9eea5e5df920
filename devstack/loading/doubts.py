"""Registers a few people a second time, as an emergency department heard them: for the review queue."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass

from cli import target
from devstack.loading import patience, record
from devstack.place.people import Person
from devstack.place.place import Place
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc

CALL_SECONDS = 30.0
HOSPITAL = "ZWA"
# Positions of the people who are heard wrong; a smaller place has none.
POSITIONS = (501, 902, 1303)


@dataclass(frozen=True)
class Doubts:
    """One run."""

    house: target.House
    place: Place
    known: record.Record

    async def run(self) -> int:
        """Register those who are not in the record yet; how many that were. Raises what RegisterPerson does."""
        people = enumerate(itertools.islice(self.place.people(), max(POSITIONS) + 1))
        heard = [person for position, person in people if position in POSITIONS]
        waiting = [person for person in heard if person.id not in self.known.doubts]
        for person in waiting:
            await self._register(person)
            self.known.doubts.append(person.id)
        return len(waiting)

    async def _register(self, person: Person) -> None:
        hospital = self.house.integrator(HOSPITAL)
        request = identity_pb2.RegisterPersonRequest(demographics=misheard(person), source=f"place/{person.id}/again")
        stub = hospital.stub(identity_pb2_grpc.IdentityStub, "identity")
        with hospital.acting(key=f"place/doubt/{person.id}"):
            await patience.patiently(lambda: stub.RegisterPerson(request, timeout=CALL_SECONDS))


def misheard(person: Person) -> identity_pb2.Demographics:
    """What was understood of somebody who came without papers: the name, and a day of birth with one digit wrong."""
    return identity_pb2.Demographics(
        name=identity_pb2.Name(given=person.given, family=person.family),
        birth_date=slip(person.birth_date).isoformat(),
        gender=person.gender,
    )


def slip(day: datetime.date) -> datetime.date:
    """A day of the same month that differs in the first digit of the day."""
    return day + datetime.timedelta(days=10 if day.day < 19 else -10)
