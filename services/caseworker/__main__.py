"""Runs caseworker: `python -m services.caseworker [rpc|consume|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast

from chassis import process, settings
from chassis.auth import Permissions, Signer
from chassis.consumer import Consumer
from chassis.rpc import client, server
from services.caseworker import assignments, clients, consumers, policy, rpc
from services.caseworker.settings import Settings

GROUP = "caseworker.consume"


def services(config: settings.ServiceSettings, peers: clients.Peers) -> list[server.Service]:
    """All that caseworker serves, calling these peers."""
    oversees = Permissions.load(Path(config.roles_file)).oversees
    read_on = timedelta(days=cast(Settings, config).partners_read_on_days)
    return [*rpc.services(peers, read_on), assignments.service(oversees)]


def _rpc(parts: process.Parts) -> process.Role:
    channels = client.Channels(parts.config, Signer.load("caseworker", Path(parts.config.signing_key)))
    parts.closing.push_async_callback(channels.close)
    served = services(parts.config, clients.Peers.over(channels))
    return server.Server(parts.config, parts.database, served, policy.answers())


def _consume(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    handlers = consumers.handlers(timedelta(hours=config.alert_within_hours))
    return Consumer(config, parts.database, group=GROUP, handlers=handlers)


SERVICE = process.Service(
    name="caseworker",
    roles={"rpc": _rpc, "consume": _consume, "relay": process.relaying},
    settings=Settings,
    package="services.caseworker",
    groups=(GROUP,),
)

if __name__ == "__main__":
    process.main(SERVICE)
