"""The commands of `joinedup identity`."""

from __future__ import annotations

import click

from cli import lazy

COMMANDS = {
    "trace": ("cli.identity.trace:trace", "Say who somebody is, or everybody in a CSV file."),
    "load": ("cli.identity.load:load", "Register the people in a CSV file."),
    "reviews": (
        "cli.identity.reviews:reviews",
        "Pairs of records of which a human has to say whether they are one person.",
    ),
    "review": ("cli.identity.reviews:review", "Look at one pair, and decide."),
    "merge": ("cli.identity.merges:merge", "Say that two records are one person."),
    "unmerge": ("cli.identity.merges:unmerge", "Take a merge back: they are two people after all."),
    "merges": ("cli.identity.merges:merges", "Who was merged into whom, and what came in since."),
    "since": ("cli.identity.since:since", "What came in while two people were taken for one."),
    "assign": ("cli.identity.since:assign", "Say whose something is that came in then."),
    "link": ("cli.identity.link:link", "Say of everybody in a file who of a register they are. Needs no stack."),
    "dedupe": ("cli.identity.dedupe:dedupe", "Find the records of one person in a file. Needs no stack."),
    "pairs": ("cli.identity.pairs:pairs", "Link two files one to one. Needs no stack."),
    "train": ("cli.identity.train:train", "Train a model of the matcher, on reviewed decisions too. Needs no stack."),
}


@click.group(cls=lazy.LazyGroup, lazy=COMMANDS)
def identity() -> None:
    """Ask who somebody is, one by one or whole files, and look after the register of people."""
