"""The Gateway service on the wire: each call handed to its command, nothing else."""

from __future__ import annotations

import functools

from chassis.rpc import server
from chassis.rpc.pipeline import RpcHandler
from chassis.work import Work
from joinedup.gateway.v1 import gateway_pb2
from services.gateway import clients, encounters


async def record_encounters(
    peers: clients.Peers, request: gateway_pb2.RecordEncountersRequest, work: Work
) -> gateway_pb2.RecordEncountersResponse:
    """RecordEncounters."""
    return await encounters.record(work, peers, request.encounters)


def services(peers: clients.Peers) -> tuple[server.Service, ...]:
    """What the gateway serves by gRPC, calling these peers."""
    handlers: dict[str, RpcHandler] = {"RecordEncounters": functools.partial(record_encounters, peers)}
    return (server.Service(gateway_pb2.DESCRIPTOR.services_by_name["Gateway"], handlers),)
