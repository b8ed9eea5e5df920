"""People on the wire: each call handed to its command or query, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.rpc import server
from chassis.work import Work
from joinedup.identity.v1 import identity_pb2 as pb
from services.identity import commands, queries, tracing, wire


@dataclass(frozen=True, slots=True)
class Tracing:
    """The calls that need the rules of matching."""

    bench: tracing.Bench

    async def trace_person(self, request: pb.TracePersonRequest, work: Work) -> pb.TracePersonResponse:
        """TracePerson."""
        return wire.traced(*await queries.trace(work, wire.stated(request.demographics), self.bench))

    async def register_person(self, request: pb.RegisterPersonRequest, work: Work) -> pb.RegisterPersonResponse:
        """RegisterPerson."""
        registered = await commands.register(work, wire.stated(request.demographics), request.source, self.bench)
        return pb.RegisterPersonResponse(
            person_id=registered.person.id,
            version=registered.person.version,
            outcome=wire.OUTCOMES[registered.outcome],
            verification_status=registered.person.verification.value,
        )


async def get_person(request: pb.GetPersonRequest, work: Work) -> pb.Person:
    """GetPerson."""
    found = await queries.person(work, request.person_id)
    return wire.person(found, (await queries.died(work, [found.id])).get(found.id, ""))


async def get_people(request: pb.GetPeopleRequest, work: Work) -> pb.GetPeopleResponse:
    """GetPeople."""
    found = await queries.people(work, request.person_ids)
    died = await queries.died(work, [one.id for one in found])
    return pb.GetPeopleResponse(people=[wire.person(one, died.get(one.id, "")) for one in found])


def service(bench: tracing.Bench) -> server.Service:
    """The service with every handler."""
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Identity"],
        handlers={
            "TracePerson": Tracing(bench).trace_person,
            "RegisterPerson": Tracing(bench).register_person,
            "GetPerson": get_person,
            "GetPeople": get_people,
        },
        searching=frozenset({"TracePerson", "RegisterPerson"}),
    )
