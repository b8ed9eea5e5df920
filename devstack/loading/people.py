"""Registers the place's people at identity, each in the name of the practice where they are registered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from chassis.auth import Sector
from cli import target
from devstack.loading import directory, patience, record
from devstack.place import encounters
from devstack.place.people import Person
from devstack.place.place import Place
from joinedup.identity.v1 import identity_pb2, identity_pb2_grpc

AT_ONCE = 8
CALL_SECONDS = 30.0


async def register(
    house: target.House, place: Place, known: record.Record, done: Callable[[], None], save: Callable[[], None]
) -> int:
    """Register everybody who is not in the record yet; how many that were.

    `done` is called after each person, `save` now and then. Raises what RegisterPerson does.
    """
    waiting = (person for person in place.people() if person.id not in known.people)
    before = len(known.people)
    await patience.together(*(_work(house, place, known, waiting, done, save) for _ in range(AT_ONCE)))
    return len(known.people) - before


async def _work(
    house: target.House,
    place: Place,
    known: record.Record,
    waiting: Iterator[Person],
    done: Callable[[], None],
    save: Callable[[], None],
) -> None:
    for person in waiting:
        known.people[person.id] = await _register(house, place, person)
        done()
        if len(known.people) % 1_000 == 0:
            save()


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
