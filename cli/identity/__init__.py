"""`joinedup identity`: who is this, and who are these?"""

from __future__ import annotations

import click

from cli import lazy

COMMANDS = {
    "trace": ("cli.identity.trace:trace", "Say who somebody is, or everybody in a CSV file."),
    "load": ("cli.identity.load:load", "Register the people in a CSV file."),
}


@click.group(cls=lazy.LazyGroup, lazy=COMMANDS)
def identity() -> None:
    """Ask who somebody is."""
