"""`joinedup stack`: the local stack, as `python -m devstack` has it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from cli import exits, output, session
from devstack import paths
from devstack import stack as local


def _root() -> Path:
    return session.root() or paths.STACK


@click.group()
def stack() -> None:
    """Start, watch and stop the local stack: Kafka, PostgreSQL, mail, sign-in and every service."""


@stack.command()
@click.option("--only", multiple=True, help="A part to start; may be given more than once.  [default: all]")
@click.option("--any-ports", is_flag=True, help="Take free ports instead of the documented ones.")
@click.option("--tls", is_flag=True, help="Services speak mutual TLS to each other.")
@output.json_option
def up(only: tuple[str, ...], any_ports: bool, tls: bool, as_json: bool) -> None:
    """Start the stack and return when it is ready; at once when it is."""
    from devstack import __main__ as devstack

    screen = output.screen(stderr=True)
    with screen.status("Starting") as shown:
        ready = local.up(
            _root(), only=only, any_ports=any_ports, tls=tls, progress=lambda told: shown.update(devstack.pending(told))
        )
    if as_json:
        output.as_json(ready.as_dict())
    else:
        output.say(f"[green]✓[/] ready in {ready.seconds:.1f} s")
        output.table("addresses", ("door", "address"), ready.addresses.items())


@stack.command()
@output.json_option
def down(as_json: bool) -> None:
    """Stop the stack; its data stay."""
    stopped = local.down(_root())
    if as_json:
        output.as_json({"stopped": stopped})
    else:
        output.say("stopped" if stopped else "nothing was running")


@stack.command()
@output.json_option
def status(as_json: bool) -> None:
    """What runs, where and with how much memory. Exit code 3 when the stack is not ready."""
    told = local.status(_root())
    if as_json:
        output.as_json(told)
    else:
        columns = ("part", "phase", "pid", "MB", "restarts", "ports")
        output.table(f"stack: {told['phase']}", columns, [_row(name, part) for name, part in told["parts"].items()])
    sys.exit(exits.DONE if told["phase"] == "ready" else exits.AWAY)


def _row(name: str, part: dict[str, Any]) -> tuple[object, ...]:
    ports = " ".join(map(str, part["ports"].values()))
    return name, part["phase"], part["pid"] or "", part["resident_mb"] or "", part["restarts"] or "", ports


@stack.command()
@click.argument("part")
@click.option("--lines", type=click.IntRange(1), default=50, show_default=True)
@click.option("--follow", is_flag=True, help="Go on with each new line.")
@output.json_option
def logs(part: str, lines: int, follow: bool, as_json: bool) -> None:
    """The end of a part's log (`supervisor` has one too)."""
    for line in local.logs(part, _root(), lines=lines, follow=follow):
        if as_json:
            output.line({"part": part, "line": line})
        else:
            click.echo(line)


@stack.command()
@click.argument("part")
@output.json_option
def kill(part: str, as_json: bool) -> None:
    """End a part as a fault would (SIGKILL); it is started again by itself."""
    pid = local.kill(part, _root())
    if as_json:
        output.as_json({"part": part, "killed": pid})
    else:
        output.say(f"{part}: process {pid} was killed and is being started again")


@stack.command()
@click.argument("part")
@output.json_option
def restart(part: str, as_json: bool) -> None:
    """Stop a part gently and wait until it is ready again."""
    fresh = local.restart(part, _root())
    if as_json:
        output.as_json({"part": part, "pid": fresh.pid, "seconds": fresh.seconds})
    else:
        output.say(f"[green]✓[/] {part} is ready again after {fresh.seconds:.1f} s")
