"""Many traces on the wire in one call."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.rpc import server
from chassis.work import Work
from joinedup.identity.v1 import bulk_pb2 as pb
from services.identity import queries, tracing, wire


@dataclass(frozen=True, slots=True)
class Tracing:
    """The calls that need the rules of matching."""

    bench: tracing.Bench

    async def trace_people(self, request: pb.TracePeopleRequest, work: Work) -> pb.TracePeopleResponse:
        """TracePeople."""
        stated = [wire.stated(question.demographics) for question in request.questions]
        answers = await queries.trace_many(work, stated, self.bench)
        return pb.TracePeopleResponse(results=map(wire.result, answers))


def service(bench: tracing.Bench) -> server.Service:
    """The service with every handler."""
    return server.Service(
        descriptor=pb.DESCRIPTOR.services_by_name["Bulk"],
        handlers={"TracePeople": Tracing(bench).trace_people},
        searching=frozenset({"TracePeople"}),
    )
