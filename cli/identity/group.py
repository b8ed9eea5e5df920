"""The commands of `joinedup identity`."""

from __future__ import annotations

import click

from cli import lazy

COMMANDS = {
    "trace": ("cli.identity.trace:trace", "Say whether somebody is registered."),
    "link": ("cli.identity.link:link", "Say of everybody in a file who of a register they are. Needs no stack."),
    "dedupe": ("cli.identity.dedupe:dedupe", "Find the records of one person in a file. Needs no stack."),
    "pairs": ("cli.identity.pairs:pairs", "Link two files one to one. Needs no stack."),
    "train": ("cli.identity.train:train", "Train a model of the matcher, on reviewed decisions too. Needs no stack."),
}


@click.group(cls=lazy.LazyGroup, lazy=COMMANDS)
def identity() -> None:
    """Ask who somebody is, one by one or whole files."""
