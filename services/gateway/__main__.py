"""Runs the gateway: `python -m services.gateway [http|rpc|consume|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from chassis import auth, process, web
from chassis.consumer import Consumer
from chassis.rpc import client, server
from services.gateway import bars, clients, consumers, door, fhir, rpc
from services.gateway.messages import Intake
from services.gateway.settings import Settings

GROUP = "gateway.consume"


def _peers(parts: process.Parts) -> clients.Peers:
    channels = client.Channels(parts.config, auth.Signer.load("gateway", Path(parts.config.signing_key)))
    parts.closing.push_async_callback(channels.close)
    return clients.Peers.over(channels)


def _http(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    bars.prepare()
    opened = door.Door(
        intake=Intake(parts.database, _peers(parts), config.team_kind, fhir.Limits()),
        verifier=auth.Verifier(config.service, Path(config.trusted_keys)),
        permissions=auth.Permissions.load(Path(config.roles_file)),
        message_bytes=config.message_bytes,
    )
    return web.WebServer(door.application(opened), config.http_bind, config)


def _rpc(parts: process.Parts) -> process.Role:
    return server.Server(parts.config, parts.database, rpc.services(_peers(parts)))


def _consume(parts: process.Parts) -> process.Role:
    return Consumer(parts.config, parts.database, group=GROUP, handlers=consumers.HANDLERS)


SERVICE = process.Service(
    name="gateway",
    roles={"http": _http, "rpc": _rpc, "consume": _consume, "relay": process.relaying},
    settings=Settings,
    package="services.gateway",
    groups=(GROUP,),
)

if __name__ == "__main__":
    process.main(SERVICE)
