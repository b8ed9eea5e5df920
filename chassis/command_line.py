"""The command line that every service has: its roles, its migrations, and its dead letters."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import click

from chassis import errors, process


def build(service: process.Service) -> click.Group:
    """The command `python -m services.<name>` of a service."""
    roles = ", ".join(service.roles)

    @click.group(
        chain=True,
        invoke_without_command=True,
        help=f"Run {service.name}: all of its roles ({roles}) in one process, or those named.",
        subcommand_metavar="[ROLE]... | migrate | dead | redrive",
    )
    def command() -> None:
        pass

    @command.result_callback()
    def finish(named: Sequence[str | None]) -> None:
        if not named or any(named):
            sys.exit(process.start(service, [name for name in named if name]))

    for name in service.roles:
        command.command(name, help=f"Run the role {name}.")(_naming(name))
    if service.package:
        command.command("migrate", help="Bring the database to the newest revision.")(_migrating(service))
    if service.groups:
        _add_dead_letters(command, service)
    return command


def _naming(name: str) -> Callable[[], str]:
    return lambda: name


def _migrating(service: process.Service) -> Callable[[], None]:
    def migrate() -> None:
        from chassis import migrations

        _reporting(migrations.migrate(service.configured(), service.package))

    return migrate


def _add_dead_letters(command: click.Group, service: process.Service) -> None:
    group = click.option("--group", default=service.groups[0], show_default=True, help="Consumer group.")

    @command.command(help="List dead letters, one JSON object a line.")
    @group
    def dead(group: str) -> None:
        from chassis import deadletter

        for letter in _reporting(deadletter.read(service.configured(), group)):
            click.echo(json.dumps(deadletter.summary(letter)))

    @command.command(help="Send dead letters back: those named, or all that were not sent back yet.")
    @group
    @click.option("--id", "ids", multiple=True, help="Dead letter to send back; may be given more than once.")
    def redrive(group: str, ids: tuple[str, ...]) -> None:
        from chassis import deadletter

        sent = _reporting(deadletter.redrive(service.configured(), group, ids or None))
        click.echo(f"sent back {len(sent)}")


def _reporting(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return asyncio.run(work)
    except errors.Failure as failure:
        raise click.ClickException(f"{type(failure).__name__}: {failure}") from failure
