"""Runs notify: `python -m services.notify [rpc|consume|send|relay|migrate|dead|redrive]`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from chassis import process
from chassis.auth import Signer
from chassis.consumer import Consumer
from chassis.rpc import client, server
from services.notify import consumers, domains, rpc, sender
from services.notify.settings import Settings

GROUP = "notify.consume"


def _rpc(parts: process.Parts) -> process.Role:
    return server.Server(parts.config, parts.database, rpc.SERVICES)


def _consume(parts: process.Parts) -> process.Role:
    return Consumer(parts.config, parts.database, group=GROUP, handlers=consumers.HANDLERS)


def _send(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    channels = client.Channels(config, Signer.load("notify", Path(config.signing_key)))
    parts.closing.push_async_callback(channels.close)
    known = domains.load(Path(config.mail_domains)) if config.mail_domains else domains.load()
    return sender.Sender(config, parts.database, channels, known)


SERVICE = process.Service(
    name="notify",
    roles={"rpc": _rpc, "consume": _consume, "send": _send, "relay": process.relaying},
    settings=Settings,
    package="services.notify",
    groups=(GROUP,),
)

if __name__ == "__main__":
    process.main(SERVICE)
