"""Runs the portal: `python -m services.portal [http]`."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx

from chassis import auth, process, web
from chassis.rpc import client
from services.portal import application, clients, directory, live, oidc, sessions, watch
from services.portal.settings import Settings
from services.portal.visit import Portal


@dataclass(frozen=True)
class Pages:
    """The role `http`: the pages, and the reader of events that keeps them live."""

    server: web.WebServer
    watch: watch.Watch
    hub: live.Hub

    @property
    def ready(self) -> bool:
        """Whether pages can be asked for; without Kafka they can, they are only not live."""
        return self.server.ready

    async def run(self, stop: asyncio.Event) -> None:
        """Serve and watch until told to stop; open streams are ended first, since they would never finish."""

        async def end_streams() -> None:
            await stop.wait()
            self.hub.close()

        async with asyncio.TaskGroup() as group:
            group.create_task(self.server.run(stop))
            group.create_task(self.watch.run(stop))
            group.create_task(end_streams())


def portal(config: Settings, channels: client.Channels, outside: httpx.AsyncClient) -> Portal:
    """What the pages need, from the settings."""
    peers = clients.Peers.over(channels)
    redirect_uri = f"{config.public_url.rstrip('/')}/signed-in"
    return Portal(
        config=config,
        peers=peers,
        directory=directory.Directory(peers, config.directory_seconds),
        sessions=sessions.Sessions(config, time.time),
        providers=tuple(oidc.Provider(sign_in, redirect_uri, outside) for sign_in in config.sign_ins()),
        permissions=auth.Permissions.load(Path(config.roles_file)),
        hub=live.Hub(config.live_most),
    )


def _http(parts: process.Parts) -> process.Role:
    config = cast(Settings, parts.config)
    channels = client.Channels(config, auth.Signer.load("portal", Path(config.signing_key)))
    outside = httpx.AsyncClient(follow_redirects=False)
    parts.closing.push_async_callback(channels.close)
    parts.closing.push_async_callback(outside.aclose)
    made = portal(config, channels, outside)
    server = web.WebServer(application.application(made), config.http_bind, config)
    return Pages(server, watch.Watch(config, made.hub), made.hub)


SERVICE = process.Service(name="portal", roles={"http": _http}, settings=Settings)

if __name__ == "__main__":
    process.main(SERVICE)
