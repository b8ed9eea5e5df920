"""The Insight service on the wire: each call handed to its query, nothing else."""

from __future__ import annotations

from chassis.rpc import server
from chassis.work import Work
from joinedup.insight.v1 import insight_pb2
from services.insight import queries


async def list_signals(request: insight_pb2.ListSignalsRequest, work: Work) -> insight_pb2.ListSignalsResponse:
    """ListSignals."""
    return await queries.list_signals(work, request)


SERVICES = (server.Service(insight_pb2.DESCRIPTOR.services_by_name["Insight"], handlers={"ListSignals": list_signals}),)
