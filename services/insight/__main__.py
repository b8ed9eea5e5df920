"""Runs insight: `python -m services.insight [rpc|consume|stream|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from typing import cast

from chassis import process
from chassis.consumer import Consumer
from chassis.disclosure.answers import Answers
from chassis.rpc import server
from joinedup.common.v1 import common_pb2
from services.insight import consumers, rpc
from services.insight.settings import Settings

GROUP = "insight.consume"


def _rpc(parts: process.Parts) -> process.Role:
    # As at caseworker: whoever merely referred somebody learns nothing of how often they are in crisis.
    referrers = Answers(disregards=frozenset({common_pb2.RELATIONSHIP_KIND_REFERRER}))
    return server.Server(parts.config, parts.database, rpc.SERVICES, referrers)


def _consume(parts: process.Parts) -> process.Role:
    handlers = consumers.handlers(cast(Settings, parts.config).rule)
    return Consumer(parts.config, parts.database, group=GROUP, handlers=handlers)


def _stream(parts: process.Parts) -> process.Role:
    # Faust is a large library; only the role that uses it pays for it.
    from services.insight.stream import Stream

    return Stream(cast(Settings, parts.config), parts.database)


SERVICE = process.Service(
    name="insight",
    roles={"rpc": _rpc, "consume": _consume, "stream": _stream, "relay": process.relaying},
    settings=Settings,
    package="services.insight",
    groups=(GROUP, "insight.count"),
)

if __name__ == "__main__":
    process.main(SERVICE)
