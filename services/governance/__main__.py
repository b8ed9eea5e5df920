"""Runs governance: `python -m services.governance [rpc|consume|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from chassis import process
from chassis.consumer import Consumer
from chassis.rpc import server
from services.governance import consumers, rpc
from services.governance.settings import Settings

GROUP = "governance.consume"


def _rpc(parts: process.Parts) -> process.Role:
    return server.Server(parts.config, parts.database, rpc.SERVICES)


def _consume(parts: process.Parts) -> process.Role:
    return Consumer(parts.config, parts.database, group=GROUP, handlers=consumers.HANDLERS)


SERVICE = process.Service(
    name="governance",
    roles={"rpc": _rpc, "consume": _consume, "relay": process.relaying},
    settings=Settings,
    package="services.governance",
    groups=(GROUP,),
)

if __name__ == "__main__":
    process.main(SERVICE)
