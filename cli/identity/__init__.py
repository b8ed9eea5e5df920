"""`joinedup identity`: the register of people."""

from __future__ import annotations

import click

from cli import lazy

COMMANDS = {
    "trace": ("cli.identity.trace:trace", "Say whether somebody is registered."),
    "reviews": (
        "cli.identity.reviews:reviews",
        "Pairs of records of which a human has to say whether they are one person.",
    ),
    "review": ("cli.identity.reviews:review", "Look at one pair, and decide."),
}


@click.group(cls=lazy.LazyGroup, lazy=COMMANDS)
def identity() -> None:
    """Ask who somebody is, and look after the register of people."""
