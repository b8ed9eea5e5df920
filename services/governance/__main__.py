"""Runs governance: `python -m services.governance [rpc|consume|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from chassis import process
from chassis.auth import Permissions
from chassis.consumer import Consumer
from chassis.rpc import server
from services.governance import assignments, consumers, rpc
from services.governance.settings import Settings

GROUP = "governance.consume"


def services(config: Settings) -> list[server.Service]:
    """All that governance serves."""
    return [*rpc.SERVICES, assignments.service(Permissions.load(Path(config.roles_file)).oversees)]


def _rpc(parts: process.Parts) -> process.Role:
    return server.Server(parts.config, parts.database, services(cast(Settings, parts.config)))


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
