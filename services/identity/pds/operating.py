"""What an operator does about traces that failed: list them, and have them asked again.

`python -m services.identity traces` and `retrace`, beside the commands that every service has.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import click
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import auth, command_line, db, errors, process, work
from services.identity.store import traces

_MOST_LISTED = 1_000


def command(service: process.Service) -> click.Group:
    """The command line of the service with these two added."""
    group = command_line.build(service)

    @group.command("traces", help="List traces at the PDS that are parked or failed, one JSON object a line.")
    def listing() -> None:
        async def read(session: AsyncSession, _now: datetime) -> list[dict[str, Any]]:
            return await traces.troubled(session, most=_MOST_LISTED)

        for row in _run(service, read):
            click.echo(json.dumps(row, default=str))

    @group.command("retrace", help="Have parked traces asked again: those of the people named, or all.")
    @click.option("--id", "ids", multiple=True, help="Person whose trace to send again; may be given more than once.")
    def again(ids: tuple[str, ...]) -> None:
        async def send(session: AsyncSession, now: datetime) -> list[str]:
            return await traces.send_again(session, ids, now=now)

        click.echo(f"asked again about {len(_run(service, send))}")

    return group


def _run(service: process.Service, act: Callable[[AsyncSession, datetime], Awaitable[Any]]) -> Any:
    async def inside() -> Any:
        database = db.Database.of(service.configured())
        try:
            async with work.unit(database, auth.service_actor(service.name), service=service.name) as unit:
                return await act(unit.session, unit.now)
        finally:
            await database.close()

    try:
        return asyncio.run(inside())
    except errors.Failure as failure:
        raise click.ClickException(f"{type(failure).__name__}: {failure}") from failure
