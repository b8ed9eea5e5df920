"""Runs insight: `python -m services.insight [rpc|consume|stream|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from typing import cast

from chassis import process
from chassis.consumer import Consumer
from chassis.rpc import server
from services.insight import rpc
from services.insight.settings import Settings

GROUP = "insight.consume"


def _rpc(parts: process.Parts) -> process.Role:
    return server.Server(parts.config, parts.database, rpc.SERVICES)


def _consume(parts: process.Parts) -> process.Role:
    # Nothing but the frame's own: relationships, agreements and decisions, which answers are decided by.
    return Consumer(parts.config, parts.database, group=GROUP, handlers={})


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
